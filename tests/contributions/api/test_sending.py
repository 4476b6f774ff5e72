"""The door for clips over HTTP: idempotent, scoped, and clear about what went wrong."""

import base64
import hashlib
import json
import uuid

import pytest
from django.urls import reverse

from contributions.models import Clip, Prompt
from tests import worlds

SOUND = worlds.ANGER.read_bytes()


def put(client, body=SOUND, clip_id=None, **headers):
    prompt = Prompt.objects.filter(language="en").first()
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    said = {"Content-Digest": f"sha-256=:{digest}:", "X-Clip-Language": "en", "X-Clip-Prompt": prompt.pk}
    said |= {"Content-Length": str(len(body))} | headers
    address = reverse("api:clip", args=[clip_id or uuid.uuid4()])
    return client.put(address, data=body, content_type=headers.pop("type", "audio/webm"), headers=said)


@pytest.fixture
def vera_client(vera, client):
    client.force_login(vera)
    return client


def test_a_clip_is_made_then_answered_again(vera_client):
    clip_id = uuid.uuid4()
    first, second = put(vera_client, clip_id=clip_id), put(vera_client, clip_id=clip_id)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"] == str(clip_id)
    assert first.json()["status"] == "STORED"
    assert not first.json()["is_final"]


def test_another_digest_under_the_same_id_is_a_conflict(vera_client):
    clip_id = uuid.uuid4()
    put(vera_client, clip_id=clip_id)
    answer = put(vera_client, body=SOUND + b"x", clip_id=clip_id)

    assert answer.status_code == 409
    assert answer.json()["code"] == "another_digest"


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", {}, 400, "empty"),
        (SOUND, {"Content-Digest": ""}, 400, "malformed"),
        (SOUND, {"Content-Digest": "sha-256=:" + base64.b64encode(b"0" * 32).decode() + ":"}, 400, "digest_differs"),
        (SOUND, {"X-Clip-Language": "klingon?"}, 400, "malformed_language"),
        (SOUND, {"X-Clip-Language": ""}, 400, "malformed_language"),
        (SOUND, {"X-Clip-Language": "tlh"}, 400, "unknown_language"),
        (SOUND, {"X-Clip-Prompt": "nothing"}, 400, "unknown_prompt"),
        (SOUND, {"X-Clip-Capture": "{not base64"}, 400, "malformed"),
        (SOUND, {"X-Clip-Capture": base64.urlsafe_b64encode(b"[1]").decode()}, 400, "malformed"),
        (SOUND, {"type": "text/html"}, 415, "not_sound"),
    ],
)
def test_bad_input_has_a_code_and_a_sentence(vera_client, body, headers, status, code):
    answer = put(vera_client, body=body, **headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]
    assert not Clip.objects.exists()


@pytest.mark.parametrize(("said", "kept"), [("EN-us", "en-US"), ("pt_br", "pt-BR"), ("sw", "sw")])
def test_a_language_is_kept_as_tags_are_written(vera_client, said, kept):
    answer = put(vera_client, **{"X-Clip-Language": said, "X-Clip-Prompt": ""})

    assert (answer.status_code, answer.json()["language"]) == (201, kept)


def test_a_clip_of_a_sentence_is_in_the_language_of_the_sentence(vera_client):
    of_english = {"X-Clip-Prompt": Prompt.objects.filter(language="en").first().pk}

    assert put(vera_client, **of_english, **{"X-Clip-Language": "en-GB"}).json()["language"] == "en"
    assert put(vera_client, **of_english, **{"X-Clip-Language": "de"}).json()["code"] == "unknown_prompt"


def test_an_oversized_upload_is_refused_before_it_is_read(vera_client, settings):
    settings.UPLOAD_BYTES_MAX = 1000

    assert put(vera_client).status_code == 413


def test_errors_come_in_the_readers_language(vera_client):
    english = put(vera_client, body=b"").json()["message"]
    spanish = put(vera_client, body=b"", **{"Accept-Language": "es"}).json()["message"]

    assert english != spanish


def test_what_the_microphone_really_said_is_kept_without_device_ids(vera_client):
    said = {"autoGainControl": False, "sampleRate": 44100, "deviceId": "abc", "groupId": "g", "nested": {"x": 1}}
    header = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    put(vera_client, **{"X-Clip-Capture": header})

    assert Clip.objects.get().capture == {"autoGainControl": False, "sampleRate": 44100}


def test_the_verdict_comes_with_advice(vera_client, vera):
    clip = worlds.screened_clip(vera, b"no sound at all")
    answer = vera_client.get(reverse("api:clip", args=[clip.pk])).json()

    assert (answer["status"], answer["reason"], answer["is_final"]) == ("UNUSABLE", "NOT_AUDIO", True)
    assert answer["advice"]["tip"]


def test_ottos_clip_is_not_there_for_vera(vera_client, otto):
    clip = worlds.stored_clip(otto)

    assert vera_client.get(reverse("api:clip", args=[clip.pk])).status_code == 404


def test_without_signing_in_nothing_is_taken(client, _stocked):
    assert put(client).status_code == 401


def test_without_a_csrf_token_nothing_is_taken(vera):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(vera)

    assert put(strict).status_code == 403
    assert not Clip.objects.exists()


def test_sound_is_served_whole_or_in_part_and_never_cached(vera_client, vera):
    clip = worlds.screened_clip(vera)
    address = reverse("clip-audio", args=[clip.pk])
    whole = vera_client.get(address)
    sound = b"".join(whole.streaming_content)
    part = vera_client.get(address, headers={"Range": "bytes=4-9"})
    tail = vera_client.get(address, headers={"Range": "bytes=-5"})

    assert (whole.status_code, sound[:4]) == (200, b"fLaC")
    assert "no-store" in whole.headers["Cache-Control"]
    assert (part.status_code, b"".join(part.streaming_content)) == (206, sound[4:10])
    assert part.headers["Content-Range"] == f"bytes 4-9/{len(sound)}"
    assert b"".join(tail.streaming_content) == sound[-5:]
    assert vera_client.get(address, headers={"Range": f"bytes={len(sound)}-"}).status_code == 416


def test_nobody_hears_a_withdrawn_clip(vera_client, vera, cleo, client):
    clip = worlds.screened_clip(vera)
    Clip.objects.update(status="WITHDRAWN")
    addresses = [reverse(name, args=[clip.pk]) for name in ("clip-audio", "clip-peaks")]

    assert [vera_client.get(address).status_code for address in addresses] == [404, 404]
    client.force_login(cleo)
    assert [client.get(address).status_code for address in addresses] == [404, 404]


def test_a_clip_that_was_never_usable_has_no_sound_to_serve(vera_client, vera):
    clip = worlds.screened_clip(vera, b"no sound at all")

    assert vera_client.get(reverse("clip-audio", args=[clip.pk])).status_code == 404
    assert vera_client.get(reverse("clip-peaks", args=[clip.pk])).status_code == 404
