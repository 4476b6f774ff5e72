"""How far a suggestion may be believed: temperature, calibration error, and when to say "not sure".

Everything here is measured on speakers that the scoring model never heard; calibrated on its own training speakers a
model believes itself far too much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Between an argmax and a shrug; a temperature beyond either says that the scores are worthless.
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.2, 5.0
BINS = 15
# A risk among fewer answers than this share of the clips hangs on some dozens of them, often of one voice.
LEAST_COVERAGE = 0.05
# Wrong at most this often when it says that it is sure; where that leaves too few answers, the card says so.
HIGHEST_RISK = 0.2


@dataclass(frozen=True)
class Calibration:
    """What a model needs to say how sure it is: its config carries both."""

    temperature: float
    sure_from: float


@dataclass(frozen=True)
class Answered:
    """What happens when only suggestions of at least this confidence are given."""

    sure_from: float
    coverage: float  # the share of clips that get an answer
    risk: float  # the share of wrong ones among those answers


def calibrated(probabilities: np.ndarray, truth: np.ndarray, *, highest_risk: float = HIGHEST_RISK) -> Calibration:
    """The temperature, and the confidence from which an answer is given, that fit these scores (clips, emotions)."""
    temperature = fitted_temperature(probabilities, truth)
    curve = risk_coverage(softened(probabilities, temperature), truth)
    return Calibration(
        temperature=round(temperature, 4), sure_from=sure_from(curve, highest_risk=highest_risk).sure_from
    )


def softened(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Rows (clips, emotions) flattened by a temperature above 1, sharpened by one below; each sums to 1."""
    logits = np.log(np.clip(probabilities, 1e-9, None)) / temperature
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def fitted_temperature(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """The temperature under which the true emotions (clips, as columns) are likeliest; Guo et al. 2017, 1706.04599."""
    candidates = np.geomspace(LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, 161)
    return float(min(candidates, key=lambda temperature: surprise(softened(probabilities, temperature), truth)))


def surprise(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """The mean negative log probability of the true emotions, in nats."""
    return float(-np.log(np.clip(probabilities[np.arange(len(truth)), truth], 1e-9, None)).mean())


def calibration_error(probabilities: np.ndarray, truth: np.ndarray, *, bins: int = BINS) -> float:
    """The expected calibration error: confidence against hit rate in equal bins, each weighed by its clips."""
    confidence, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[places == k].mean() - is_right[places == k].mean()) for k in np.unique(places)]
    shares = [(places == k).mean() for k in np.unique(places)]
    return float(np.dot(gaps, shares))


def risk_coverage(probabilities: np.ndarray, truth: np.ndarray) -> list[Answered]:
    """Risk and coverage at every threshold in steps of 0.01 that leaves a clip answered."""
    confidence, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == truth
    told = []
    for threshold in np.round(np.arange(0.0, 1.0, 0.01), 2):
        given = confidence >= threshold
        if given.any():
            told.append(Answered(float(threshold), float(given.mean()), float(1 - is_right[given].mean())))
    return told


def sure_from(curve: list[Answered], *, highest_risk: float) -> Answered:
    """The most generous threshold whose risk, and that of every stricter one, is at most this; else the strictest.

    A threshold is not taken for a lucky dip in the curve: beyond it the risk has to stay low, as far as enough clips
    get an answer to tell.
    """
    told = [answered for answered in curve if answered.coverage >= LEAST_COVERAGE]
    chosen = told[-1]
    for answered in reversed(told):
        if answered.risk > highest_risk:
            break
        chosen = answered
    return chosen
