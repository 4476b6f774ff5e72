"""Unweighted average recall, its interval and its confusions, from predictions alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


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
    pairs = list(zip(truth, predicted, strict=True))
    return {right: {said: pairs.count((right, said)) for said in heard} for right in sorted(set(truth))}


def interval(
    truth: Sequence[str], predicted: Sequence[str], speakers: Sequence[str], *, draws: int, seed: int = 0
) -> dict[str, object]:
    """The 95 % bootstrap interval of the UAR: speakers are drawn, then clips within each drawn speaker.

    With one speaker only clips are drawn, and `over` says so: that interval knows nothing of other voices.
    """
    random = np.random.default_rng(seed)
    right, emotions = np.array(truth) == np.array(predicted), np.array(truth)
    of = [np.flatnonzero(np.array(speakers) == speaker) for speaker in sorted(set(speakers))]
    values = []
    for _ in range(draws):
        chosen = [of[index] for index in random.integers(len(of), size=len(of))]
        clips = np.concatenate([own[random.integers(len(own), size=len(own))] for own in chosen])
        found = right[clips]
        values.append(np.mean([found[emotions[clips] == name].mean() for name in np.unique(emotions[clips])]))
    low, high = np.quantile(values, [0.025, 0.975])
    over = "speakers, then clips" if len(of) > 1 else "clips of one speaker"
    return {"low": float(low), "high": float(high), "over": over, "speakers": len(of), "draws": draws}


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
