"""Vera takes her voice back: at once from every page and queue, soon from every place that holds sound."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contributions import states, tasks
from contributions.leaving import withdrawal
from contributions.listening import ratings
from contributions.models import Clip, Contributor, Purpose, Release, Suggestion
from contributions.releasing import releases
from openempathic import leases, storage
from openempathic.audit.models import AuditEvent
from openempathic.registry.models import Checkpoint
from tests import worlds


@pytest.fixture
def clip(vera):
    return worlds.screened_clip(vera)


def suggestion_for(clip):
    checkpoint = Checkpoint.objects.create(
        digest="a" * 64, status="CHAMPION", preset="nano", release_digest="b" * 64, run_id=clip.pk, files={}
    )
    return Suggestion.objects.create(clip=clip, checkpoint=checkpoint, scores={"anger": 1.0}, emotion="anger")


def test_a_withdrawn_clip_is_out_of_every_queue_and_selection_at_once(clip, vera, milo):
    withdrawal.withdraw(clip, by=vera)

    assert ratings.open_turn(milo) is None
    assert not Clip.objects.live().exists()
    assert AuditEvent.objects.filter(act="clip.withdrawn", actor=vera).count() == 1


def test_only_its_speaker_takes_a_clip_back(clip, otto, cleo):
    for somebody in (otto, cleo):
        with pytest.raises(withdrawal.NotWithdrawable):
            withdrawal.withdraw(clip, by=somebody)
    clip.refresh_from_db()

    assert clip.status == Clip.Status.IN_REVIEW


def test_withdrawing_twice_changes_nothing(clip, vera):
    withdrawal.withdraw(clip, by=vera)
    withdrawal.withdraw(Clip.objects.get(), by=vera)

    assert AuditEvent.objects.filter(act="clip.withdrawn").count() == 1


def test_withdrawal_wins_the_race_with_a_move(clip, vera, milo):
    stale = Clip.objects.get(pk=clip.pk)
    states.move(clip, to=Clip.Status.ACCEPTED, by=milo)
    withdrawal.withdraw(stale, by=vera)

    assert Clip.objects.get().status == Clip.Status.WITHDRAWN


def test_purging_leaves_a_tombstone_and_no_sound(clip, vera):
    suggestion_for(clip)
    withdrawal.withdraw(clip, by=vera)
    assert withdrawal.purge_due(clip.pk) is not None

    clip.refresh_from_db()
    assert (clip.status, clip.transcript, clip.capture) == (Clip.Status.PURGED, "", {})
    assert list(storage.keys(f"clips/{clip.pk}/")) == []
    assert not Suggestion.objects.exists()
    assert withdrawal.purge_due(clip.pk) is None


def test_purging_waits_for_a_worker_that_holds_the_clip(clip, vera):
    held = leases.claim(Clip.objects.all(), clip.pk, owner="screening", seconds=60)
    withdrawal.withdraw(clip, by=vera)
    assert withdrawal.purge_due(clip.pk) is None

    leases.fenced(held).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert withdrawal.purge_due(clip.pk) is not None


def test_when_storage_is_away_purging_is_owed_still(clip, vera, monkeypatch):
    withdrawal.withdraw(clip, by=vera)

    def away(*_args):
        raise storage.StorageUnreachable("away")

    monkeypatch.setattr(storage, "erase", away)
    with pytest.raises(storage.StorageUnreachable):
        withdrawal.purge_due(clip.pk)
    clip.refresh_from_db()

    assert (clip.status, clip.next_attempt_at is None) == (Clip.Status.WITHDRAWN, False)


def test_the_sweep_nudges_what_was_withdrawn(clip, vera, monkeypatch):
    nudged = []
    monkeypatch.setattr(tasks.purge, "delay", lambda clip_id: nudged.append(clip_id))
    withdrawal.withdraw(clip, by=vera)
    tasks.sweep()

    assert nudged == [str(clip.pk)]


def test_the_shards_that_hold_a_clip_are_rewritten_without_it(vera, otto, milo, tmp_path):
    Contributor.objects.filter(user=vera).update(split="train")
    Contributor.objects.filter(user=otto).update(split="test")
    mine = worlds.accepted_clip(vera, by=milo, emotion="anger")
    worlds.accepted_clip(vera, by=milo, emotion="sadness", sound=worlds.SOUNDS / "german-sadness.wav")
    worlds.accepted_clip(otto, by=milo, emotion="fear", sound=worlds.SOUNDS / "german-fear.wav")
    release = releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by="test", folder=tmp_path / "release")
    sound = storage.read(mine.archive)

    withdrawal.withdraw(mine, by=vera)
    withdrawal.purge_due(mine.pk)

    everything = [storage.read(key) for key in storage.keys("releases/")]
    assert not any(sound in content for content in everything)
    assert storage.stat(f"{release.prefix}/manifest.json").byte_count > 0
    assert mine not in Clip.objects.covered_by(Purpose.TRAIN_MODELS)


def test_a_purger_that_lost_its_lease_while_it_rewrote_buries_nothing(vera, otto, milo, tmp_path, monkeypatch):
    Contributor.objects.filter(user=vera).update(split="train")
    Contributor.objects.filter(user=otto).update(split="test")
    mine = worlds.accepted_clip(vera, by=milo, emotion="anger")
    worlds.accepted_clip(vera, by=milo, emotion="sadness", sound=worlds.SOUNDS / "german-sadness.wav")
    worlds.accepted_clip(otto, by=milo, emotion="fear", sound=worlds.SOUNDS / "german-fear.wav")
    releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by="test", folder=tmp_path / "release")
    withdrawal.withdraw(mine, by=vera)

    def taken_over(_held):
        raise leases.LeaseLost("taken over")

    with monkeypatch.context() as slept:
        slept.setattr(leases, "heartbeat", taken_over)
        assert withdrawal.purge_due(mine.pk) is None
    assert Clip.objects.get(pk=mine.pk).status == Clip.Status.WITHDRAWN

    Clip.objects.filter(pk=mine.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert withdrawal.purge_due(mine.pk) is not None
