"""The loop without hands, on real emotional speech: what `./run demo` does.

A licensed corpus comes in through intake; workers screen it; its clips are accepted on the strength of its labels; beat
opens the run; five models, each trained without one speaker, give an honest figure; the trainer trains on the split
file and publishes; and the new champion suggests labels for the speaker it has never heard.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db.models import Count
from django.utils import timezone

from contributions import corpora
from contributions.listening import prelabelling
from contributions.models import Clip, LicenceGrant, Release, Suggestion
from contributions.models.contributor import Split
from contributions.releasing import releases
from openempathic import supervisor
from openempathic.registry.champion import champion
from training import packing
from training.corpora import polish_speech_emotions as corpus
from training.gate import words
from training.models import TrainingRun

PATIENCE_SECONDS = 600
WAYS = {
    "suggestion": "CLARA",
    "probe": "probe on CLARA",
    "bare_tower": "probe on the bare tower",
    "log_mel_baseline": "log-mel regression",
}


class Stalled(Exception):
    """A stage of the loop did not come to its end in time."""


@dataclass
class Report:
    """What the demo measured."""

    seconds: dict[str, float] = field(default_factory=dict)
    rows: list[tuple[str, str]] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str, say: Callable[[str], None]) -> Iterator[None]:
        """Time one stage, and say when it begins."""
        say(f"{name} ...")
        began = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - began

    def table(self) -> str:
        """Everything as a Markdown table."""
        rows = [*self.rows, *((f"seconds: {name}", f"{taken:.0f}") for name, taken in self.seconds.items())]
        rows.append(("seconds: all", f"{sum(self.seconds.values()):.0f}"))
        return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]) + "\n"


def demonstrate(folder: Path, *, say: Callable[[str], None]) -> Report:
    """Turn the loop once and return what was measured; raises Stalled where it stands still."""
    report = Report()
    with report.stage("fetching the corpus", say):
        labels = corpus.fetch(folder / "corpus")
    with workers(folder):
        with report.stage("intake and screening", say):
            permission = take_in(labels)
        with report.stage("freezing", say):
            release = releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by="demo", folder=folder / "release")
        with report.stage("five unseen speakers", say):
            figures = unseen_speakers(folder)
        with report.stage("training and publishing", say):
            retrain()
        with report.stage("suggesting for the held-out speaker", say):
            right, suggested = suggest(permission)
    report.rows += rows(permission, release, figures, right, suggested)
    (folder / "table.md").write_text(report.table())
    return report


@contextmanager
def workers(folder: Path) -> Iterator[None]:
    """A Celery worker and beat, as the site runs them, for as long as the demo lasts."""
    demo = os.getpid()
    with (folder / "workers.log").open("ab") as log:
        started = [
            subprocess.Popen(  # noqa: S603
                supervisor.started_as(supervisor.COMMANDS[name]),
                stdout=log,
                stderr=log,
                preexec_fn=lambda: supervisor.die_with(demo),
            )
            for name in ("worker", "beat")
        ]
        try:
            yield
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(timeout=30)


def take_in(labels: Path) -> LicenceGrant:
    """Import the corpus and wait until the workers have screened it and every sound clip is accepted."""
    call_command(
        "import_corpus",
        corpus.CORPUS,
        folder=labels.parent,
        labels=labels,
        split=corpus.SPLIT,
        licence=corpus.LICENCE,
        source=corpus.SOURCE,
        wait=PATIENCE_SECONDS,
    )
    permission = LicenceGrant.objects.get(corpus=corpus.CORPUS)
    if Clip.objects.filter(licence=permission, status=Clip.Status.STORED).exists():
        raise Stalled("the workers did not screen every clip; see workers.log")
    corpora.accept_annotated(permission)
    return permission


def unseen_speakers(folder: Path) -> dict[str, Any]:
    """Five models, each trained without one speaker, in a child that knows no Django; their pooled figures."""
    plan, out = folder / "folds-plan.json", folder / "folds.json"
    plan.write_text(json.dumps({"preset": settings.RETRAIN_PRESET} | settings.RETRAIN_PLAN))
    packing.pack(folder / "release", folder / "packed")
    command = [sys.executable, "-m", "training.evaluation.folds"]
    command += ["--packed", str(folder / "packed"), "--plan", str(plan), "--out", str(out)]
    subprocess.run(command, check=True, cwd=settings.BASE_DIR)  # noqa: S603
    figures: dict[str, Any] = json.loads(out.read_text())
    return figures


def retrain() -> None:
    """Wait for the run that beat opens, and let a trainer take it to its end."""
    wait_for(lambda: TrainingRun.objects.exists(), "beat opened no training run")
    subprocess.run(
        [sys.executable, "manage.py", "trainer", "--once"], check=True, cwd=settings.BASE_DIR, env=os.environ
    )
    run = TrainingRun.objects.latest("opened_at")
    if run.status != TrainingRun.Status.PUBLISHED:
        raise Stalled(f"the run ended as {run.status}: {run.status_reason}")


def suggest(permission: LicenceGrant) -> tuple[int, int]:
    """Let the champion hear the held-out speaker's clips; how many it named as the corpus does, of how many."""
    unheard = Clip.objects.filter(licence=permission, status=Clip.Status.ACCEPTED, contributor__split=Split.TEST)
    for clip in unheard:
        prelabelling.owe(clip)
    holder = champion()
    made = Suggestion.objects.filter(checkpoint=holder, clip__in=unheard, scores__isnull=False)
    wait_for(lambda: made.count() == unheard.count(), "the workers did not make every suggestion; see workers.log")
    labelled = made.select_related("clip").prefetch_related("clip__annotations")
    right = sum(row.emotion == row.clip.annotations.all()[0].emotion for row in labelled)
    return right, made.count()


def wait_for(is_so: Callable[[], bool], otherwise: str) -> None:
    """Look every second until it is so; raises Stalled after ten minutes."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > until:
            raise Stalled(otherwise)
        time.sleep(1)


def rows(
    permission: LicenceGrant, release: Release, figures: dict[str, Any], right: int, suggested: int
) -> Iterator[tuple[str, str]]:
    """The table's lines about clips, figures and champion."""
    clips = Clip.objects.filter(licence=permission)
    yield "clips in", str(clips.count())
    unusable = clips.filter(status="UNUSABLE")
    yield "unusable", str(unusable.count())
    for row in unusable.values("status_reason").annotate(count=Count("pk")).order_by():
        yield f"of these {row['status_reason']}", str(row["count"])
    yield "accepted", str(clips.filter(status="ACCEPTED").count())
    yield "release", release.digest[:12]
    chance = figures["chance"]
    for way, name in WAYS.items():
        if way not in figures:
            continue
        interval = figures[way]["interval"]
        bounds = f"[{interval['low']:.3f}, {interval['high']:.3f}]"
        yield f"UAR on five unseen speakers, {name}", f"{figures[way]['uar']:.3f} {bounds}"
    yield "chance", f"{chance:.3f}"
    holder = champion()
    yield "champion", f"{holder.version} ({holder.preset})" if holder else "none"
    yield "suggested as labelled, held-out speaker", f"{right} of {suggested}"
    against = TrainingRun.objects.latest("opened_at").verdict.get("against", [])
    yield "what a closed gate would have said", " ".join(map(words.said, against)) or "it passes"
