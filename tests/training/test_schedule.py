"""When a run is opened, by whom, and that there is never a second."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from contributions import states
from contributions.models import Clip, Release
from contributions.releasing import releases
from openempathic.audit.models import AuditEvent
from openempathic.moves import IllegalMove
from tests import harvest
from training import schedule, tasks
from training.models import TrainingRun

S = TrainingRun.Status


@pytest.fixture(autouse=True)
def _small(settings):
    settings.RETRAIN_MIN_NEW_CLIPS = 20
    settings.RETRAIN_EVERY_HOURS = 24
    settings.RETRAIN_PRESET = "nano"
    settings.RETRAIN_PLAN = {"steps": 3}


def published_run(tmp_path, *, hours_ago):
    """A run that was published so long ago, on everything accepted now."""
    release = releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by="tester", folder=tmp_path / "release")
    ended = timezone.now() - timedelta(hours=hours_ago)
    return TrainingRun.objects.create(status=S.PUBLISHED, release=release, ended_at=ended)


def test_beat_opens_a_run_once_enough_clips_are_new(db):
    harvest.corpus(clips_each=1)
    tasks.open_due_run()
    too_few = TrainingRun.objects.count()
    harvest.corpus("more", clips_each=1)
    tasks.open_due_run()
    tasks.open_due_run()

    run = TrainingRun.objects.get()
    assert too_few == 0
    assert run.status == S.QUEUED
    assert run.next_attempt_at is not None
    assert run.plan == {"preset": "nano", "steps": 3}
    assert AuditEvent.objects.filter(act="training_run.opened", agent="schedule").count() == 1


def test_clips_of_the_last_release_are_not_new(db, tmp_path):
    harvest.corpus()
    published_run(tmp_path, hours_ago=30)

    before = schedule.is_due(timezone.now())
    harvest.corpus("more")

    assert not before
    assert schedule.is_due(timezone.now())


def test_clips_without_permission_do_not_count_as_new(db):
    harvest.corpus(purposes=["STORE_AND_REVIEW"])

    assert not schedule.is_due(timezone.now())


def test_a_clip_accepted_twice_is_new_once(db, monkeypatch):
    monkeypatch.setattr(schedule, "IDS_AT_ONCE", 5)
    permission = harvest.corpus(clips_each=1)
    for clip in permission.clips.all():
        states.move(clip, to=Clip.Status.IN_REVIEW, by="milo")
        states.move(clip, to=Clip.Status.ACCEPTED, by="ratings")

    assert AuditEvent.objects.filter(act="clip.accepted").count() == 24
    assert not schedule.is_due(timezone.now())


@pytest.mark.parametrize("status", [S.PUBLISHED, S.REJECTED, S.FAILED, S.CANCELLED])
def test_the_calendar_counts_from_the_end_of_the_last_run_however_it_ended(db, status):
    harvest.corpus()
    TrainingRun.objects.create(status=status, ended_at=timezone.now() - timedelta(hours=23))

    assert not schedule.is_due(timezone.now())
    assert schedule.is_due(timezone.now() + timedelta(hours=1, minutes=1))


def test_cleo_opens_a_run_by_hand_and_no_second(cleo):
    run = schedule.open_run(by=cleo, plan={"seed": 7})

    with pytest.raises(schedule.RunAlreadyActive):
        schedule.open_run(by=cleo)
    assert run.opened_by == cleo
    assert run.plan == {"preset": "nano", "steps": 3, "seed": 7}
    assert TrainingRun.objects.count() == 1


def test_milo_and_vera_neither_open_nor_cancel_a_run(cleo, milo, vera):
    run = schedule.open_run(by=cleo)

    for person in (milo, vera):
        with pytest.raises(schedule.NotOpenable):
            schedule.open_run(by=person)
        with pytest.raises(schedule.NotOpenable):
            schedule.cancel(run, by=person)
    assert TrainingRun.objects.get().status == S.QUEUED


def test_a_cancelled_run_is_owed_no_more_and_makes_room_for_another(cleo):
    run = schedule.open_run(by=cleo)

    schedule.cancel(run, by=cleo)

    run.refresh_from_db()
    assert (run.status, run.next_attempt_at) == (S.CANCELLED, None)
    assert run.ended_at is not None
    assert schedule.open_run(by=cleo).pk != run.pk
    with pytest.raises(IllegalMove):
        schedule.cancel(run, by=cleo)


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_open_one_run():
    harvest.corpus()

    def beat():
        try:
            return schedule.open_due_run(timezone.now())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as beats:
        opened = list(beats.map(lambda _n: beat(), range(2)))

    assert TrainingRun.objects.count() == 1
    assert sum(run is not None for run in opened) == 1
