"""Candidate and champion hear the same clips through the same code: what the gate weighs, clip by clip.

The champion's files lie in the run's folder, where the parent verified them. What is written here never leaves the
site: it names clips and speakers. Of a model that is the first there is nothing to compare with but chance and log-mel
statistics, so those are asked instead.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.clara import Clara, CorruptCheckpoint
from training.clara.checkpoint import write_durably
from training.evaluation import probe, regressions
from training.evaluation.disturbances import DISTURBANCES, disturbed
from training.evaluation.facts import CHAMPION, COMPARISON
from training.evaluation.hearing import Heard
from training.packing import Packed, PackedClip

FORMAT = "openempathic-comparison/1"
# Of scores in single precision, digits beyond these say nothing.
DIGITS = 6


def write(candidate: Clara, packed: Packed, folder: Path, *, without: frozenset[str] = frozenset()) -> None:
    """Leave comparison.json in the run's folder, durably; the champion is the one whose files lie under champion/."""
    place, champion, fault = champion_in(folder), None, ""
    try:
        champion = Clara.load(place, device=candidate.device) if place else None
    except CorruptCheckpoint as reason:
        # Its bytes are what was published: this version of us cannot load it, and no worker of this version can either.
        fault = str(reason)
    told = compare(candidate, champion, packed, without=without)
    told |= {"champion_digest": place.name if place else None, "champion_fault": fault}
    write_durably(folder / COMPARISON, json.dumps(told, ensure_ascii=False).encode())


def champion_in(folder: Path) -> Path | None:
    """The folder with the champion's files, named by its digest; None where the parent brought none."""
    return next((place for place in sorted((folder / CHAMPION).glob("*")) if place.is_dir()), None)


def compare(
    candidate: Clara, champion: Clara | None, packed: Packed, *, without: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """What both say of every labelled test clip: scores in the order of `labels`, and what they hear when disturbed.

    A clip is left out where neither of them knows its emotion.
    """
    known = {*candidate.labels, *(champion.labels if champion else ())}
    clips = [clip for clip in packed.split("test", without=without) if clip.emotion in known]
    heard = {"candidate": Heard(candidate, packed, clips)}
    if champion:
        heard["champion"] = Heard(champion, packed, clips)
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
    clips, packed = heard["candidate"].clips, heard["candidate"].packed
    for name in DISTURBANCES:
        waveforms = [disturbed(packed.waveform(clip), clip.key, name=name) for clip in clips]
        for who, one in heard.items():
            likeliest = one.clara.scores(waveforms).cpu().numpy()[:, columns[who]].argmax(axis=1)
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
