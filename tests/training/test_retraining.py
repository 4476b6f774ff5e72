"""A run from due to published, and everything that may happen to it on the way."""

import json
import os

import pytest
from django.db.models.functions import Now

from contributions import states
from contributions.models import Clip, Release
from contributions.models.contributor import Split
from contributions.releasing import releases
from openempathic import leases, moves, storage
from openempathic.audit.models import AuditEvent
from openempathic.registry.champion import champion
from openempathic.registry.models import Checkpoint
from tests import harvest
from training import publication, retraining, schedule
from training import states as run_states
from training.attempt import Attempt
from training.models import TrainingRun

S = TrainingRun.Status


class PowerCut(BaseException):
    """The process ends here; nothing of ours runs after it."""


def dies_in(monkeypatch, room, act):
    """A trainer that dies when it comes to this act, with its lease run out."""

    def power_cut(*args, **kwargs):
        raise PowerCut

    with monkeypatch.context() as cut:
        cut.setattr(room, act, power_cut)
        with pytest.raises(PowerCut):
            retrain()
    TrainingRun.objects.update(lease_expires_at=Now())


def retrain(**options):
    return retraining.retrain_due(owner="trainer", **options)


def plan(run, **wanted):
    TrainingRun.objects.filter(pk=run.pk).update(plan=run.plan | wanted)


def seen(run):
    return json.loads((retraining.folder_of(run) / "seen.json").read_bytes())


def is_alive(run):
    pid = int((retraining.folder_of(run) / "child.pid").read_text())
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_run_goes_from_due_to_champion(run):
    done = retrain()

    assert done.status == S.PUBLISHED
    assert champion() == done.checkpoint
    assert done.checkpoint.release_digest == done.release.digest
    assert done.ended_at is not None
    assert (done.next_attempt_at, done.lease_owner) == (None, "")
    acts = AuditEvent.objects.filter(subject_id=str(run.pk)).order_by("pk").values_list("act", flat=True)
    words = ("opened", "freezing", "training", "evaluating", "publishing", "published")
    assert list(acts) == [f"training_run.{word}" for word in words]
    assert (done.progress["step"], done.progress["uar"]) == (3, 0.5)
    assert {"FREEZING", "TRAINING", "packing", "training", "evaluating", "PUBLISHING"} <= set(done.progress["began"])
    assert retrain() is None


def test_the_child_gets_the_release_and_no_secret(run, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_WORD", "s")
    monkeypatch.setenv("OE_SIGNING_KEY", "s")
    monkeypatch.setenv("DATABASE_URL", "s")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    retrain()

    got = set(seen(run)["environment"])
    assert seen(run)["shards"] == ["000000.tar"]
    assert {"PATH", "CUDA_VISIBLE_DEVICES"} <= got
    assert not {name for name in got if name.startswith(("DJANGO", "OE_", "AWS_", "DATABASE", "STORAGE", "BROKER"))}


def test_no_sound_and_no_weights_stay_on_the_trainers_machine(run):
    retrain()

    left = {path.name for path in retraining.folder_of(run).iterdir()}
    assert {"progress.jsonl", "child.log", "plan.json"} <= left
    assert not left & {"freezing", "release", "packed", "state", "export"}


@pytest.mark.parametrize(
    ("room", "act", "left_in"),
    [
        (releases, "put_files", S.FREEZING),
        (releases, "keep_rows", S.FREEZING),
        (retraining, "bring_release", S.TRAINING),
        (retraining, "watch", S.TRAINING),
        (retraining, "judge", S.EVALUATING),
        (publication, "put_blobs", S.PUBLISHING),
        (publication, "signed", S.PUBLISHING),
        (publication, "announce", S.PUBLISHED),
    ],
)
def test_a_trainer_that_dies_anywhere_is_followed_by_one_that_publishes_once(run, monkeypatch, room, act, left_in):
    dies_in(monkeypatch, room, act)
    run.refresh_from_db()
    was = run.status
    publication.repair()
    retrain()

    run.refresh_from_db()
    assert was == left_in
    assert run.status == S.PUBLISHED
    assert champion() == run.checkpoint
    assert (Checkpoint.objects.count(), Release.objects.count()) == (1, 1)
    assert AuditEvent.objects.filter(act="training_run.published").count() == 1
    assert json.loads(storage.read("aliases/champion.json"))["digest"] == run.checkpoint.digest
    # The files, the manifest and its signature.
    assert len(list(storage.keys("checkpoints/"))) == len(run.checkpoint.files) + 2


def test_a_run_left_before_publication_is_finished_on_a_machine_without_its_folder(
    run, monkeypatch, settings, tmp_path
):
    dies_in(monkeypatch, publication, "publish")
    settings.RUNS_FOLDER = tmp_path / "another machine"
    done = retrain()

    assert done.status == S.PUBLISHED
    assert Checkpoint.objects.count() == 1


def test_what_is_claimed_is_no_other_trainers(run):
    held = leases.claim(retraining.due_runs(), run.pk, owner="first", seconds=60)

    assert held is not None
    assert retrain() is None


def test_the_third_failure_ends_the_run_and_says_why_without_naming_a_folder(run, caplog):
    plan(run, fail_at=2)

    ended = []
    for _attempt in range(3):
        done = retrain()
        ended.append((done.status, done.next_attempt_at is not None))
        assert retrain() is None  # not due before the pause is over
        TrainingRun.objects.filter(pk=run.pk, next_attempt_at__isnull=False).update(next_attempt_at=Now())

    assert ended == [(S.TRAINING, True), (S.TRAINING, True), (S.FAILED, False)]
    assert done.status_reason == "Diverged: step 2 of secret went wrong"
    assert "FAILED: Diverged" in caplog.text
    assert champion() is None


def test_a_trainer_that_dies_every_time_ends_the_run_too(run):
    TrainingRun.objects.filter(pk=run.pk).update(attempts=3)

    assert retrain().status == S.FAILED


def test_what_makes_no_release_fails_at_once_with_the_sentence_a_curator_reads(run, crop):
    for clip in crop.clips.all():
        states.move(clip, to=Clip.Status.DISPUTED, by="milo")

    done = retrain()

    assert done.status == S.FAILED
    assert done.status_reason == "No clip is accepted, labelled and allowed for this purpose yet."


def test_a_stopped_trainer_hands_the_run_back_and_the_next_goes_on_where_it_was(run):
    plan(run, steps=600, pause_seconds=0.05)

    def has_begun():
        return bool(TrainingRun.objects.get(pk=run.pk).progress.get("step"))

    back = retrain(is_stopping=has_begun)
    plan(back, pause_seconds=0)
    done = retrain()

    assert (back.status, back.attempts, back.lease_owner) == (S.TRAINING, 0, "")
    assert back.next_attempt_at is not None
    assert done.status == S.PUBLISHED
    assert 0 < seen(run)["began_at"] < 600


def test_a_child_that_will_not_stop_is_ended(run, monkeypatch):
    monkeypatch.setattr(retraining, "GRACE_SECONDS", 0.5)
    plan(run, steps=10_000, pause_seconds=0.05, hang_on_term=True)

    def has_begun():
        return bool(TrainingRun.objects.get(pk=run.pk).progress.get("step"))

    back = retrain(is_stopping=has_begun)

    assert not is_alive(run)
    assert champion() is None
    assert (back.status, back.attempts) == (S.TRAINING, 0)


def test_a_child_that_says_nothing_for_hours_is_taken_for_hung(run, monkeypatch):
    monkeypatch.setattr(retraining, "STALLED_SECONDS", 1)
    plan(run, pause_seconds=600)

    done = retrain()

    assert "said nothing" in done.status_reason
    assert not is_alive(run)
    assert done.next_attempt_at is not None


def test_cleo_cancels_a_run_and_its_child_ends(run, cleo, monkeypatch):
    plan(run, steps=10_000, pause_seconds=0.02)
    keep = Attempt.keep_progress

    def cancelled_meanwhile(attempt):
        if attempt.run.progress.get("step", 0) >= 3:
            schedule.cancel(TrainingRun.objects.get(pk=run.pk), by=cleo)
        keep(attempt)

    monkeypatch.setattr(Attempt, "keep_progress", cancelled_meanwhile)

    done = retrain()

    assert done.status == S.CANCELLED
    assert not is_alive(run)
    assert not Checkpoint.objects.exists()
    assert not (retraining.folder_of(run) / "packed").exists()


def test_a_clip_withdrawn_while_the_child_trains_is_handed_to_it(run, crop, monkeypatch, settings):
    settings.TRAINER_LEASE_SECONDS = 1
    monkeypatch.setattr(leases, "heartbeat", lambda held: None)  # its thread cannot see into a test's transaction
    plan(run, await_dropped=True)
    withdrawn = crop.clips.first()
    tell = retraining.tell

    def and_withdraws(attempt, lines):
        tell(attempt, lines)
        if Clip.objects.filter(pk=withdrawn.pk, status="ACCEPTED").exists():
            states.move(Clip.objects.get(pk=withdrawn.pk), to=Clip.Status.WITHDRAWN, by="contributor")

    monkeypatch.setattr(retraining, "tell", and_withdraws)

    done = retrain()

    assert seen(run)["dropped"] == [done.release.members.get(clip=withdrawn).key]
    assert done.progress["dropped"] == 1
    assert done.checkpoint.evaluation["gate"]["clips_withdrawn_since_freezing"] == 1


def test_a_candidate_that_fails_the_gate_is_rejected_with_the_reason(run):
    plan(run, measured={"zero_shot": {}})

    done = retrain()

    assert (done.status, done.status_reason) == (S.REJECTED, "the evaluation has no recall with an interval")
    assert champion() is None
    assert retrain() is None


def test_a_release_purged_before_it_was_read_is_frozen_anew_without_the_clip(run, crop, monkeypatch):
    harvest.corpus("more", sides={"bea": Split.TRAIN}, emotions=["anger"], clips_each=1)
    withdrawn, freeze = Clip.objects.get(licence__corpus="more"), retraining.freeze

    def then_purged(attempt):
        freeze(attempt)
        if attempt.run.release.members.filter(clip=withdrawn).exists():
            states.move(withdrawn, to=Clip.Status.WITHDRAWN, by="contributor")
            storage.erase(f"{attempt.run.release.prefix}/shards/")

    monkeypatch.setattr(retraining, "freeze", then_purged)

    done = retrain()

    assert done.status == S.PUBLISHED
    assert Release.objects.count() == 2
    assert not done.release.members.filter(clip=withdrawn).exists()


def test_a_release_damaged_in_storage_is_not_trained_on(run, monkeypatch):
    freeze = retraining.freeze

    def then_damaged(attempt):
        freeze(attempt)
        storage.put(f"{attempt.run.release.prefix}/shards/000000.tar", b"other bytes")

    monkeypatch.setattr(retraining, "freeze", then_damaged)

    done = retrain()

    assert done.status == S.TRAINING
    assert "DigestMismatch" in done.status_reason
    assert done.next_attempt_at is not None


@pytest.mark.parametrize("source", S.values)
@pytest.mark.parametrize("target", S.values)
def test_only_legal_moves_are_made(db, source, target):
    run = TrainingRun.objects.create(status=source)
    legal = run_states.TABLE.allows(source, target)

    if legal:
        run_states.move(run, to=target, by="tester")
    else:
        with pytest.raises(moves.IllegalMove):
            run_states.move(run, to=target, by="tester")

    run.refresh_from_db()
    assert run.status == (target if legal else source)
    assert AuditEvent.objects.filter(subject_id=str(run.pk)).count() == legal


def test_every_run_can_end(db):
    for source in TrainingRun.ACTIVE:
        assert {t for t in S.values if run_states.TABLE.allows(source, t)} >= {S.FAILED, S.CANCELLED}
    for source in set(S.values) - set(TrainingRun.ACTIVE):
        assert not [t for t in S.values if run_states.TABLE.allows(source, t)]
