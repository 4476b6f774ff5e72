"""A second factor is changed, switched off, lost and taken away; and what of it lies in the database."""

import json
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core import mail, serializers
from django.core.management import CommandError, call_command
from django.urls import reverse

from contributions.leaving import farewell
from openempathic.accounts.second_factor import adapter
from openempathic.audit.models import AuditEvent
from tests.second_factors import PASSWORD, SHOWN, Clock, acts, code_of, secret_shown, set_up, sign_in, told


@pytest.fixture(autouse=True)
def _required(settings):
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_the_codes_are_shown_once(milo):
    browser, _secret, kept = set_up(milo)
    page = told(browser.get(reverse("mfa_view_recovery_codes")))

    assert not SHOWN.findall(page)
    assert not any(code in page for code in kept)
    assert browser.get(reverse("mfa_download_recovery_codes")).status_code == 403
    assert "no-store" in browser.get(reverse("mfa_view_recovery_codes")).headers["Cache-Control"]


def test_new_codes_end_the_old_ones(milo):
    browser, _secret, old = set_up(milo)
    new = SHOWN.findall(told(browser.post(reverse("mfa_generate_recovery_codes"), follow=True)))
    assert len(set(new) - set(old)) == 10

    again, way = sign_in(milo)
    assert again.post(way, {"code": old[0]}).status_code == 200
    assert again.post(way, {"code": new[0]}).status_code == 302


@pytest.mark.parametrize("door", ["mfa_deactivate_totp", "mfa_generate_recovery_codes", "mfa_view_recovery_codes"])
def test_the_password_alone_weakens_nothing(milo, door):
    thief, _way = sign_in(milo)
    set_up(milo)
    thief.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    for ask in (thief.get, thief.post):
        answer = ask(reverse(door))
        assert answer.status_code == 405 or answer.headers["Location"].startswith(reverse("mfa_reauthenticate"))
    assert Authenticator.objects.filter(user=milo).count() == 2


def test_milo_changes_to_another_phone(milo, clock):
    browser, secret, _codes = set_up(milo)
    session = browser.session
    session["account_authentication_methods"] = [
        {**each, "at": each["at"] - 400} for each in session["account_authentication_methods"]
    ]
    session.save()
    assert browser.post(reverse("mfa_deactivate_totp")).headers["Location"].startswith(reverse("mfa_reauthenticate"))
    clock.turn(60)
    browser.post(reverse("mfa_reauthenticate"), {"code": code_of(secret), "next": reverse("mfa_deactivate_totp")})

    assert browser.post(reverse("mfa_deactivate_totp")).headers["Location"] == reverse("mfa_index")
    assert not Authenticator.objects.exists()
    assert browser.get(reverse("moderate")).headers["Location"] == reverse("mfa_activate_totp")
    new = secret_shown(browser)
    assert new != secret
    browser.post(reverse("mfa_activate_totp"), {"code": code_of(new)})
    assert browser.get(reverse("moderate")).status_code == 200


def test_the_owner_is_written_to(milo, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        browser, _secret, _codes = set_up(milo)
        browser.post(reverse("mfa_deactivate_totp"))

    assert [(message.to, message.subject) for message in mail.outbox] == [
        ([milo.email], "A second factor protects your account now"),
        ([milo.email], "Your second factor was switched off"),
    ]


# What is kept.


def test_no_secret_and_no_code_lies_open_in_any_row(milo):
    browser, _way = sign_in(milo)
    waiting = secret_shown(browser)
    assert waiting not in json.dumps([row.get_decoded() for row in Session.objects.all()])

    answer = browser.post(reverse("mfa_activate_totp"), {"code": code_of(waiting)}, follow=True)
    shown = SHOWN.findall(told(answer))
    seed = adapter.opened(Authenticator.objects.get(type="recovery_codes").data["seed"])
    rows = serializers.serialize("json", [*Authenticator.objects.all(), *AuditEvent.objects.all()])
    sessions = json.dumps([row.get_decoded() for row in Session.objects.all()])

    assert adapter.opened(Authenticator.objects.get(type="totp").data["secret"]) == waiting
    assert shown
    for word in (waiting, seed, *shown):
        assert word not in rows
        assert word not in sessions


def test_the_rows_open_with_this_sites_key_and_no_other(milo, settings):
    _browser, secret, _codes = set_up(milo)
    settings.SIGNING_KEY = "another site's"
    browser, way = sign_in(milo)

    assert "Its operator can help" in told(browser.post(way, {"code": code_of(secret)}))
    assert "_auth_user_id" not in browser.session


def test_the_log_says_what_happened_to_whom_and_by_whom(milo):
    browser, _secret, _codes = set_up(milo)
    browser.post(reverse("mfa_deactivate_totp"))

    events = AuditEvent.objects.filter(act__startswith="second_factor").order_by("pk")
    assert [(event.act.partition(".")[2], event.facts["kind"], event.actor_id) for event in events] == [
        ("set_up", "totp", milo.pk),
        ("set_up", "recovery_codes", milo.pk),
        ("switched_off", "totp", milo.pk),
        ("switched_off", "recovery_codes", milo.pk),
    ]


# The operator.


def test_the_operator_helps_who_has_lost_both(milo):
    before, _secret, _codes = set_up(milo)
    call_command("reset_mfa", "Milo@Example.org", stdout=StringIO())

    assert not Authenticator.objects.exists()
    assert acts()[-1] == "second_factor.reset"
    assert AuditEvent.objects.last().agent == "operator"
    # What a session has shown is gone with it.
    assert before.get(reverse("moderate")).headers["Location"] == reverse("mfa_activate_totp")
    browser, _secret, _codes = set_up(milo)
    assert browser.get(reverse("moderate")).status_code == 200


@pytest.mark.parametrize(("email", "why"), [("nobody@example.org", "No account"), ("milo@example.org", "no second")])
def test_the_operator_is_told_when_there_is_nothing_to_take(milo, email, why):
    with pytest.raises(CommandError, match=why):
        call_command("reset_mfa", email)

    assert acts() == []


def test_a_deleted_account_leaves_no_second_factor_and_gets_no_mail(milo, cleo, django_capture_on_commit_callbacks):
    set_up(milo)
    with django_capture_on_commit_callbacks(execute=True):
        farewell.delete_account(milo, locale="en")

    assert not Authenticator.objects.exists()
    assert mail.outbox == []
