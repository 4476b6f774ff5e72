"""What a run would come to, before it is started: its clips, its steps, and how long by what earlier runs measured.

A release may hold fewer clips than are counted here, since no contributor exceeds a share of it. What we do not know:
on which machine the next trainer runs, so that the newest measured device is taken; and how busy that will be.
"""

from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from django.db.models import Count, Sum

from contributions.models import Clip, Purpose
from training import schedule
from training.models import TrainingRun
from training.plan import FitPlan

RUNS_LOOKED_AT = 20
# With one measured run nothing is known of how runs differ: half as long and twice as long are both believed.
ALONE_LOW, ALONE_HIGH = 0.5, 2.0


@dataclass(frozen=True)
class Measured:
    """What an earlier run took, on which device."""

    device: str
    clips_per_second: float
    other_seconds_per_clip: float


@dataclass(frozen=True)
class Estimate:
    """A run that is not opened yet; the seconds are None while no run of its preset was measured."""

    preset: str
    clips: int
    sound_seconds: float
    steps: int
    device: str = ""
    runs_measured: int = 0
    seconds: float | None = None
    seconds_low: float | None = None
    seconds_high: float | None = None


def estimate(plan: dict[str, Any] | None = None) -> Estimate:
    """What the next run would come to by the schedule's plan, or by this one; raises UnusablePlan."""
    row = schedule.current()
    fit = FitPlan.of(plan or {"preset": row.preset, **row.plan})
    clips, sound_seconds = waiting()
    fit = fit.suited_to(sound_seconds)
    known = measured(fit.preset)
    found = Estimate(fit.preset, clips, sound_seconds, fit.steps)
    if not known or not clips:
        return found
    # Batches are cut by their seconds of sound, so that short clips make large batches.
    batch = min(clips, fit.batch_seconds / max(sound_seconds / clips, 0.1))
    seconds = [fit.steps * batch / run.clips_per_second + clips * run.other_seconds_per_clip for run in known]
    middle = median(seconds)
    low, high = (min(seconds), max(seconds)) if len(seconds) > 1 else (ALONE_LOW * middle, ALONE_HIGH * middle)
    return Estimate(fit.preset, clips, sound_seconds, fit.steps, known[0].device, len(known), middle, low, high)


def waiting() -> tuple[int, float]:
    """How many clips could be learnt from now, and their sound in seconds."""
    accepted = Clip.objects.filter(status=Clip.Status.ACCEPTED).covered_by(Purpose.TRAIN_MODELS)
    told = accepted.aggregate(clips=Count("pk"), seconds=Sum("duration_seconds"))
    return told["clips"], told["seconds"] or 0.0


def measured(preset: str) -> list[Measured]:
    """Earlier runs of the preset that came to their end, the newest first, on the device of the newest."""
    over = (TrainingRun.Status.PUBLISHED, TrainingRun.Status.REJECTED)
    runs = TrainingRun.objects.filter(status__in=over, plan__preset=preset).select_related("release")
    found = [told for run in runs.order_by("-ended_at")[:RUNS_LOOKED_AT] if (told := measured_of(run))]
    return [each for each in found if each.device == found[0].device]


def measured_of(run: TrainingRun) -> Measured | None:
    """What the run took; None where it was interrupted so that nobody knows, or did not tell."""
    told, began = run.progress, run.progress.get("began", {})
    speed, clips = told.get("clips_per_second"), (run.release.counts.get("clips", 0) if run.release else 0)
    if not speed or not clips or not run.ended_at or not {"FREEZING", "training", "evaluating"} <= began.keys():
        return None
    training = moment(began["evaluating"]) - moment(began["training"])
    every = run.ended_at - moment(began["FREEZING"])
    return Measured(told.get("device", ""), speed, max((every - training).total_seconds(), 0.0) / clips)


def moment(told: str) -> datetime:
    """The moment that a run's progress tells."""
    return datetime.fromisoformat(told)
