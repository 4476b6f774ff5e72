"""Vera's program lists, hears and withdraws her clips; a guest's browser does the same with a session."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contributions.api.views import NewestFirst
from contributions.consenting import consent, guests, voices
from contributions.models import Clip, Purpose
from openempathic.accounts import tokens
from openempathic.accounts.models import Scope
from openempathic.audit.models import AuditEvent
from tests import worlds


class Program:
    """A person's own program: it holds a token, and no cookie."""

    def __init__(self, person, **headers):
        _token, word = tokens.make(name="program", scopes=Scope.values, days=30, by=person)
        self.headers = {"Authorization": f"Bearer {word}"} | headers
        self.browser = Client()

    def ask(self, method, door, *args, query=None, **headers):
        address = reverse(f"api:{door}", args=args, query=query)
        return self.browser.generic(method, address, headers=self.headers | headers)


@pytest.fixture
def program(vera):
    return Program(vera)


def test_the_list_tells_everything_of_a_clip_newest_first(program, vera, milo):
    older = worlds.accepted_clip(vera, by=milo)
    newer = worlds.stored_clip(vera)
    told = program.ask("GET", "clips").json()["results"]

    assert [each["id"] for each in told] == [str(newer.pk), str(older.pk)]
    assert told[1]["status"] == "ACCEPTED"
    assert told[1]["heard"] == [{"emotion": "anger", "listeners": 1}]
    assert told[1]["sha256"] == older.sha256
    assert told[1]["voice"] == str(vera.contributor.pk)
    assert (told[0]["heard"], told[0]["is_final"], told[0]["duration_seconds"]) == ([], False, None)


def test_what_listeners_heard_is_not_told_before_they_agree(program, vera, milo, settings):
    settings.RATINGS_REQUIRED = 2
    clip = worlds.screened_clip(vera)
    worlds.rated(clip, by=milo)

    assert program.ask("GET", "clip", clip.pk).json()["heard"] == []


def test_page_by_page_every_clip_comes_once_though_more_come_in(program, vera, monkeypatch):
    monkeypatch.setattr(NewestFirst, "page_size", 2)
    clips = {str(worlds.stored_clip(vera).pk) for _ in range(5)}
    first = program.ask("GET", "clips").json()
    worlds.stored_clip(vera)
    found, address = [each["id"] for each in first["results"]], first["next"]
    while address:
        page = program.browser.get(address, headers=program.headers).json()
        found += [each["id"] for each in page["results"]]
        address = page["next"]

    assert len(found) == 5
    assert set(found) == clips


def test_a_long_list_asks_the_database_no_more_than_a_short_one(program, vera, django_assert_num_queries):
    worlds.stored_clip(vera)
    program.ask("GET", "clips")
    with CaptureQueriesContext(connection) as short:
        program.ask("GET", "clips")
    for _ in range(4):
        worlds.stored_clip(vera)

    with django_assert_num_queries(len(short)):
        assert len(program.ask("GET", "clips").json()["results"]) == 5


def test_the_list_is_narrowed_by_status(program, vera):
    stored, screened = worlds.stored_clip(vera), worlds.screened_clip(vera)

    def listed(status):
        return [each["id"] for each in program.ask("GET", "clips", query={"status": status}).json()["results"]]

    assert listed("STORED") == [str(stored.pk)]
    assert listed("IN_REVIEW") == [str(screened.pk)]
    refused = program.ask("GET", "clips", query={"status": "LOST"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
    assert "LOST" in refused.json()["message"]


def test_a_withdrawal_that_is_sent_again_gets_the_same_answer_and_happens_once(program, vera):
    clip = worlds.screened_clip(vera)
    answers = [program.ask("DELETE", "clip", clip.pk) for _ in range(2)]
    clip.refresh_from_db()

    assert [answer.status_code for answer in answers] == [204, 204]
    assert clip.status == Clip.Status.WITHDRAWN
    assert AuditEvent.objects.filter(subject_id=str(clip.pk), act="clip.withdrawn").count() == 1
    assert program.ask("GET", "clip-sound", clip.pk).status_code == 404
    assert program.ask("GET", "clip", clip.pk).json()["status"] == "WITHDRAWN"


def test_everything_goes_only_when_that_is_said(program, vera):
    clips = [worlds.stored_clip(vera) for _ in range(2)]
    for query in ({}, {"confirm": ""}, {"confirm": "yes"}):
        refused = program.ask("DELETE", "clips", query=query)
        assert (refused.status_code, refused.json()["code"]) == (400, "not_confirmed")
    assert Clip.objects.live().count() == 2

    assert program.ask("DELETE", "clips", query={"confirm": "all"}).json() == {"withdrawn": 2}
    assert program.ask("DELETE", "clips", query={"confirm": "all"}).json() == {"withdrawn": 0}
    assert not Clip.objects.live().filter(pk__in=[clip.pk for clip in clips]).exists()


def test_sound_comes_whole_or_in_part_and_is_never_kept_by_anybody(program, vera):
    clip = worlds.screened_clip(vera)
    whole = program.ask("GET", "clip-sound", clip.pk, Accept="audio/flac")
    sound = b"".join(whole.streaming_content)
    part = program.ask("GET", "clip-sound", clip.pk, Range="bytes=4-9")

    assert (whole.status_code, sound[:4], whole.headers["Content-Type"]) == (200, b"fLaC", "audio/flac")
    assert "no-store" in whole.headers["Cache-Control"]
    assert (part.status_code, b"".join(part.streaming_content)) == (206, sound[4:10])
    assert program.ask("GET", "clip-sound", clip.pk, Range=f"bytes={len(sound)}-").status_code == 416


def test_a_moderators_token_does_not_open_the_clips_of_their_turns(vera, milo):
    clip = worlds.screened_clip(vera)
    worlds.rated(clip, by=milo)

    assert Program(milo).ask("GET", "clip-sound", clip.pk).status_code == 404


@pytest.mark.parametrize(
    ("method", "door", "args", "status", "code"),
    [
        ("GET", "clip", [uuid.uuid4()], 404, "not_found"),
        ("DELETE", "clip", [uuid.uuid4()], 404, "not_found"),
        ("POST", "clips", [], 405, "method_not_allowed"),
        ("OPTIONS", "clips", [], 405, "method_not_allowed"),
        ("GET", "nothing", ["clips/not-a-number/"], 404, "not_found"),
        ("GET", "nothing", ["nowhere"], 404, "not_found"),
    ],
)
def test_every_refusal_has_a_code_and_a_sentence_in_the_readers_language(vera, method, door, args, status, code):
    english = Program(vera).ask(method, door, *args)
    arabic = Program(vera, **{"Accept-Language": "ar"}).ask(method, door, *args)

    assert (english.status_code, english.json()["code"]) == (status, code)
    assert english.json().keys() == {"code", "message"}
    assert english.json()["message"] != arabic.json()["message"]
    assert "no-store" in english.headers["Cache-Control"]


def test_a_lost_session_and_a_missing_proof_have_codes_of_their_own(vera):
    strict = Client(enforce_csrf_checks=True)
    assert strict.delete(reverse("api:clip", args=[uuid.uuid4()])).json()["code"] == "not_authenticated"
    strict.force_login(vera)
    refused = strict.delete(reverse("api:clip", args=[uuid.uuid4()]))

    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")


@pytest.fixture
def guest(_stocked):
    voice = guests.welcome()
    consent.decide(
        voice,
        given={Purpose.STORE_AND_REVIEW},
        shown=consent.texts("en"),
        locale="en",
        is_adult=True,
        by=voice.actor,
    )
    return voice


@pytest.fixture
def guest_browser(guest):
    browser = Client()
    session = browser.session
    guests.enter(session, guest)
    session.save()
    browser.cookies["sessionid"] = session.session_key
    return browser


def test_a_guests_browser_has_every_scope_for_the_guests_own_clips(guest_browser, guest, vera):
    me = guest_browser.get(reverse("api:me")).json()
    assert me == {"is_guest": True, "voices": me["voices"], "token": None}
    assert [(voice["id"], voice["kind"]) for voice in me["voices"]] == [(str(guest.pk), "GUEST")]

    veras = worlds.stored_clip(vera)
    assert guest_browser.get(reverse("api:clips")).json()["results"] == []
    assert guest_browser.get(reverse("api:clip", args=[veras.pk])).status_code == 404
    assert guest_browser.delete(reverse("api:clip", args=[veras.pk])).status_code == 404
    assert guest_browser.get(reverse("api:receipt")).status_code == 200
    assert guest_browser.delete(reverse("api:consent", args=["STORE_AND_REVIEW"])).status_code == 204
    assert not consent.covers(guest, Purpose.STORE_AND_REVIEW)


def test_a_claimed_voice_is_the_accounts_too(vera, guest):
    guests.claim(guest, by=vera)
    program = Program(vera)

    assert [voice["kind"] for voice in program.ask("GET", "me").json()["voices"]] == ["ACCOUNT", "CLAIMED"]
    assert program.ask("GET", "receipt", query={"voice": str(guest.pk)}).status_code == 200
    assert voices.Contributor.objects.get(pk=guest.pk).claimed_by == vera
    assert program.ask("DELETE", "consent", "STORE_AND_REVIEW").status_code == 204
    assert not consent.covers(guest, Purpose.STORE_AND_REVIEW)
    assert not consent.covers(vera.contributor, Purpose.STORE_AND_REVIEW)
