"""Cleo sees what the next run waits for, changes the schedule, and is told what a run would come to."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions.models import Clip, Release
from openempathic.audit.models import AuditEvent
from tests import harvest
from training import estimates, run_words, schedule
from training.models import TrainingRun, TrainingSchedule

S = TrainingRun.Status
TUESDAY = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
FILLED = {
    "every_hours": "12",
    "min_new_clips": "40",
    "after_withdrawals": "0",
    "weekdays": ["0", "1", "2", "3", "4", "5", "6"],
    "from_hour": "0",
    "until_hour": "24",
    "preset": "tiny",
    "plan": '{"steps": 80}',
    "seen": "0",
}


@pytest.fixture
def signed_in(client, cleo):
    client.force_login(cleo)
    return client


def row(**changed):
    return TrainingSchedule(
        **{"every_hours": 24, "min_new_clips": 50, "after_withdrawals": 1, "preset": "nano", **changed}
    )


def text(answer):
    return " ".join(answer.content.decode().split())


def test_until_the_first_change_the_settings_are_the_schedule(db, settings):
    settings.RETRAIN_EVERY_HOURS, settings.RETRAIN_PRESET = 36, "tiny"

    assert (schedule.current().every_hours, schedule.current().preset) == (36, "tiny")
    assert not TrainingSchedule.objects.exists()


def test_cleo_changes_the_schedule_and_the_log_keeps_before_and_after(signed_in, cleo, settings):
    settings.RETRAIN_EVERY_HOURS, settings.RETRAIN_MIN_NEW_CLIPS = 24, 40
    answer = signed_in.post(reverse("training-schedule"), FILLED | {"needs_approval": "on"}, follow=True)
    settings.RETRAIN_EVERY_HOURS = 99

    now = schedule.current()
    assert (now.every_hours, now.min_new_clips, now.preset, now.plan) == (12, 40, "tiny", {"steps": 80})
    assert (now.version, now.needs_approval, now.is_paused, now.changed_by) == (1, True, False, cleo)
    told = AuditEvent.objects.get(act="training_schedule.changed").facts["changed"]
    assert told["every_hours"] == [24, 12]
    assert told["needs_approval"] == [False, True]
    assert "min_new_clips" not in told
    assert "Hours between two runs, at least: <del>24" in text(answer)


def test_of_two_curators_who_change_it_at_once_the_second_is_told(signed_in, cleo):
    signed_in.post(reverse("training-schedule"), FILLED)
    answer = signed_in.post(reverse("training-schedule"), FILLED | {"every_hours": "1"})

    assert answer.status_code == 422
    assert "Somebody else changed the schedule meanwhile" in text(answer)
    assert schedule.current().every_hours == 12
    with pytest.raises(schedule.NotChangeable):
        schedule.change(by=cleo, seen=7, every_hours=3.0)


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        ({"plan": '{"init_from": "champion"}'}, "a plan has no init_from"),
        ({"plan": '{"steps": 0}'}, "steps must be above 0"),
        ({"plan": '{"preset": "base"}'}, "without the preset"),
        ({"plan": "[1]"}, "a list of names and values"),
        ({"plan": "steps: 80"}, "valid JSON"),
        ({"plan": '{"cache_frozen": true}'}, "tiny has no frozen layers"),
        ({"every_hours": "0"}, "above nothing"),
        ({"min_new_clips": "-1"}, "greater than or equal to 0"),
        ({"weekdays": []}, "Choose at least one day"),
        ({"from_hour": "5", "until_hour": "5"}, "no run could ever open"),
        ({"preset": "huge"}, "huge is not one of the available choices"),
    ],
)
def test_what_no_run_could_follow_is_refused_before_it_is_kept(signed_in, filled, said):
    answer = signed_in.post(reverse("training-schedule"), FILLED | filled)

    assert answer.status_code == 422
    assert said in text(answer)
    assert not TrainingSchedule.objects.exists()


def test_only_a_curator_changes_it(milo):
    with pytest.raises(schedule.NotChangeable):
        schedule.change(by=milo, seen=0, every_hours=1.0)


def test_no_run_starts_from_anything_but_the_fixed_base(cleo):
    for name in ("init_from", "base", "checkpoint", "resume_from", "weights"):
        with pytest.raises(schedule.NotOpenable):
            schedule.open_run(by=cleo, plan={name: "champion"})

    assert not TrainingRun.objects.exists()


@pytest.mark.parametrize(
    ("window", "opens"),
    [
        ({}, TUESDAY),
        ({"from_hour": 3, "until_hour": 6}, TUESDAY.replace(hour=3, minute=0) + timedelta(days=1)),
        ({"weekdays": "1", "from_hour": 3, "until_hour": 6}, TUESDAY.replace(hour=3, minute=0) + timedelta(days=7)),
        ({"from_hour": 22, "until_hour": 6}, TUESDAY.replace(hour=22, minute=0)),
        ({"weekdays": "56"}, TUESDAY.replace(hour=0, minute=0) + timedelta(days=4)),
    ],
)
def test_a_run_opens_only_within_its_hours_and_days(db, window, opens):
    assert schedule.opens_at(row(**window), TUESDAY) == opens


def test_the_hours_count_from_the_end_of_the_last_run(db):
    TrainingRun.objects.create(status=S.FAILED, ended_at=TUESDAY)

    assert schedule.opens_at(row(), TUESDAY) == TUESDAY + timedelta(hours=24)


def test_a_paused_schedule_opens_nothing_and_says_so(signed_in, cleo, settings):
    settings.RETRAIN_MIN_NEW_CLIPS = 1
    harvest.corpus(clips_each=1)
    schedule.change(by=cleo, seen=0, is_paused=True)
    paused = schedule.open_due_run(timezone.now())
    page = text(signed_in.get(reverse("training-schedule")))
    schedule.change(by=cleo, seen=1, is_paused=False)

    assert paused is None
    assert "no run opens by itself" in page
    assert schedule.open_due_run(timezone.now()) is not None


def test_she_reads_what_the_next_run_waits_for(signed_in, settings):
    settings.RETRAIN_MIN_NEW_CLIPS = 500
    TrainingRun.objects.create(status=S.FAILED, ended_at=timezone.now())
    harvest.corpus(clips_each=1)
    page = text(signed_in.get(reverse("training-schedule")))

    assert "12 of 500 new clips." in page
    assert "Not before" in page


def test_a_plan_from_the_settings_that_no_run_could_follow_opens_none_and_is_told(signed_in, settings, caplog):
    settings.RETRAIN_PLAN, settings.RETRAIN_MIN_NEW_CLIPS = {"stepz": 3}, 0

    assert schedule.open_due_run(timezone.now()) is None
    assert "a plan has no stepz" in caplog.text
    assert "a plan has no stepz" in text(signed_in.get(reverse("training-schedule")))
    assert "a plan has no stepz" in text(signed_in.get(reverse("run-new")))


def measured_run(*, seconds, speed=10.0, clips=100):
    """A published run that learnt for 60 s and took so long altogether."""
    began = timezone.now() - timedelta(days=1)
    release = Release.objects.create(
        kind="TRAINING", digest=f"{seconds}{speed}".ljust(64, "a"), counts={"clips": clips}
    )
    stages = {"FREEZING": 0, "training": 30, "evaluating": 90}
    told = {stage: (began + timedelta(seconds=second)).isoformat() for stage, second in stages.items()}
    return TrainingRun.objects.create(
        status=S.PUBLISHED, release=release, plan={"preset": "nano"}, ended_at=began + timedelta(seconds=seconds),
        progress={"began": told, "clips_per_second": speed, "device": "a small CPU"},
    )  # fmt: skip


def test_before_any_run_was_measured_the_time_is_not_known(signed_in):
    page = text(signed_in.get(reverse("run-new")))

    assert "not known yet" in page
    assert "No run of this kind was measured yet" in page


def test_the_time_is_reckoned_from_earlier_runs_with_its_doubt(signed_in, settings):
    settings.RETRAIN_PRESET, settings.RETRAIN_PLAN = "nano", {"steps": 600, "batch_seconds": 8.0}
    harvest.corpus(clips_each=1)
    Clip.objects.update(duration_seconds=2.0)
    measured_run(seconds=160)
    alone = estimates.estimate()
    measured_run(seconds=160, speed=5.0)
    both = estimates.estimate()

    # Four clips of two seconds a batch, ten of them a second; and a second a clip for everything else.
    learning = 600 * 4 / 10
    assert (both.clips, both.steps, both.device, both.runs_measured) == (12, 600, "a small CPU", 2)
    assert alone.seconds == pytest.approx(learning + 12)
    assert (alone.seconds_low, alone.seconds_high) == (alone.seconds / 2, alone.seconds * 2)
    assert (both.seconds_low, both.seconds_high) == pytest.approx((learning + 12, 2 * learning + 12))
    page = text(signed_in.get(reverse("run-new")))
    assert "Reckoned from 2 earlier runs on a small CPU" in page


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.2, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (3600, "1 h 0 min"), (90_000, "1 d 1 h")],
)
def test_a_stretch_of_time_is_said_in_two_units(seconds, said):
    assert run_words.lasting(seconds) == said


def test_a_plan_is_refused_without_loading_torch():
    program = "import sys, training.plan as plan; plan.FitPlan.of({}); print({'torch', 'numpy'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
