"""Every scope at every door of the API: a token does what was ticked and nothing else."""

import base64
import hashlib
import uuid

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from contributions import self_reports
from contributions.models import Clip
from openempathic import storage
from openempathic.accounts import tokens
from openempathic.accounts.models import Scope
from tests import worlds
from tests.contributions.releasing import published

SOUND = worlds.ANGER.read_bytes()
DIGEST = base64.b64encode(hashlib.sha256(SOUND).digest()).decode()

# Each door with the scope it asks for and what it answers when that is there; `any` is for what every token may do.
DOORS = """
door            method  scope          answer
clips           GET     clips:read     200
clips           DELETE  clips:write    200
clip            GET     clips:read     200
clip            PUT     clips:write    200
clip            DELETE  clips:write    204
clip-sound      GET     clips:read     200
lineage         GET     clips:read     200
self-report     PUT     clips:write    201
self-report     GET     clips:read     200
consents        GET     consent:read   200
consent-events  GET     consent:read   200
consent         DELETE  consent:write  204
receipt         GET     consent:read   200
facts           GET     facts          200
facts           PUT     facts          403
export          POST    export         200
me              GET     any            200
releases        GET     any            200
release         GET     any            200
release-terms   POST    releases       400
release-file    GET     releases       403
"""
ROWS = [line.split() for line in DOORS.strip().splitlines()[1:]]
SENT = {"clips-DELETE": "?confirm=all"}
BODIES = {
    "clip": {"data": SOUND, "content_type": "audio/wav"},
    "facts": {"data": {"gender": "female"}, "content_type": "application/json"},
    "self-report": {"data": {"id": str(uuid.uuid4()), "emotion": "fear"}, "content_type": "application/json"},
}


def knock(door, method, *, clip, word, query=""):
    of_clips = {each: {"clip_id": clip.pk} for each in ("clip", "clip-sound", "lineage", "self-report")}
    release = {"digest": published.PUBLIC}
    of_releases = {"release": release, "release-terms": release, "release-file": release | {"name": published.SHARD}}
    kwargs = of_clips | of_releases | {"consent": {"purpose": "TRAIN_MODELS"}}
    address = reverse(f"api:{door}", kwargs=kwargs.get(door, {})) + SENT.get(f"{door}-{method}", "") + query
    headers = {"Authorization": f"Bearer {word}", "Content-Digest": f"sha-256=:{DIGEST}:", "X-Clip-Language": "en"}
    body = BODIES[door] if method == "PUT" else {}
    # Tokens need no cookie and no proof against other sites: a browser never adds one by itself.
    return getattr(Client(enforce_csrf_checks=True), method.lower())(address, headers=headers, **body)


def token_of(person, *scopes):
    return tokens.make(name="test", scopes=scopes, days=30, by=person)[1]


@pytest.fixture
def clip(vera):
    clip = worlds.stored_clip(vera)
    # As screening leaves it, without the time that decoding takes.
    storage.put(clip.archive, b"fLaC" + bytes(1000))
    self_reports.say(clip, self_reports.Said(emotion="fear"), report_id=uuid.uuid4(), by=vera)
    published.dataset()
    return clip


def test_every_door_of_the_api_is_in_the_table():
    api = next(
        each for each in get_resolver().url_patterns[-1:] + everything() if getattr(each, "namespace", "") == "api"
    )
    methods = {
        (pattern.name, method)
        for pattern in api.url_patterns
        if pattern.name != "nothing"
        for method in ("GET", "PUT", "POST", "PATCH", "DELETE")
        if hasattr(pattern.callback.view_class, method.lower())
    }

    assert methods == {(door, method) for door, method, _scope, _answer in ROWS}


def everything():
    """Every pattern and resolver of the site."""
    found, left = [], list(get_resolver().url_patterns)
    while left:
        found.append(left.pop())
        left += getattr(found[-1], "url_patterns", [])
    return found


@pytest.mark.parametrize(("door", "method", "wanted", "answer"), ROWS, ids=lambda value: value)
@pytest.mark.parametrize("scope", Scope.values)
def test_a_door_opens_to_its_scope_alone(vera, clip, door, method, wanted, answer, scope):
    told = knock(door, method, clip=clip, word=token_of(vera, scope))

    if wanted in (scope, "any"):
        assert told.status_code == int(answer)
    else:
        assert (told.status_code, told.json()["code"]) == (403, "missing_scope")
        assert wanted in told.json()["message"]
        clip.refresh_from_db()
        assert clip.status == Clip.Status.STORED


@pytest.mark.parametrize(("door", "method"), [(door, method) for door, method, *_ in ROWS])
def test_no_door_opens_to_a_revoked_token(vera, clip, door, method):
    token, word = tokens.make(name="test", scopes=Scope.values, days=30, by=vera)
    tokens.revoke(token, by=vera)
    told = knock(door, method, clip=clip, word=word)

    assert (told.status_code, told.json()["code"]) == (401, "token_revoked")


@pytest.mark.parametrize(("door", "method"), [("clip", "GET"), ("clip", "DELETE"), ("clip-sound", "GET")])
def test_ottos_clip_is_not_there_for_vera_nor_for_a_curator(vera, otto, cleo, door, method):
    ottos = worlds.stored_clip(otto)
    storage.put(ottos.archive, b"fLaC" + bytes(1000))

    for person in (vera, cleo):
        told = knock(door, method, clip=ottos, word=token_of(person, *Scope.values))
        assert (told.status_code, told.json()["code"]) == (404, "not_found")


VOICED = [row[:2] for row in ROWS if row[0] in ("clips", "consents", "consent-events", "consent", "receipt", "export")]


@pytest.mark.parametrize(("door", "method"), VOICED)
def test_ottos_voice_is_not_there_for_vera(vera, otto, clip, door, method):
    address = "&" if f"{door}-{method}" in SENT else "?"
    word = token_of(vera, *Scope.values)

    for voice in (otto.contributor.pk, uuid.uuid4(), "nobody"):
        assert knock(door, method, clip=clip, word=word, query=f"{address}voice={voice}").status_code == 404
    own = knock(door, method, clip=clip, word=word, query=f"{address}voice={vera.contributor.pk}")
    assert own.status_code in (200, 204)
