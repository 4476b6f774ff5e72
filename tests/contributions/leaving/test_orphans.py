"""Bytes of an upload that died before its row was kept: taken up by a retry, else erased; never those of a clip."""

import io
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from contributions import intake
from contributions.leaving import orphans
from contributions.models import Clip
from openempathic import beat, storage
from openempathic.audit.models import AuditEvent
from openempathic.turns import take_turn
from tests import worlds

SOUND = worlds.ANGER.read_bytes()
DAY = 24 * 3600


@pytest.fixture
def a_day_later(monkeypatch):
    """Everything that was stored until now is a day and an hour older."""
    ages = storage.ages
    monkeypatch.setattr(storage, "ages", lambda prefix: ((key, age + DAY + 3600) for key, age in ages(prefix)))


@pytest.fixture(params=["folder", "s3"])
def store(request):
    """A fresh store of each kind."""
    return request.getfixturevalue("folder_storage" if request.param == "folder" else "s3_storage")


def left_by_a_killed_upload(clip_id=None):
    """What lies there when the process ends between bytes and row."""
    clip_id = clip_id or uuid.uuid4()
    storage.put(f"clips/{clip_id}/original", SOUND)
    return clip_id


def sent_again(vera, clip_id):
    return intake.intake(
        clip_id,
        contributor=worlds.voice_of(vera),
        body=io.BytesIO(SOUND),
        announced=worlds.announced(SOUND),
        by=vera,
    )


def test_what_nobody_came_back_for_is_erased_after_a_day_and_no_clip_is(vera, store, a_day_later):
    clip, orphan = worlds.stored_clip(vera), left_by_a_killed_upload()
    storage.put("clips/README", b"not ours to judge")

    assert orphans.erase_old() == 1
    assert sorted(storage.keys("clips/")) == sorted([clip.original, "clips/README"])
    assert AuditEvent.objects.get(act="clip.orphan_erased").subject_id == str(orphan)


def test_what_is_younger_is_spared_for_whoever_sends_it_again(vera, store):
    orphan = left_by_a_killed_upload()

    assert orphans.erase_old() == 0
    assert sent_again(vera, orphan).is_new


def test_what_killed_writers_left_anywhere_goes_too_and_a_living_writers_is_spared(tmp_path, settings, db):
    settings.STORAGE_URL = tmp_path.as_uri()
    for folder in ("clips/6f1c", "releases/r"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / ".put-0123").write_bytes(b"half of her voi")
    storage.put("releases/r/manifest.json", b"{}")
    orphans.erase_old()
    assert len(list(tmp_path.rglob(".put-*"))) == 2

    orphans.erase_old(seconds=0)

    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["manifest.json"]
    assert not (tmp_path / "clips").exists()


def test_a_row_that_is_kept_while_orphans_are_looked_for_is_seen(vera, folder_storage, a_day_later, monkeypatch):
    orphan = left_by_a_killed_upload()
    found = list(orphans.found(seconds=DAY))
    clip = sent_again(vera, orphan).clip
    monkeypatch.setattr(orphans, "found", lambda seconds: iter(found))

    assert found == [orphan]
    assert orphans.erase_old() == 0
    assert storage.read(clip.original) == SOUND


def test_an_upload_that_found_the_bytes_and_then_lost_them_is_told_to_come_again(vera, monkeypatch):
    orphan = left_by_a_killed_upload()
    put = intake.keep_bytes

    def found_and_erased(*args):
        try:
            return put(*args)
        finally:
            orphans.erase_old(seconds=0)

    monkeypatch.setattr(intake, "keep_bytes", found_and_erased)
    with pytest.raises(intake.StorageAway):
        sent_again(vera, orphan)
    assert not Clip.objects.exists()

    monkeypatch.undo()
    assert storage.read(sent_again(vera, orphan).clip.original) == SOUND


@pytest.mark.parametrize("sleeps_seconds", [2 * DAY, -2 * DAY])
def test_an_upload_that_slept_between_bytes_and_row_asks_whether_they_are_there(vera, monkeypatch, sleeps_seconds):
    put, now = intake.keep_bytes, time.time

    def slept(*args):
        kept = put(*args)
        monkeypatch.setattr(time, "time", lambda: now() + sleeps_seconds)
        storage.erase("clips/")
        return kept

    monkeypatch.setattr(intake, "keep_bytes", slept)
    with pytest.raises(intake.StorageAway):
        sent_again(vera, uuid.uuid4())
    assert not Clip.objects.exists()


def test_a_database_that_lost_its_rows_costs_no_sound(db, monkeypatch, a_day_later):
    monkeypatch.setattr(orphans, "MANY", 2)
    for _number in range(3):
        left_by_a_killed_upload()

    with pytest.raises(orphans.TooMany):
        orphans.erase_old()
    with pytest.raises(CommandError, match="--all-the-same"):
        call_command("erase_orphans")
    assert len(list(storage.keys("clips/"))) == 3
    call_command("erase_orphans", "--all-the-same")
    assert list(storage.keys("clips/")) == []


def test_beat_asks_for_it_once_a_day():
    assert beat.schedule(2.0)["erase-orphans"]["schedule"] == DAY


@pytest.mark.django_db(transaction=True)
def test_no_row_is_kept_while_its_bytes_are_being_erased(monkeypatch):
    worlds.stocked()
    vera, orphan = worlds.volunteer("vera"), uuid.uuid4()
    left_by_a_killed_upload(orphan)
    erase, is_erasing, may_go_on = storage.erase, threading.Event(), threading.Event()

    def slowly(prefix):
        is_erasing.set()
        assert may_go_on.wait(60)
        return erase(prefix)

    def in_a_thread(act, *args):
        try:
            return act(*args)
        except intake.StorageAway as told:
            return told
        finally:
            connections.close_all()

    monkeypatch.setattr(storage, "erase", slowly)
    with ThreadPoolExecutor(2) as pool:
        eraser = pool.submit(in_a_thread, lambda: orphans.erase(orphan, seconds=0))
        assert is_erasing.wait(60)
        sender = pool.submit(in_a_thread, sent_again, vera, orphan)
        may_go_on.set()

    assert eraser.result() is True
    # Either it had looked for the bytes before, and is told to come again, or it put them anew after.
    if isinstance(sender.result(), intake.StorageAway):
        assert not Clip.objects.exists()
    else:
        assert storage.read(Clip.objects.get().original) == SOUND


def test_a_turn_needs_a_transaction(db):
    with pytest.MonkeyPatch.context() as hook:
        hook.setattr(connections["default"], "in_atomic_block", False)

        with pytest.raises(transaction.TransactionManagementError):
            take_turn(uuid.uuid4())
