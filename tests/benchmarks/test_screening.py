"""Screening against real speech, whole and broken: `OE_SPEECH=FOLDER ./run bench tests/benchmarks/test_screening.py`.

With the folder (a labels.tsv of RAVDESS and nEMO) some 12,000 clips of 12 sources; without it a few hundred of what
Debian and PyPI give; in the tests the nine clips of tests/sounds. The tables are left in var/benchmarks/screening.md;
docs/benchmarks/screening.md says how each sound was made.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import dataclass

import pytest

from contributions.taxonomy import screening
from tests.benchmarks import corpora, report, screened, takes, twins
from tests.benchmarks.tables import Judged

IS_BENCHMARK = "OE_BENCH" in os.environ
REPORT = corpora.CACHE / "screening.md"
UNUSABLE_AT_MOST = 0.005
CAUGHT_AT_LEAST = 0.98
NOTICED_AT_LEAST = 0.95
# Each of these is noticed by whoever hears it. Weaker ones stand in the table only.
PLAIN = ("alone", " 0 dB below the voice", "telephone")
DISTRACTORS = 300


@dataclass(frozen=True)
class Pass:
    """One pass over everything."""

    judged: list[Judged]
    missing: list[str]

    def of(self, group: str) -> list[Judged]:
        """The takes of one group."""
        return [one for one in self.judged if one.screened.take.group == group]


@pytest.fixture(scope="module")
def size():
    return (takes.WHOLE if corpora.SPEECH else takes.SMALL) if IS_BENCHMARK else takes.SEED


@pytest.fixture(scope="module")
def found():
    if not IS_BENCHMARK:
        return {corpora.SEED: corpora.seeds()}, []
    clips, missing = corpora.gathered(with_large=bool(corpora.SPEECH))
    assert clips, f"There is no speech here to hold screening against. {' '.join(missing)}"
    return clips, missing


@pytest.fixture(scope="module")
def passed(found, size):
    table = screening.rules()
    clips, missing = found
    judged = [Judged(one, one.finding(table)) for one in screened.screened(takes.everything(clips, size), told)]
    # A whisper counts twice: before its speaker has said that it is one, and after.
    said = [Judged(one.screened, one.screened.finding(table, ["whisper"]), "whispered, and said so")
            for one in judged if one.screened.take.kind == "whispered"]  # fmt: skip
    made = Pass(judged + said, missing)
    if IS_BENCHMARK:
        REPORT.write_text(report.screening(made.judged, clips, missing))
        told(f"the tables are in {REPORT.relative_to(corpora.HERE)}")
    return made


def told(line):
    """Say how far it is: a whole pass takes minutes."""
    if IS_BENCHMARK:
        sys.__stderr__.write(f"{line}\n")


def test_there_is_enough_real_speech(passed):
    real = passed.of("real")

    if corpora.SPEECH and IS_BENCHMARK:
        assert len(real) >= 2_000
        assert len({one.screened.take.base.source for one in real}) >= 5
    assert real


def test_hardly_any_real_clip_is_called_unusable(passed):
    real = passed.of("real")

    unusable = [one.screened.take.base.name for one in real if not one.finding.is_usable]

    assert len(unusable) <= UNUSABLE_AT_MOST * len(real), unusable


def test_no_emotion_is_called_unusable_more_than_twice_as_often_as_another(passed):
    """An emotion of which no clip is unusable counts as if one were: chance alone may make one of two."""
    acted = [one for one in passed.of("real") if one.screened.take.base.emotion]
    clips = Counter(one.screened.take.base.emotion for one in acted)
    unusable = Counter(one.screened.take.base.emotion for one in acted if not one.finding.is_usable)

    heard = [emotion for emotion, count in clips.items() if count >= 100]
    highest = max((unusable[emotion] / clips[emotion] for emotion in heard), default=0)
    lowest = min((max(unusable[emotion], 1) / clips[emotion] for emotion in heard), default=1)

    assert highest <= 2 * lowest, unusable


def test_broken_clips_are_caught(passed):
    """A pause cut out of a clip stands in the table only: breath and clicks in it pass for speech, with a warning."""
    broken = [one for one in passed.of("broken") if one.screened.take.kind != takes.PAUSE]

    missed = [(one.kind, one.screened.take.base.name, one.screened.detail) for one in broken if one.finding.is_usable]

    assert {one.kind for one in broken} == set(takes.BROKEN)
    assert len(missed) <= (1 - CAUGHT_AT_LEAST) * len(broken), missed


@pytest.mark.django_db
def test_what_came_in_before_is_known_in_any_container(found, size):
    clips, _missing = found
    again = takes.evenly(clips, size.broken, "uploads")
    others = [clip for clip in takes.evenly(clips, DISTRACTORS + len(again), "others") if clip not in again]

    shelf = twins.Shelf()
    shelf.fill([*again, *others[:DISTRACTORS]])
    uploads = shelf.again(again)

    if IS_BENCHMARK:
        with REPORT.open("a") as file:
            file.write(report.twins(uploads, shelf))
    assert sum(upload.is_right for upload in uploads) >= CAUGHT_AT_LEAST * len(uploads)


def test_what_everybody_hears_is_at_least_warned_of(passed):
    doubtful = [one for one in passed.of("doubtful") if any(part in one.screened.take.kind for part in PLAIN)]

    unnoticed = Counter(one.screened.take.kind for one in doubtful if not one.is_noticed)

    assert unnoticed.total() <= (1 - NOTICED_AT_LEAST) * len(doubtful), unnoticed


@pytest.mark.parametrize("kind", takes.UNUSUAL)
def test_whispered_shouted_and_quiet_voices_are_not_refused(passed, kind):
    unusual = [one for one in passed.of("unusual") if one.screened.take.kind == kind]

    refused = [(one.screened.take.base.name, one.finding.reason) for one in unusual if not one.finding.is_usable]

    assert len(refused) <= UNUSABLE_AT_MOST * len(unusual), refused
