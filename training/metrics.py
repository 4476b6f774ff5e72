"""Gauges of training: runs by status, the one under way, and how the last one ended."""

from collections.abc import Iterator

from django.db.models import Count
from django.utils import timezone

from openempathic.metrics import Gauge
from training.models import TrainingRun

S = TrainingRun.Status
ENDED = (S.PUBLISHED, S.REJECTED, S.FAILED, S.CANCELLED)


def gauges() -> Iterator[Gauge]:
    """Every gauge of training."""
    yield by_status()
    yield from under_way()
    yield from last_ended()


def by_status() -> Gauge:
    """How many runs there are of each status."""
    runs = Gauge("openempathic_training_runs", "Training runs by status.", ("status",))
    for status in S.values:
        runs.say(0, status)
    for status, count in TrainingRun.objects.values_list("status").annotate(count=Count("pk")).order_by():
        runs.say(count, status)
    return runs


def under_way() -> Iterator[Gauge]:
    """How far the run is that has not ended, how old, and whether its trainer is there; nothing where there is none."""
    age = Gauge("openempathic_training_run_age_seconds", "Age of the run that has not ended.")
    share = Gauge("openempathic_training_run_progress_ratio", "Its steps taken, of all: 0 to 1.")
    silent = Gauge(
        "openempathic_training_run_lease_expired_seconds",
        "For how long no trainer has held the run that has not ended, though one did; 0 while one does.",
    )
    attempts = Gauge("openempathic_training_run_attempts", "Attempts at the run that has not ended.")
    paused = Gauge("openempathic_training_run_paused", "1 while a curator has paused the run, else 0.")
    run, now = TrainingRun.objects.filter(status__in=TrainingRun.ACTIVE).order_by("opened_at").first(), timezone.now()
    if run is not None:
        age.say((now - run.opened_at).total_seconds())
        steps = run.progress.get("steps")
        share.say(run.progress.get("step", 0) / steps if steps else 0)
        silent.say(max(0.0, (now - run.lease_expires_at).total_seconds()) if run.lease_expires_at else 0)
        attempts.say(run.attempts)
        paused.say(run.is_paused)
    yield from (age, share, silent, attempts, paused)


def last_ended() -> Iterator[Gauge]:
    """How the last run ended, and when."""
    outcome = Gauge(
        "openempathic_training_last_outcome", "1 for the way in which the last run ended, 0 for others.", ("status",)
    )
    ago = Gauge("openempathic_training_last_ended_age_seconds", "How long ago the last run ended.")
    last = TrainingRun.objects.filter(status__in=ENDED, ended_at__isnull=False).order_by("-ended_at").first()
    for status in ENDED:
        outcome.say(last is not None and last.status == status, str(status))
    if last is not None and last.ended_at is not None:
        ago.say((timezone.now() - last.ended_at).total_seconds())
    yield from (outcome, ago)
