"""Each round adds speakers, and the figure on unseen ones grows.

`OE_SPEECH=FOLDER ./run bench tests/benchmarks/test_growth.py`: a site by itself, the gate closed. Licensed speech comes
in a few speakers at a time, workers screen it, the schedule opens a run, the trainer trains on the fixed base, judges
and publishes what is better. With the folder RAVDESS (24 speakers, six of them for the test, two for choosing); without
it Polish Speech Emotions, which can be had wherever Python packages can (five men, two of them for the test: it shows
that the loop turns). The table and the plot are left in var/benchmarks/growth.md and growth.svg.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from contributions.plots import WIDE, Bar, Frame, lying
from tests import sites
from tests.benchmarks.corpora import CACHE
from tests.benchmarks.tables import markdown
from tests.unattended import Corpus, Round, Rounds, again
from training.corpora import polish_speech_emotions

pytestmark = pytest.mark.soak
SPEECH = os.environ.get("OE_SPEECH", "")
# Of a hundred new clips one or two are not usable; the schedule waits for most of a round's.
WAITS_FOR = 0.9


@pytest.fixture
def corpus(tmp_path):
    return ravdess(Path(SPEECH)) if SPEECH else polish(tmp_path / "polish")


def ravdess(folder: Path) -> tuple[Corpus, list[list[str]]]:
    """Actors 1 to 24, and who comes in which round: the test and 2 to learn from, then 2, 4 and 8 more."""
    with (folder / "labels.tsv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["corpus"] == "ravdess"]
    wanted = ("path", "speaker", "emotion", "language", "gender", "text")
    rows = [{name: row[name] for name in wanted} for row in rows]
    names = sorted({row["speaker"] for row in rows})
    train, dev, test = names[:16], names[16:18], names[18:]
    sides = {**dict.fromkeys(train, "train"), **dict.fromkeys(dev, "dev"), **dict.fromkeys(test, "test")}
    made = Corpus("ravdess", folder, rows, sides, "CC-BY-NC-SA-4.0", is_commercial=False)
    return made, [[*test, *dev, *train[:2]], train[2:4], train[4:8], train[8:]]


def polish(folder: Path) -> tuple[Corpus, list[list[str]]]:
    """Five men: two for the test, then one more to learn from in each round."""
    labels = polish_speech_emotions.fetch(folder)
    with labels.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    names = sorted({row["speaker"] for row in rows})
    sides = {**dict.fromkeys(names[:3], "train"), **dict.fromkeys(names[3:], "test")}
    made = Corpus("polish-speech-emotions", folder, rows, sides, polish_speech_emotions.LICENCE)
    return made, [[*names[3:], names[0]], [names[1]], [names[2]]]


def test_each_round_adds_speakers_and_the_figure_on_unseen_ones_grows(corpus, tmp_path, monkeypatch):
    # Hundreds of clips are screened and learnt from in a round.
    monkeypatch.setattr(sites, "PATIENCE_SECONDS", 3600)
    told, parts = corpus
    environment = {
        "OE_RETRAIN_EVERY_HOURS": "0",
        "OE_SEED_HEAD": "off",
    }
    lines = []
    with sites.site(tmp_path, environment) as site:
        rounds = Rounds(site, told, tmp_path)
        for number, part in enumerate(parts, start=1):
            clips = sum(row["speaker"] in part for row in told.rows)
            again(site, OE_RETRAIN_MIN_NEW_CLIPS=str(int(WAITS_FOR * clips)))
            rounds.take_in(part)
            rounds.accept()
            lines.append(line(number, rounds.ended(number), learners(told, parts[:number])))
            sys.__stderr__.write(f"{lines[-1]}\n")
    write(lines, told.name)

    assert {one.status for one in lines} <= {"PUBLISHED", "REJECTED"}


def learners(corpus: Corpus, parts: Sequence[Sequence[str]]) -> int:
    """How many speakers there are to learn from."""
    return sum(corpus.sides[speaker] == "train" for part in parts for speaker in part)


@dataclass(frozen=True)
class Line:
    """What one round came to."""

    number: int
    speakers: int
    status: str
    uar: float | None
    low: float | None
    high: float | None
    reason: str

    @property
    def written(self) -> str:
        """The figure with its interval, in words."""
        if self.uar is None:
            return "not measured"
        return f"{self.uar:.3f}" + (f" [{self.low:.3f}, {self.high:.3f}]" if self.low is not None else "")


def line(number: int, ended: Round, speakers: int) -> Line:
    """The round's figure on the test speakers: of the checkpoint, or of the candidate that was turned away."""
    told = ended.progress
    interval = told.get("interval") or {}
    return Line(
        number, speakers, ended.status, told.get("uar"), interval.get("low"), interval.get("high"), ended.reason
    )


def write(lines: Sequence[Line], corpus: str) -> None:
    """The table and the plot, where the other benchmarks leave theirs."""
    CACHE.mkdir(parents=True, exist_ok=True)
    rows = [(one.number, one.speakers, one.status, one.written, one.reason) for one in lines]
    head = ("round", "speakers learnt from", "ended", "UAR of suggestions, unseen speakers", "reason")
    (CACHE / "growth.md").write_text(markdown(head, rows), encoding="utf-8")
    frame = Frame("The figure on unseen speakers, round by round", f"{corpus}, with 95 % intervals", "en", width=WIDE)
    bars = [
        Bar(f"Round {one.number}: {one.speakers} speakers", one.uar, one.written, one.low, one.high) for one in lines
    ]
    (CACHE / "growth.svg").write_bytes(lying(bars, frame, bound=1.0))
