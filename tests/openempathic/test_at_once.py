"""Limits under many at once: exactly so many pass, on SQLite here and on PostgreSQL in test_postgres.py."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.auth_backends import AuthenticationBackend
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from contributions import intake
from contributions.leaving import exports
from contributions.models import Clip
from contributions.trying.turns import Turns
from openempathic import storage
from openempathic.accounts import adapter, limits
from openempathic.accounts.second_factor import codes
from tests import worlds

pytestmark = pytest.mark.django_db(transaction=True)
WRONG_SIGN_INS, THREADS = 50, 64
FEW = 7


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What each of so many threads got that began together: a value, or the exception's type."""
    gate = threading.Barrier(count)

    def one(number: int) -> Any:
        gate.wait()
        try:
            return act(number)
        except Exception as fault:
            return type(fault)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(one, range(count)))


@pytest.fixture
def looked_at(monkeypatch):
    """Every password that came as far as the check."""
    seen = []
    check = AuthenticationBackend.authenticate

    def checks(self, request, **credentials):
        seen.append(credentials)
        return check(self, request, **credentials)

    monkeypatch.setattr(AuthenticationBackend, "authenticate", checks)
    return seen


def wrong_sign_ins(*, account: str, address: str) -> list[Any]:
    """What came of fifty sign-ins at once, as the form asks for them; account and address may hold a number."""

    def sign_in(number):
        request = RequestFactory().post(reverse("account_login"), REMOTE_ADDR=address.format(number))
        guess = {"email": account.format(number), "password": f"guess {number}"}
        return adapter.AccountAdapter(request).authenticate(request, **guess)

    return at_once(WRONG_SIGN_INS, sign_in)


def test_of_fifty_wrong_sign_ins_at_one_account_exactly_the_limit_is_looked_at(otto, looked_at):
    got = wrong_sign_ins(account=otto.email, address="198.51.100.7")

    assert len(looked_at) == adapter.PAIR.count
    assert (got.count(None), got.count(ValidationError)) == (adapter.PAIR.count, WRONG_SIGN_INS - adapter.PAIR.count)


def test_of_fifty_from_one_address_at_fifty_accounts_too(otto, looked_at, monkeypatch):
    monkeypatch.setattr(adapter, "ADDRESS", limits.Limit("few", count=FEW, seconds=3600))
    wrong_sign_ins(account="nobody-{}@example.org", address="198.51.100.7")

    assert len(looked_at) == FEW


def test_of_fifty_from_fifty_addresses_at_one_account_too(otto, looked_at, monkeypatch):
    monkeypatch.setattr(adapter, "ACCOUNT", limits.Limit("few", count=FEW, seconds=3600))
    wrong_sign_ins(account=otto.email, address="198.51.100.{}")

    assert len(looked_at) == FEW


def test_of_sixty_four_codes_exactly_the_limit_is_looked_at(milo):
    now = timezone.now()
    got = at_once(THREADS, lambda _number: codes.count_try(milo, at=now))

    assert (got.count(None), got.count(codes.TooManyTries)) == (codes.TRIES, THREADS - codes.TRIES)


def test_of_sixty_four_clips_exactly_the_days_quota_is_kept_and_no_bytes_of_the_others(vera, settings, tmp_path):
    settings.CLIPS_PER_DAY = FEW
    voice = vera.contributor
    got = at_once(THREADS, lambda number: worlds.stored_clip(vera, sound=b"RIFF" + bytes([number]) * 50) and "kept")

    assert (got.count("kept"), got.count(intake.QuotaSpent)) == (FEW, THREADS - FEW)
    assert voice.clips.count() == FEW
    assert {key.split("/")[1] for key in storage.keys("clips/")} == {
        str(pk) for pk in Clip.objects.values_list("pk", flat=True)
    }


def test_of_sixty_four_archives_exactly_the_days_are_made(vera, settings):
    settings.EXPORTS_PER_DAY = FEW
    got = at_once(THREADS, lambda _number: exports.export(vera.contributor, by=vera).close())

    assert (got.count(None), got.count(exports.TooManyExports)) == (FEW, THREADS - FEW)


def test_of_sixty_four_tries_of_one_browser_exactly_the_hours_are_heard():
    turns, visitor = Turns(an_hour=FEW), str(uuid4())

    assert at_once(THREADS, lambda _number: turns.take(visitor)).count(True) == FEW
