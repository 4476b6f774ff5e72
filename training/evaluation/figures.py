"""Unweighted average recall, its interval, its confusions and its differences, from predictions alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from training.evaluation import bootstrap


def uar(truth: Sequence[str], predicted: Sequence[str]) -> float:
    """The mean of the recalls of every emotion that occurs in the truth."""
    return float(np.mean(list(recalls(truth, predicted).values())))


def recalls(truth: Sequence[str], predicted: Sequence[str]) -> dict[str, float]:
    """Of each emotion's clips, the share that was found."""
    is_right = np.array(truth) == np.array(predicted)
    return {emotion: float(is_right[np.array(truth) == emotion].mean()) for emotion in sorted(set(truth))}


def confusion(truth: Sequence[str], predicted: Sequence[str]) -> dict[str, dict[str, int]]:
    """How often each true emotion was heard as which."""
    heard = sorted({*truth, *predicted})
    pairs = Counter(zip(truth, predicted, strict=True))
    return {right: {said: pairs[right, said] for said in heard} for right in sorted(set(truth))}


def interval(
    truth: Sequence[str], predicted: Sequence[str], speakers: Sequence[str], *, draws: int, seed: int = 0
) -> dict[str, object]:
    """The 95 % interval of the UAR over speakers; bootstrap.py says how."""
    clips, found = cells(truth, predicted)
    emotions = clips.shape[1]
    return bootstrap.interval(
        np.hstack([clips, found]),
        speakers,
        lambda sums: mean_recall(sums[:, :emotions], sums[:, emotions:]),
        draws=draws,
        seed=seed,
    )


def summary(
    truth: Sequence[str], predicted: Sequence[str], speakers: Sequence[str], *, draws: int, seed: int = 0
) -> dict[str, object]:
    """Everything told about one way of recognising."""
    return {
        "uar": uar(truth, predicted),
        "interval": interval(truth, predicted, speakers, draws=draws, seed=seed),
        "recalls": recalls(truth, predicted),
        "confusion": confusion(truth, predicted),
        "clips": len(truth),
    }


def paired(
    truth: Sequence[str],
    first: Sequence[str],
    second: Sequence[str],
    speakers: Sequence[str],
    *,
    draws: int,
    seed: int = 0,
) -> dict[str, object]:
    """By how much the first way's UAR is above the second's on the same clips; both see the same draws of speakers."""
    clips, found = cells(truth, first)
    _, found_by_second = cells(truth, second)
    emotions = clips.shape[1]

    def gained(sums: np.ndarray) -> np.ndarray:
        counts, ours, theirs = (sums[:, start : start + emotions] for start in range(0, 3 * emotions, emotions))
        return mean_recall(counts, ours) - mean_recall(counts, theirs)

    columns = np.hstack([clips, found, found_by_second])
    return {
        "difference": uar(truth, first) - uar(truth, second),
        "interval": bootstrap.interval(columns, speakers, gained, draws=draws, seed=seed),
        "clips": len(truth),
    }


def cells(truth: Sequence[str], predicted: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """One-hot rows of the truth, and the same where it was found: (clips, emotions) each."""
    emotions, code = np.unique(np.array(truth), return_inverse=True)
    clips = np.eye(len(emotions))[code]
    return clips, clips * (np.array(truth) == np.array(predicted))[:, None]


def mean_recall(clips: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The mean over the emotions that a draw holds: (draws, emotions) to (draws,)."""
    shares = np.divide(found, clips, out=np.zeros_like(found), where=clips > 0)
    return shares.sum(axis=1) / (clips > 0).sum(axis=1)
