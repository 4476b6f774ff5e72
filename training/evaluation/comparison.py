"""Candidate and champion hear the same clips through the same code: what the gate weighs, clip by clip.

The champion's files lie in the run's folder, where the parent verified them. What is written here never leaves the
site: it names clips and speakers. Of a model that is the first there is nothing to compare with but chance and log-mel
statistics, so those are asked instead.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.clara import Clara, CorruptCheckpoint
from training.clara.checkpoint import write_durably
from training.evaluation import probe, regressions
from training.evaluation.disturbances import DISTURBANCES
from training.evaluation.facts import CHAMPION, COMPARISON
from training.evaluation.hearing import Heard, Listening
from training.packing import Packed, PackedClip

FORMAT = "openempathic-comparison/1"
# Of scores in single precision, digits beyond these say nothing.
DIGITS = 6


@dataclass(frozen=True)
class Rivals:
    """A candidate and the champion it is to be better than: None where there is none, or where it cannot be loaded."""

    candidate: Clara
    champion: Clara | None
    champion_digest: str | None = None
    champion_fault: str = ""

    def listening(self, packed: Packed) -> Listening:
        """What both make of the clips, for all who ask."""
        return Listening(packed, [self.candidate, *([self.champion] if self.champion else [])])


def rivals(candidate: Clara, folder: Path) -> Rivals:
    """The candidate beside the champion whose files lie under champion/ in the run's folder, named by its digest."""
    place = next((place for place in sorted((folder / CHAMPION).glob("*")) if place.is_dir()), None)
    if place is None:
        return Rivals(candidate, None)
    try:
        return Rivals(candidate, Clara.load(place, device=candidate.device), place.name)
    except CorruptCheckpoint as reason:
        # Its bytes are what was published: this version of us cannot load it, and no worker of this version can either.
        return Rivals(candidate, None, place.name, str(reason))


def write(
    both: Rivals,
    packed: Packed,
    folder: Path,
    *,
    listening: Listening | None = None,
    without: frozenset[str] = frozenset(),
) -> None:
    """Leave comparison.json in the run's folder, durably."""
    told = compare(both, packed, listening=listening or both.listening(packed), without=without)
    told |= {"champion_digest": both.champion_digest, "champion_fault": both.champion_fault}
    write_durably(folder / COMPARISON, json.dumps(told, ensure_ascii=False).encode())


def compare(
    both: Rivals, packed: Packed, *, listening: Listening, without: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """What both say of every labelled test clip: scores in the order of `labels`, and what they hear when disturbed.

    A clip is left out where neither of them knows its emotion.
    """
    candidate, champion = both.candidate, both.champion
    known = {*candidate.labels, *(champion.labels if champion else ())}
    clips = [clip for clip in packed.split("test", without=without) if clip.emotion in known]
    heard = {"candidate": Heard(candidate, packed, clips, listening=listening)}
    if champion:
        heard["champion"] = Heard(champion, packed, clips, listening=listening)
    rows = [about(clip) for clip in clips]
    for name, one in heard.items():
        for row, scores in zip(rows, one.probabilities.tolist() if clips else [], strict=True):
            row[name] = [round(score, DIGITS) for score in scores]
    shared = [name for name in candidate.labels if champion and name in champion.labels]
    if len(shared) > 1:
        add_disturbed(rows, heard, shared=shared)
    else:
        add_log_mel(rows, candidate, packed, clips, without=without)
    return {
        "format": FORMAT,
        "release_digest": packed.release_digest,
        "labels": {name: list(one.clara.labels) for name, one in heard.items()},
        "clips": rows,
    }


def about(clip: PackedClip) -> dict[str, Any]:
    """Which clip it is, what was heard in it, and to which groups its speaker belongs as far as the release says."""
    return {
        "key": clip.key,
        "truth": clip.emotion,
        "language": clip.language,
        "speaker": clip.speaker,
        "gender": clip.gender,
        "age_band": clip.age_band,
    }


def add_disturbed(rows: Sequence[dict[str, Any]], heard: dict[str, Heard], *, shared: Sequence[str]) -> None:
    """Under each disturbance the likeliest of the emotions that both know; both hear the very same sound."""
    if not rows or not shared:
        return
    columns = {who: [list(one.clara.labels).index(name) for name in shared] for who, one in heard.items()}
    for name in DISTURBANCES:
        for who, one in heard.items():
            likeliest = one.under(name)[:, columns[who]].argmax(axis=1)
            for row, place in zip(rows, likeliest, strict=True):
                row.setdefault("disturbed", {}).setdefault(name, {})[who] = shared[place]


def add_log_mel(
    rows: Sequence[dict[str, Any]],
    candidate: Clara,
    packed: Packed,
    clips: Sequence[PackedClip],
    *,
    without: frozenset[str],
) -> None:
    """What a regression on log-mel statistics, trained on the same speakers, says of each clip."""
    train = [clip for clip in packed.split("train", without=without) if clip.emotion in candidate.labels]
    if not train or not clips:
        return
    pictures = np.concatenate([regressions.mel_statistics(candidate, packed, some) for some in (train, clips)])
    said = probe.predicted({"log-mel": pictures}, Heard(candidate, packed, train), Heard(candidate, packed, clips))
    for row, emotion in zip(rows, said, strict=True):
        row["log_mel"] = emotion
