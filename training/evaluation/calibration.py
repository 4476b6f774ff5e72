"""Whether 70 % sure is right 70 times in a hundred, before and after a temperature, and when to say "not sure"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from training.clara import Clara
from training.evaluation import bootstrap
from training.evaluation.hearing import Heard
from training.seed.calibration import BINS, HIGHEST_RISK, calibrated, fitted_temperature, softened

# A threshold from fewer clips hangs on a dozen answers, one from fewer voices on how somebody speaks: the standard
# error of a risk of 0.2 is 0.06 where half of so many clips get an answer.
LEAST_CLIPS, LEAST_SPEAKERS = 100, 3
DEV = "dev"


def measure(fitted_on: Heard, test: Heard, *, name: str, draws: int, seed: int = 0) -> dict[str, Any]:
    """The calibration error of the suggestions for the test clips, raw and at the temperature that suits other voices.

    `fitted_on` are clips of other speakers, and `name` says which: of speakers that the model learnt from ("train") a
    temperature flatters it, since it is surer of them than of anybody.
    """
    names = list(test.clara.labels)
    temperature = fitted_temperature(fitted_on.probabilities, columns_of(fitted_on.truth, names))
    truth = columns_of(test.truth, names)
    raw, after = test.probabilities, softened(test.probabilities, temperature)
    return {
        "fitted_on": name,
        "fitted_on_clips": len(fitted_on),
        "temperature": temperature,
        "raw": error(raw, truth, test.speakers, draws=draws, seed=seed),
        "at_temperature": error(after, truth, test.speakers, draws=draws, seed=seed),
        "reliability": reliability(after, truth),
        **({"not_sure": not_sure(fitted_on, test)} if name == DEV and are_enough(fitted_on) else {}),
    }


def are_enough(others: Heard) -> bool:
    """Whether so many clips of so many voices can tell from where a suggestion may be believed."""
    return len(others) >= LEAST_CLIPS and len(set(others.speakers)) >= LEAST_SPEAKERS


def not_sure(dev: Heard, test: Heard) -> dict[str, Any]:
    """When to name no emotion, as the dev speakers taught, and what that does on the test speakers.

    `coverage` is the share of test clips that get an answer, `risk` the share of wrong ones among these; None where
    none gets one. The same rule as the seed head's.
    """
    names = list(test.clara.labels)
    served = calibrated(dev.probabilities, columns_of(dev.truth, names))
    soft, truth = softened(test.probabilities, served.temperature), columns_of(test.truth, names)
    given = soft.max(axis=1) >= served.sure_from
    wrong = soft[given].argmax(axis=1) != truth[given]
    return {
        **asdict(served),
        "highest_risk": HIGHEST_RISK,
        "coverage": float(given.mean()),
        "risk": float(wrong.mean()) if given.any() else None,
    }


def serve(clara: Clara, measured: dict[str, Any]) -> None:
    """Let the model say how sure it is as its dev speakers taught; where these were too few it names one always."""
    if told := measured["calibration"].get("not_sure"):
        clara.config = replace(clara.config, temperature=told["temperature"], sure_from=told["sure_from"])


def error(
    probabilities: np.ndarray, truth: np.ndarray, speakers: Sequence[str], *, draws: int, seed: int = 0
) -> dict[str, Any]:
    """The expected calibration error in 15 equal bins of confidence (Guo et al. 2017, arXiv 1706.04599)."""
    columns = _binned(probabilities, truth)
    return {
        "value": float(_gap(columns.sum(axis=0, keepdims=True))[0]),
        "interval": bootstrap.interval(columns, speakers, _gap, draws=draws, seed=seed),
    }


def reliability(probabilities: np.ndarray, truth: np.ndarray) -> list[dict[str, float]]:
    """Of every bin that holds clips: their number, how sure it was on average, and how often it was right."""
    clips, sure, right = _binned(probabilities, truth).sum(axis=0).reshape(3, BINS)
    return [
        {"clips": int(clips[k]), "confidence": sure[k] / clips[k], "right": right[k] / clips[k]}
        for k in np.flatnonzero(clips)
    ]


def columns_of(truth: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """The column of each clip's emotion (clips,)."""
    return np.array([names.index(emotion) for emotion in truth])


def _binned(probabilities: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Each clip's one, confidence and rightness in the column of its bin: (clips, 3 x bins)."""
    confidence, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    place = np.eye(BINS)[np.minimum((confidence * BINS).astype(int), BINS - 1)]
    return np.hstack([place, place * confidence[:, None], place * is_right[:, None]])


def _gap(sums: np.ndarray) -> np.ndarray:
    clips, sure, right = (sums[:, start : start + BINS] for start in range(0, 3 * BINS, BINS))
    return np.asarray(np.abs(sure - right).sum(axis=1) / clips.sum(axis=1))
