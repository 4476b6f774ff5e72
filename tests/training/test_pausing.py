"""Cleo pauses a run and resumes it, whatever its trainer is doing meanwhile."""

import pytest
from django.db.models.functions import Now

from openempathic import leases
from openempathic.audit.models import AuditEvent
from openempathic.registry.champion import champion
from tests.forms import first_of
from tests.races import Step, stopped
from training import attempt, retraining, schedule
from training.models import TrainingRun

S = TrainingRun.Status


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch):
    monkeypatch.setattr(attempt, "PAUSE_LOOK_SECONDS", 0)


def row(run):
    return TrainingRun.objects.get(pk=run.pk)


def retrain(**options):
    return retraining.retrain_due(owner="trainer", **options)


def happened(run):
    return [note["what"] for note in row(run).progress["happened"]]


def test_a_paused_run_is_taken_by_no_trainer_until_it_is_resumed(run, cleo):
    schedule.pause(run, by=cleo)
    taken = retrain()
    schedule.resume(run, by=cleo)

    assert taken is None
    assert retrain().status == S.PUBLISHED
    acts = AuditEvent.objects.filter(subject_id=str(run.pk), actor=cleo).order_by("pk").values_list("act", flat=True)
    assert list(acts) == ["training_run.opened", "training_run.paused", "training_run.resumed"]


def test_a_run_paused_while_it_learns_keeps_what_it_learnt_and_stays_in_its_status(run, cleo, monkeypatch):
    TrainingRun.objects.filter(pk=run.pk).update(plan=run.plan | {"steps": 10_000, "pause_seconds": 0.01})
    tell, was_paused = retraining.tell, []

    def then_paused(held, lines):
        tell(held, lines)
        if held.run.progress.get("step", 0) >= 3 and not was_paused:
            was_paused.append(schedule.pause(run, by=cleo))

    monkeypatch.setattr(retraining, "tell", then_paused)
    let_go = retrain()
    reached = let_go.progress["step"]
    while_paused = retrain()
    schedule.resume(run, by=cleo)
    TrainingRun.objects.filter(pk=run.pk).update(plan=run.plan | {"steps": reached + 2})
    done = retrain()

    assert (let_go.status, let_go.is_paused, let_go.attempts, let_go.lease_owner) == (S.TRAINING, True, 0, "")
    assert let_go.kept_state["step"] == reached
    assert while_paused is None
    assert done.status == S.PUBLISHED
    assert happened(run) == ["attempt", "paused", "attempt"]


def test_a_run_resumed_before_its_trainer_noticed_just_goes_on(run, cleo, monkeypatch):
    monkeypatch.setattr(attempt, "PAUSE_LOOK_SECONDS", 3600)
    freeze = retraining.freeze

    def paused_and_resumed(held):
        schedule.pause(run, by=cleo)
        schedule.resume(run, by=cleo)
        freeze(held)

    monkeypatch.setattr(retraining, "freeze", paused_and_resumed)

    assert retrain().status == S.PUBLISHED


@pytest.mark.parametrize("when", first_of(["before", "after"]))
@pytest.mark.parametrize(
    "step", [Step(retraining, "freeze"), Step(retraining, "watch"), Step(retraining, "judge")], ids=str
)
@pytest.mark.parametrize("dies", [False, True], ids=["goes-on", "dies"])
def test_a_pause_at_any_step_of_the_trainer_loses_nothing_and_publishes_once_when_it_is_resumed(
    run, cleo, step, when, dies
):
    def paused():
        if row(run).status in schedule.PAUSABLE:
            schedule.pause(row(run), by=cleo)

    with stopped(step, when, paused, dies=dies):
        retrain()
    TrainingRun.objects.filter(pk=run.pk).update(lease_expires_at=Now())
    between, was_paused = retrain(), row(run).is_paused
    if was_paused:
        assert between is None
        assert champion() is None
        schedule.resume(run, by=cleo)
        retrain()

    assert row(run).status == S.PUBLISHED
    assert champion() == row(run).checkpoint
    assert AuditEvent.objects.filter(act="training_run.published").count() == 1


def test_a_paused_run_whose_attempt_failed_stays_paused(run, cleo, monkeypatch):
    TrainingRun.objects.filter(pk=run.pk).update(plan=run.plan | {"fail_at": 1})
    retrain()
    TrainingRun.objects.filter(pk=run.pk).update(next_attempt_at=Now())
    schedule.pause(run, by=cleo)

    assert retrain() is None
    assert happened(run) == ["attempt", "attempt_failed"]


def test_what_is_published_paused_or_over_is_not_paused(run, cleo, milo):
    with pytest.raises(schedule.NotOpenable):
        schedule.pause(run, by=milo)
    with pytest.raises(schedule.NotOpenable):
        schedule.resume(run, by=cleo)
    schedule.pause(run, by=cleo)
    for status in (S.QUEUED, S.PUBLISHING, S.PUBLISHED):
        TrainingRun.objects.filter(pk=run.pk).update(status=status, is_paused=status == S.QUEUED)
        with pytest.raises(schedule.NotOpenable):
            schedule.pause(run, by=cleo)

    assert AuditEvent.objects.filter(act="training_run.paused").count() == 1


def test_a_paused_run_can_be_cancelled_and_makes_room(run, cleo):
    schedule.pause(run, by=cleo)
    with pytest.raises(schedule.RunAlreadyActive):
        schedule.open_run(by=cleo)
    schedule.cancel(row(run), by=cleo)

    assert schedule.open_run(by=cleo).pk != run.pk


def test_a_zombie_cannot_undo_a_pause(run, cleo):
    held = leases.claim(retraining.due_runs(), run.pk, owner="first", seconds=60)
    schedule.pause(run, by=cleo)
    leases.give_back(held, retry_in_seconds=0, is_forgiven=True)

    assert row(run).is_paused
    assert retrain() is None
