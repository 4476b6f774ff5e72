"""What a gain may not cost: no language, group, disturbance nor honesty about itself may be credibly worse.

A guard fails where even the kind end of its interval lies below minus a margin. Many guards are asked at once, and one
of twenty would fail an equal by chance: the five per cent are shared among all of them (Bonferroni, which needs no
assumption about how they hang together, and they do: a language's clips are also some gender's). What a guard could not
have seen is told with it: of few voices nothing is known, and silence is no praise.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from training.evaluation import bootstrap, figures
from training.gate.weighing import FEWEST_CLIPS, FEWEST_SPEAKERS, Heard, Known, detectable, difference, speaks_enough
from training.seed.calibration import BINS

# The chance that some guard fails a candidate that is worse nowhere.
RISK = 0.05
# Losses under these do not matter enough to keep a better model back: two points of recall, five of calibration error,
# which swings from one training to the next and which a temperature mends.
MARGIN, CALIBRATION_MARGIN = 0.02, 0.05

GROUPS: dict[str, Callable[[Mapping[str, Any]], str | None]] = {
    "language": lambda row: row["language"],
    "gender": lambda row: row.get("gender"),
    "age": lambda row: row.get("age_band"),
    "language and gender": lambda row: f"{row['language']} {row['gender']}" if row.get("gender") else None,
}


@dataclass(frozen=True)
class Guard:
    """One thing that may not be worse: a figure of both, where more is better, and their difference in every draw."""

    kind: str
    name: str
    candidate: float
    champion: float
    drawn: bootstrap.Drawn = field(repr=False)
    clips: int
    speakers: int


@dataclass(frozen=True)
class Unjudged:
    """A group that is too small to say anything of."""

    kind: str
    name: str
    clips: int
    speakers: int


def guard(clips: Heard, known: Known) -> dict[str, Any]:
    """Every guard with its bounds and what it could have seen, which are credibly worse, and what was not judged."""
    asked = list(every(clips, known))
    guards = [one for one in asked if isinstance(one, Guard)]
    tail = RISK / max(1, len(guards))
    return {
        "guards": [facts(one, tail) for one in guards],
        "tail": tail,
        "correction": f"Bonferroni: {RISK:g} shared by {len(guards)}",
        "unjudged": [vars(one) for one in asked if isinstance(one, Unjudged)],
    }


def facts(one: Guard, tail: float) -> dict[str, Any]:
    """A guard in numbers; `could_see` is the smallest true loss that would fail it with a power of 0.8."""
    high, seen = one.drawn.most(tail), detectable(one.drawn, tail)
    margin = CALIBRATION_MARGIN if one.kind == "calibration" else MARGIN
    return {
        "kind": one.kind,
        "name": one.name,
        "candidate": one.candidate,
        "champion": one.champion,
        "difference": {"value": one.candidate - one.champion, "low": one.drawn.least(tail), "high": high},
        "margin": margin,
        "is_credibly_worse": high is not None and high < -margin,
        "could_see": None if seen is None else seen + margin,
        "clips": one.clips,
        "speakers": one.speakers,
    }


def every(clips: Heard, known: Known) -> Iterator[Guard | Unjudged]:
    """All guards, in a fixed order."""
    is_of_several_languages = len({row["language"] for row in clips.rows}) > 1
    for kind, name_of in GROUPS.items():
        # Of one language both together are gender again, and a guard asked twice would make every guard duller.
        if kind != "language and gender" or is_of_several_languages:
            yield from by_group(clips, known, kind, [name_of(row) for row in clips.rows])
    yield from disturbed(clips, known)
    yield from calibrated(clips, known)


def by_group(clips: Heard, known: Known, kind: str, names: Sequence[str | None]) -> Iterator[Guard | Unjudged]:
    """The recall in each group that is large enough, and that of whichever fares worst.

    A group that holds every clip is the primary figure again, and no guard.
    """
    large = []
    for name in sorted({name for name in names if name}):
        own = clips.where([of == name for of in names])
        if len(own.rows) == len(clips.rows):
            return
        if not speaks_enough(own):
            yield Unjudged(kind, name, len(own.rows), len(set(own.speakers)))
            continue
        large.append(name)
        ours, theirs = own.said("candidate"), own.said("champion")
        _, drawn = difference(own.truth, ours, theirs, own.speakers, known)
        recalls = figures.uar(own.truth, ours), figures.uar(own.truth, theirs)
        yield Guard(kind, name, *recalls, drawn, len(own.rows), len(set(own.speakers)))
    if len(large) > 1:
        yield worst(clips, known, kind, names, large)


def worst(clips: Heard, known: Known, kind: str, names: Sequence[str | None], large: Sequence[str]) -> Guard:
    """The recall of each model's own worst group: what the least well heard may expect of it."""
    columns: list[np.ndarray] = []
    for model in ("candidate", "champion"):
        counts, found = figures.cells(clips.truth, clips.said(model))
        for name in large:
            is_in = np.array([of == name for of in names])[:, None]
            columns += [counts * is_in, found * is_in]
    width = columns[0].shape[1]
    table = np.hstack(columns)

    def lowest(sums: np.ndarray) -> np.ndarray:
        each = [sums[:, start : start + width] for start in range(0, sums.shape[1], width)]
        with np.errstate(invalid="ignore"), warnings.catch_warnings():
            # A draw without a single voice of a group has no recall for it.
            warnings.simplefilter("ignore", RuntimeWarning)
            recalls = np.stack([figures.mean_recall(*pair) for pair in zip(each[::2], each[1::2], strict=True)])
            return np.nanmin(recalls.reshape(2, len(large), -1), axis=1)

    ours, theirs = lowest(table.sum(axis=0, keepdims=True))[:, 0].tolist()
    drawn = bootstrap.drawn(
        table, clips.speakers, lambda sums: lowest(sums)[0] - lowest(sums)[1], draws=known.draws, seed=known.seed
    )
    kept = [name in large for name in names]
    speakers = {row["speaker"] for row, is_in in zip(clips.rows, kept, strict=True) if is_in}
    return Guard(f"worst {kind}", "", ours, theirs, drawn, sum(kept), len(speakers))


def disturbed(clips: Heard, known: Known) -> Iterator[Guard]:
    """The recall under each disturbance that the child let both hear."""
    if not clips.rows:
        return
    count = len(clips.rows), len(set(clips.speakers))
    for name in sorted(clips.rows[0].get("disturbed", {})):
        ours, theirs = ([row["disturbed"][name][model] for row in clips.rows] for model in ("candidate", "champion"))
        _, drawn = difference(clips.truth, ours, theirs, clips.speakers, known)
        recalls = figures.uar(clips.truth, ours), figures.uar(clips.truth, theirs)
        yield Guard("robustness", name, *recalls, drawn, *count)


def calibrated(clips: Heard, known: Known) -> Iterator[Guard]:
    """One less the expected calibration error, as both are served: whether 70 % sure is right 70 times in a hundred."""
    if len(clips.rows) < FEWEST_CLIPS or len(set(clips.speakers)) < FEWEST_SPEAKERS:
        return
    table = np.hstack([binned(clips, model) for model in ("candidate", "champion")])
    width = table.shape[1] // 2

    def better(sums: np.ndarray) -> np.ndarray:
        return calibration_error(sums[:, width:]) - calibration_error(sums[:, :width])

    drawn = bootstrap.drawn(table, clips.speakers, better, draws=known.draws, seed=known.seed)
    ours, theirs = (
        1 - float(calibration_error(half.sum(axis=0, keepdims=True))[0]) for half in np.split(table, 2, axis=1)
    )
    yield Guard("calibration", "", ours, theirs, drawn, len(clips.rows), len(set(clips.speakers)))


def binned(clips: Heard, model: str) -> np.ndarray:
    """Each clip's one, and its confidence less its rightness, in the column of its bin: (clips, 2 x bins)."""
    scores = clips.scores[model]
    scores = scores / np.maximum(scores.sum(axis=1, keepdims=True), 1e-12)
    truth = np.array([clips.emotions.index(name) for name in clips.truth])
    confidence, is_right = scores.max(axis=1), scores.argmax(axis=1) == truth
    place = np.eye(BINS)[np.minimum((confidence * BINS).astype(int), BINS - 1)]
    return np.hstack([place, place * (confidence - is_right)[:, None]])


def calibration_error(sums: np.ndarray) -> np.ndarray:
    """The expected calibration error in 15 equal bins of confidence (Guo et al. 2017, arXiv 1706.04599)."""
    clips, gaps = sums[:, :BINS], sums[:, BINS:]
    return np.asarray(np.abs(gaps).sum(axis=1) / clips.sum(axis=1))
