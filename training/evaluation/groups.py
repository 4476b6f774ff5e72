"""The group that fares worst: recall by language, by gender where the release says it, and by both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from training.evaluation import bootstrap, figures
from training.evaluation.hearing import Heard
from training.packing import PackedClip

# Under so many clips a recall by emotion is a matter of luck, and the worst group would be the smallest.
FEWEST_CLIPS = 20

NAMES: dict[str, Callable[[PackedClip], str | None]] = {
    "language": lambda clip: clip.language,
    "gender": lambda clip: clip.gender,
    "language and gender": lambda clip: f"{clip.language} {clip.gender}" if clip.gender else None,
}


def measure(heard: Heard, predicted: list[str], *, draws: int, seed: int = 0) -> dict[str, Any]:
    """By each way of grouping: the UAR of every group, the worst, and how far it is behind the best."""
    return {
        way: told
        for way, name in NAMES.items()
        if (told := grouped(heard, predicted, [name(clip) for clip in heard.clips], draws=draws, seed=seed))
    }


def grouped(
    heard: Heard, predicted: list[str], groups: list[str | None], *, draws: int, seed: int = 0
) -> dict[str, Any]:
    """The same for one way of grouping; nothing when fewer than two groups are large enough to tell."""
    told: dict[str, dict[str, Any]] = {}
    for group in sorted({group for group in groups if group}):
        rows = [row for row, of in enumerate(groups) if of == group]
        if len(rows) >= FEWEST_CLIPS:
            columns = ([column[row] for row in rows] for column in (heard.truth, predicted, heard.speakers))
            told[group] = figures.summary(*columns, draws=draws, seed=seed)
    if len(told) < 2:
        return {}
    ranked = sorted(told, key=lambda group: float(told[group]["uar"]))
    worst, best = ranked[0], ranked[-1]
    return {
        "groups": told,
        "worst": worst,
        "best": best,
        "gap": _gap(heard, predicted, groups, best, worst, draws, seed),
    }


def _gap(
    heard: Heard, predicted: list[str], groups: list[str | None], best: str, worst: str, draws: int, seed: int
) -> dict[str, Any]:
    """The best group's UAR less the worst's, in the same draws of speakers."""
    clips, found = figures.cells(heard.truth, predicted)
    of = np.array([group or "" for group in groups])[:, None]
    columns = np.hstack([part * (of == group) for group in (best, worst) for part in (clips, found)])
    width = clips.shape[1]

    def apart(sums: np.ndarray) -> np.ndarray:
        parts = [sums[:, start : start + width] for start in range(0, 4 * width, width)]
        return figures.mean_recall(*parts[:2]) - figures.mean_recall(*parts[2:])

    return {
        "difference": float(apart(columns.sum(axis=0, keepdims=True))[0]),
        "interval": bootstrap.interval(columns, heard.speakers, apart, draws=draws, seed=seed),
    }
