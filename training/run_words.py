"""What the page of a run says, in the reader's words: its stages with their times, its curve, what happened to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from contributions import plots
from contributions.views.figure_tables import Plot, Table, fraction, whole
from openempathic.audit.models import AuditEvent
from training.models import TrainingRun

# A run's own statuses, and what its child tells inside them, in the order in which they come.
STAGES = {
    "QUEUED": gettext_lazy("Waiting for a trainer"),
    "FREEZING": gettext_lazy("Freezing the release"),
    "TRAINING": gettext_lazy("Fetching the release"),
    "packing": gettext_lazy("Unpacking the sound"),
    "training": gettext_lazy("Learning"),
    "evaluating": gettext_lazy("Evaluating"),
    "exporting": gettext_lazy("Writing the checkpoint"),
    "PUBLISHING": gettext_lazy("Publishing"),
}
MINUTE, HOUR, DAY = 60, 3600, 86_400
ROWS_MAX = 40


@dataclass(frozen=True)
class Stage:
    """One stage: when it began, and how long it took or has taken."""

    label: str
    began_at: datetime
    lasted: str
    is_now: bool


@dataclass(frozen=True)
class Happening:
    """One line of the log."""

    at: datetime
    words: str
    by: str = ""


def stages(run: TrainingRun, *, now: datetime) -> list[Stage]:
    """Every stage that the run came to, in order; a stage ends when the next begins."""
    told = {"QUEUED": run.opened_at.isoformat()} | run.progress.get("began", {})
    began = sorted((moment(told[name]), place, name) for place, name in enumerate(STAGES) if told.get(name))
    ends = [at for at, _place, _name in began[1:]] + [run.ended_at or now]
    return [
        Stage(str(STAGES[name]), at, lasting((end - at).total_seconds()), run.is_active and place == len(began) - 1)
        for place, ((at, _order, name), end) in enumerate(zip(began, ends, strict=True))
    ]


def moment(told: str) -> datetime:
    """The moment that the run's progress tells."""
    found = parse_datetime(told)
    if found is None:
        raise ValueError(f"{told!r} is no moment")
    return found


def lasting(seconds: float) -> str:
    """So many seconds in the two largest units that matter."""
    seconds = max(seconds, 0)
    if seconds < MINUTE:
        return _("%(seconds)s s") % {"seconds": whole(seconds)}
    if seconds < HOUR:
        return _("%(minutes)s min %(seconds)s s") % parts(seconds, minutes=MINUTE, seconds=1)
    if seconds < DAY:
        return _("%(hours)s h %(minutes)s min") % parts(seconds, hours=HOUR, minutes=MINUTE)
    return _("%(days)s d %(hours)s h") % parts(seconds, days=DAY, hours=HOUR)


def parts(seconds: float, /, **units: int) -> dict[str, str]:
    """The seconds in the two units, written."""
    (large, many), (small, few) = units.items()
    count = round(seconds / few)
    return {large: whole(count * few // many), small: whole(count * few % many // few)}


def happenings(run: TrainingRun) -> list[Happening]:
    """What happened to the run, the newest first: what the log of acts has, and what its trainers noted."""
    events = AuditEvent.objects.filter(subject_type=run._meta.label_lower, subject_id=str(run.pk))
    lines = [*acts(events.select_related("actor")), *notes(run.progress.get("happened", []))]
    return sorted(lines, key=lambda line: line.at, reverse=True)


def acts(events: Any) -> Iterator[Happening]:
    """The acts of people and of the run's trainers, as the log has them."""
    labels = {f"training_run.{status.lower()}": label for status, label in TrainingRun.Status.choices}
    said = {
        "training_run.opened": _("Opened"),
        "training_run.paused": _("Paused"),
        "training_run.resumed": _("Resumed: a trainer may take it again"),
    }
    for event in events:
        words = str(said.get(event.act) or labels.get(event.act) or event.act)
        if reason := event.facts.get("reason"):
            words = f"{words}: {reason}"
        yield Happening(event.at, words, by=event.actor.email if event.actor else "")


def notes(happened: list[dict[str, Any]]) -> Iterator[Happening]:
    """What trainers and the child noted; what this version does not know is passed over."""
    said = {
        "attempt": _("Attempt %(attempt)s began"),
        "attempt_failed": _("Attempt %(attempt)s failed: %(reason)s"),
        "brought": _("Its state at step %(step)s was fetched from storage"),
        "resumed": _("Learning went on from step %(step)s"),
        "handed_back": _("Handed back at step %(step)s, since its trainer was stopped"),
        "paused": _("Its trainer let it go at step %(step)s"),
    }
    for note in happened:
        if note["what"] == "dropped":
            words = ngettext(
                "%(clips)s clip that was withdrawn meanwhile was left out",
                "%(clips)s clips that were withdrawn meanwhile were left out",
                note["clips"],
            )
        else:
            words = said.get(note["what"], "")
        if words:
            yield Happening(moment(note["at"]), words % note)


def curves(run: TrainingRun) -> list[Plot]:
    """The loss and, where there is a dev side, the recall, from step to step; none before the first was told."""
    until = run.progress.get("steps") or 1
    found = []
    if losses := values(run, "loss"):
        found.append(
            Plot(
                "loss",
                _("Loss"),
                _("From step to step; it should fall."),
                lambda frame: plots.line(losses, frame, until=until, written=two_digits, counted=whole),
            )
        )
    if recalls := values(run, "recall"):
        found.append(
            Plot(
                "recall",
                _("Recall on dev speakers"),
                _("The mean of the emotions' recalls, of a few clips; it should rise."),
                lambda frame: plots.line(
                    recalls, frame, until=until, span=(0.0, 1.0), written=two_digits, counted=whole
                ),
            )
        )
    return found


def values(run: TrainingRun, name: str) -> list[tuple[float, float]]:
    """The points of the run's curve that have this value."""
    return [(point["step"], point[name]) for point in run.progress.get("curve", []) if name in point]


def two_digits(number: float) -> str:
    """A number with two digits behind the point."""
    return fraction(number)


def table(run: TrainingRun) -> Table | None:
    """The curve as a table of some forty rows, the last one always among them; None while there is no point."""
    curve = run.progress.get("curve", [])
    if not curve:
        return None
    every = -(-len(curve) // ROWS_MAX)
    rows = [point for place, point in enumerate(curve) if (len(curve) - 1 - place) % every == 0 or "recall" in point]
    has_recall = any("recall" in point for point in curve)
    columns = (_("Step"), _("Loss"), _("Recall on dev speakers"))[: 2 + has_recall]
    names = ("step", "loss", "recall")[: 2 + has_recall]
    return Table(columns, tuple(tuple(point.get(name) for name in names) for point in rows))


def readings(run: TrainingRun) -> list[tuple[str, str]]:
    """What is known of the run in numbers, each with its name; nothing that was not told."""
    told = run.progress
    gpu = told.get("gpu") or {}
    speed = told.get("clips_per_second")
    found = [
        (_("Loss"), fraction(told["loss"], digits=3) if told.get("loss") is not None else ""),
        (_("Recall on dev speakers"), fraction(told["recall"]) if told.get("recall") is not None else ""),
        (_("Speed"), _("%(clips)s clips a second") % {"clips": fraction(speed, digits=1)} if speed else ""),
        (_("Device"), device(told)),
        (_("GPU at work"), f"{whole(gpu['use_percent'])} %" if gpu.get("use_percent") is not None else ""),
        (_("GPU memory"), memory(gpu) if gpu else ""),
        (_("Time left for learning"), lasting(told["eta_seconds"]) if is_learning(run) else ""),
        (_("State in storage"), state(run)),
        (_("Clips withdrawn and left out"), whole(told["dropped"]) if told.get("dropped") else ""),
    ]
    return [(name, value) for name, value in found if value]


def is_learning(run: TrainingRun) -> bool:
    """Whether the time left means anything now."""
    return run.is_active and not run.is_paused and run.progress.get("eta_seconds") is not None


def device(told: dict[str, Any]) -> str:
    """What it learns on, and in how many processes where there are several."""
    name = str(told.get("device") or "")
    return f"{name} × {told['processes']}" if name and told.get("processes", 1) > 1 else name


def memory(gpu: dict[str, Any]) -> str:
    """How much of the GPU's memory is taken."""
    facts = {"taken": fraction(gpu["memory_gib"], digits=1), "of": fraction(gpu["memory_total_gib"], digits=1)}
    return _("%(taken)s of %(of)s GiB") % facts


def state(run: TrainingRun) -> str:
    """Up to which step another machine could take the run up."""
    step = run.kept_state.get("step")
    return _("up to step %(step)s") % {"step": whole(step)} if step else ""
