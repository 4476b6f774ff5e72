"""Vera makes a token for her program: shown once, kept as a digest, ended when she says so or its time is over."""

import json
import logging
import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core import serializers
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from contributions.leaving import farewell
from openempathic.accounts import tokens
from openempathic.accounts.models import ApiToken, Scope
from openempathic.audit.models import AuditEvent

WORD = re.compile(r"oe_[A-Za-z0-9_-]{43}")


def made(person, *scopes, days=30):
    return tokens.make(name="archive script", scopes=scopes or Scope.values, days=days, by=person)


def ask(client, word):
    return client.get(reverse("api:me"), headers={"Authorization": f"Bearer {word}"})


def test_a_token_speaks_for_its_maker(client, vera):
    token, word = made(vera)
    answer = ask(client, word)

    assert answer.status_code == 200
    assert answer.json()["token"]["name"] == token.name
    assert [voice["id"] for voice in answer.json()["voices"]] == [str(vera.contributor.pk)]


@pytest.mark.parametrize(
    ("what_happens", "code"),
    [
        (lambda token: tokens.revoke(token, by=token.owner), "token_revoked"),
        (lambda token: ApiToken.objects.update(expires_at=timezone.now()), "token_expired"),
        (lambda token: type(token.owner).objects.update(is_active=False), "account_inactive"),
        (lambda token: farewell.delete_account(token.owner, locale="en"), "token_unknown"),
        (lambda token: token.delete(), "token_unknown"),
    ],
)
def test_a_token_that_has_ended_opens_nothing_and_says_why(client, vera, what_happens, code):
    token, word = made(vera)
    assert ask(client, word).status_code == 200
    what_happens(token)
    answer = ask(client, word)

    assert answer.status_code == 401
    assert answer.json()["code"] == code
    assert answer.json()["message"]
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Open Empathic"'


@pytest.mark.parametrize("word", ["", "oe_", "oe_" + "A" * 43, "password", "ö" * 20])
def test_a_word_of_ones_own_making_opens_nothing(client, vera, word):
    made(vera)

    assert ask(client, word).status_code == 401


def test_a_session_does_not_help_a_bad_token(client, vera):
    client.force_login(vera)

    assert ask(client, "oe_wrong").status_code == 401


def test_a_stranger_is_told_to_bring_a_token(client, db):
    answer = client.get(reverse("api:me"))

    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_refusals_come_in_the_readers_language(client, vera):
    in_spanish = {"Authorization": "Bearer oe_wrong", "Accept-Language": "es"}
    answer = client.get(reverse("api:me"), headers=in_spanish)

    assert answer.json()["message"] == "Aquí no conocemos este token."


def test_making_and_revoking_are_in_the_log_without_the_word(vera):
    token, word = made(vera, Scope.CLIPS_READ)
    tokens.revoke(token, by=vera)
    tokens.revoke(token, by=vera)
    acts = AuditEvent.objects.filter(subject_id=str(token.pk)).order_by("pk")

    assert [act.act for act in acts] == ["token.made", "token.revoked"]
    assert acts[0].facts == {"scopes": ["clips:read"], "days": 30}
    assert word not in serializers.serialize("json", acts)


@pytest.mark.parametrize(
    ("scopes", "days"), [([], 30), (["everything"], 30), (["clips:read", "everything"], 30), (["clips:read"], 3650)]
)
def test_a_token_without_bounds_is_not_made(vera, scopes, days):
    with pytest.raises(tokens.NotMakeable):
        tokens.make(name="x", scopes=scopes, days=days, by=vera)
    assert not ApiToken.objects.exists()


def test_nobody_piles_up_tokens(vera, monkeypatch):
    monkeypatch.setattr(tokens, "STANDING_MAX", 2)
    first, _word = made(vera)
    made(vera)
    with pytest.raises(tokens.NotMakeable):
        made(vera)
    tokens.revoke(first, by=vera)

    made(vera)


def test_the_day_of_use_is_written_once_a_day(vera):
    token, _word = made(vera)
    noon = timezone.now()
    tokens.used(token, at=noon)
    token.refresh_from_db()
    assert token.last_used_date == noon.date()

    tokens.used(token, at=noon - timedelta(days=3))
    token.refresh_from_db()
    assert token.last_used_date == noon.date()


def test_so_many_requests_a_minute_and_no_more(client, vera, monkeypatch):
    from contributions.api.scopes import TokenThrottle

    monkeypatch.setattr(TokenThrottle, "rate", "2/min", raising=False)
    _token, word = made(vera)
    answers = [ask(client, word) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["code"] == "throttled"
    assert int(answers[-1].headers["Retry-After"]) > 0


@pytest.fixture
def vera_client(client, vera):
    client.force_login(vera)
    return client


def asked(**fields):
    return {"name": "archive script", "scopes": ["clips:read", "export"], "days": "90"} | fields


def test_vera_makes_a_token_on_her_page_and_sees_it_once(vera_client, vera):
    page = reverse("tokens")
    answer = vera_client.post(page, asked())
    token = ApiToken.objects.get()

    assert len(WORD.findall(answer.content.decode())) == 1
    assert "no-store" in answer.headers["Cache-Control"]
    assert (token.owner, token.scopes) == (vera, ["clips:read", "export"])
    assert token.expires_at.date() == (timezone.now() + timedelta(days=90)).date()
    assert "archive script" in vera_client.get(page).content.decode()
    assert WORD.search(vera_client.get(page).content.decode()) is None


def test_no_scope_is_ticked_beforehand(vera_client):
    page = vera_client.get(reverse("tokens")).content.decode()

    assert page.count('type="checkbox"') == len(Scope)
    assert "checked" not in page


@pytest.mark.parametrize("wrong", [{"scopes": []}, {"scopes": ["everything"]}, {"days": "3650"}, {"name": ""}])
def test_a_form_filled_in_wrongly_makes_nothing(vera_client, wrong):
    answer = vera_client.post(reverse("tokens"), asked(**wrong))

    assert "errorlist" in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_one_click_revokes_and_otto_cannot(vera_client, vera, otto, client):
    token, word = made(vera)
    address = reverse("token-revocation", args=[token.pk])
    client.force_login(otto)
    assert client.post(address).status_code == 404
    client.force_login(vera)

    assert client.post(address).status_code == 302
    client.logout()
    assert ask(client, word).json()["code"] == "token_revoked"


def test_the_word_is_nowhere_in_the_database_and_in_no_log(vera_client, caplog):
    caplog.set_level(logging.DEBUG)
    (word,) = WORD.findall(vera_client.post(reverse("tokens"), asked()).content.decode())
    ask(vera_client, word)
    ask(vera_client, word + "x")

    assert word not in caplog.text
    assert word not in everything_kept()
    assert all(word not in json.dumps(session.get_decoded()) for session in Session.objects.all())


def everything_kept() -> str:
    """Every row of every table as text."""
    kept = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            kept += [str(row) for row in cursor.fetchall()]
    return "\n".join(kept)
