"""The store refuses, hangs, dawdles, breaks off or lies: an upload is told to come again, and then is there, whole."""

import uuid
from unittest.mock import patch

import botocore.config
import pytest
from botocore.config import Config
from django.test import Client

from contributions.models import Clip
from contributions.screening import examination
from openempathic import storage
from tests import worlds
from tests.contributions.api.test_sending import SOUND, put
from tests.faults.proxies import HANG, MUTE, REFUSE, cut, slow, wire

pytestmark = pytest.mark.faults
# What the site itself waits for is a matter of seconds; here nobody waits.
IMPATIENT = {"connect_timeout": 1, "read_timeout": 0.5, "retries": {"mode": "standard", "max_attempts": 2}}


@pytest.fixture
def between(s3_storage, settings):
    """A wire before this test's corner of the bucket, through which everything goes."""
    with wire(s3_storage, seed=1) as made:
        settings.STORAGE_URL = made.url
        yield made


@pytest.fixture
def _impatient():
    """A client of the store that gives up at once."""
    with patch.object(botocore.config, "Config", impatient):
        storage._opened.cache_clear()
        yield
    storage._opened.cache_clear()


def impatient(**told):
    """What the site tells its client, but for how long it waits."""
    return Config(**(told | IMPATIENT))


@pytest.fixture
def sender(vera, _impatient):
    """Vera's browser."""
    browser = Client(raise_request_exception=False)
    browser.force_login(vera)
    return browser


@pytest.mark.parametrize(
    "fault", [REFUSE, HANG, MUTE, cut(after_bytes=200, of="request"), cut(after_bytes=5)], ids=lambda fault: fault.kind
)
def test_an_upload_that_the_store_does_not_take_is_told_to_come_again_and_then_is_there(sender, between, fault):
    clip_id = uuid.uuid4()
    between.meet(fault)
    refused = put(sender, clip_id=clip_id)
    kept_meanwhile = Clip.objects.count()
    between.meet(None)
    taken = put(sender, clip_id=clip_id)

    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (503, "storage_away", "5")
    assert kept_meanwhile == 0
    assert taken.status_code == 201
    assert storage.read(Clip.objects.get().original) == SOUND


def test_a_store_that_breaks_off_when_it_says_that_it_may_be_sent_does_not_hold_us_for_ever(sender, between):
    # botocore would ask, and read "HTTP/1.1 100 Continue" without its end for ever.
    between.meet(cut(after_bytes=len("HTTP/1.1 100 Continue\r\n")))

    assert put(sender).status_code in (201, 503)


def test_a_slow_store_takes_it_late(sender, between):
    between.meet(slow(latency_seconds=0.02, bytes_per_second=400_000))

    assert put(sender).status_code == 201


def test_an_answer_that_breaks_off_in_the_middle_is_never_screened_as_if_it_were_whole(vera, _impatient, between):
    clip = worlds.stored_clip(vera)
    between.meet(cut(after_bytes=len(SOUND) // 2))

    with pytest.raises(storage.StorageError):
        examination.examine_due(clip.pk)
    with pytest.raises(storage.StorageError):
        storage.read(clip.original)
    clip.refresh_from_db()
    assert (clip.status, clip.next_attempt_at is not None) == ("STORED", True)


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_sound_that_the_store_cut_short_is_noticed_and_brought_to_a_moderator(vera, kind, request, monkeypatch):
    request.getfixturevalue(f"{kind}_storage")
    monkeypatch.setattr(examination, "RETRY_SECONDS", 0)
    clip = worlds.stored_clip(vera)
    # The store says nothing of it: the object is simply shorter, and its own digest, if it has one, is right.
    storage.put(clip.original, SOUND[: len(SOUND) // 2])

    for _attempt in range(examination.ATTEMPTS_MAX):
        Clip.objects.update(next_attempt_at=clip.stored_at)
        with pytest.raises(storage.DigestMismatch):
            examination.examine_due(clip.pk)
    examination.quarantine_exhausted()

    clip.refresh_from_db()
    assert (clip.status, clip.status_reason) == ("QUARANTINED", "ATTEMPTS_FAILED")
    assert list(storage.keys(f"{clip.prefix}/")) == [clip.original]


def test_a_sound_that_breaks_off_on_its_way_to_a_listener_is_not_served_as_a_whole_one(sender, vera, between):
    clip = worlds.screened_clip(vera)
    whole = storage.stat(clip.archive).byte_count
    answer = sender.get(f"/clips/{clip.pk}/audio/")
    between.meet(cut(after_bytes=whole // 2))

    assert int(answer["Content-Length"]) == whole
    with pytest.raises(storage.StorageError):
        b"".join(answer.streaming_content)
