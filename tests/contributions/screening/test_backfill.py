"""Clips that were screened before there were fingerprints get one; nothing is decided, and nothing is done twice."""

from io import StringIO

import pytest
from django.core.management import call_command

from contributions.audio import decode
from contributions.leaving import withdrawal
from contributions.models import Clip, Fingerprint, FingerprintKey
from contributions.screening import backfill, duplicates
from openempathic import storage
from tests import worlds

SADNESS = worlds.SOUNDS / "german-sadness.wav"
S = Clip.Status


@pytest.fixture
def old(vera):
    """Three clips of Vera's of before: two of the same sound, and another."""
    return [worlds.screened_clip(vera, sound) for sound in (worlds.ANGER, worlds.ANGER, SADNESS)]


def said() -> list[str]:
    out = StringIO()
    call_command("keep_fingerprints", stdout=out)
    return out.getvalue().splitlines()


def test_every_clip_of_before_gets_one_and_twins_are_said_and_left_where_they_are(old):
    lines = said()

    assert sorted(Fingerprint.objects.values_list("clip", flat=True)) == sorted(clip.pk for clip in old)
    assert FingerprintKey.objects.count() > 20
    assert lines[-1] == "3 kept, 1 of them like another clip, 0 unread."
    assert lines[:-1] == [f"{old[1].pk} is like {old[0].pk}: DUPLICATE_BYTES"]
    assert set(Clip.objects.values_list("status", flat=True)) == {S.IN_REVIEW}


def test_it_is_the_one_that_screening_would_have_made(old, vera, settings):
    said()
    made = {row.clip_id: (row.pcm_sha256, bytes(row.signs)) for row in Fingerprint.objects.all()}
    Fingerprint.objects.all().delete()
    settings.SEEK_DUPLICATES = True
    again = worlds.screened_clip(vera, SADNESS)

    assert made[old[2].pk] == (again.fingerprint.pcm_sha256, bytes(again.fingerprint.signs))


def test_what_comes_in_afterwards_is_known(old, otto, settings):
    said()
    settings.SEEK_DUPLICATES = True
    again = worlds.screened_clip(otto, SADNESS)

    assert (again.status, again.status_reason) == (S.QUARANTINED, "DUPLICATE_BYTES")


def test_broken_off_it_goes_on_where_it_was(old, monkeypatch):
    steps = backfill.keep_missing()
    first = next(steps)
    del steps
    rows = {row.clip_id: row.pk for row in Fingerprint.objects.all()}
    assert set(rows) == {first.clip_id}

    assert said()[-1].startswith("2 kept")
    assert Fingerprint.objects.get(clip=first.clip_id).pk == rows[first.clip_id]
    monkeypatch.setattr(decode, "decode", None)
    assert said() == ["0 kept, 0 of them like another clip, 0 unread."]


def test_one_of_an_older_version_is_made_anew_and_keeps_its_place(old):
    said()
    Fingerprint.objects.filter(clip=old[2].pk).update(version="0", signs=b"")
    place = Fingerprint.objects.get(clip=old[2].pk).pk

    assert said()[-1].startswith("1 kept")
    row = Fingerprint.objects.get(clip=old[2].pk)
    assert (row.pk, row.version) == (place, backfill.sound.VERSION)
    assert len(bytes(row.signs)) > 100


def test_what_cannot_be_read_is_named_and_passed_over(old):
    storage.erase(old[2].prefix)

    lines = said()
    assert f"{old[2].pk} could not be read: NotStored" in lines
    assert lines[-1] == "2 kept, 1 of them like another clip, 1 unread."


def test_a_clip_that_is_taken_back_meanwhile_gets_none(old, monkeypatch):
    real = backfill.decode.decode

    def withdrawn_meanwhile(*args, **named):
        decoded = real(*args, **named)
        for clip in Clip.objects.exclude(status=S.WITHDRAWN):
            withdrawal.end(clip, by="contributor")
        return decoded

    monkeypatch.setattr(backfill.decode, "decode", withdrawn_meanwhile)

    assert list(backfill.keep_missing()) == []
    assert not Fingerprint.objects.exists()


def test_unscreened_and_unusable_clips_are_left_to_screening(vera, old):
    Clip.objects.filter(pk=old[0].pk).update(status=S.UNUSABLE)
    waiting = worlds.stored_clip(vera)

    said()
    assert not Fingerprint.objects.filter(clip__in=[old[0].pk, waiting.pk]).exists()
    assert duplicates.NO_TWINS[0] == S.UNUSABLE
