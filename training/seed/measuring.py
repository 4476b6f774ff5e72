"""The figures of the seed head, from scores of voices that were held out: how right, how sure, and over whom."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

import numpy as np

from training.evaluation import figures
from training.seed import calibration, making
from training.seed.calibration import HIGHEST_RISK, Calibration
from training.seed.held_out import GROUPS, Unheard, speaker_groups

DRAWS = 2000


def calibrated(heard: Unheard, *, highest_risk: float = HIGHEST_RISK) -> Calibration:
    """What fits these scores."""
    return calibration.calibrated(heard.probabilities, heard.truth, highest_risk=highest_risk)


def measured(heard: Unheard, *, groups: int = GROUPS) -> dict[str, Any]:
    """Recall by corpus and calibration of both together, each group judged by what the other groups calibrated."""
    every = {"all": heard, **{corpus: heard.of_corpus(corpus) for corpus in making.CORPORA}}
    return {
        "recall": {name: recalled(scores) for name, scores in every.items()},
        "certainty": certainty(heard, groups=groups),
    }


def recalled(heard: Unheard) -> dict[str, object]:
    """UAR with its interval over speakers, recalls and confusions."""
    predicted = [heard.emotions[column] for column in heard.probabilities.argmax(axis=1)]
    truth, speakers = [clip.emotion for clip in heard.clips], [clip.speaker for clip in heard.clips]
    return figures.summary(truth, predicted, speakers, draws=DRAWS) | {"chance": 1 / len(heard.emotions)}


def certainty(heard: Unheard, *, groups: int = GROUPS) -> dict[str, Any]:
    """Calibration error before and after, and how often it answers and errs.

    Each group of speakers is judged by the temperature and the threshold that the other groups fitted: measured where
    they were fitted, they would look better than they are.
    """
    soft = np.empty_like(heard.probabilities)
    given = np.empty(len(heard.clips), dtype=bool)
    for group in speaker_groups(heard.clips, count=groups):
        own = np.array([clip.speaker in group for clip in heard.clips])
        fitted = calibrated(_rows(heard, ~own))
        soft[own] = calibration.softened(heard.probabilities[own], fitted.temperature)
        given[own] = soft[own].max(axis=1) >= fitted.sure_from
    is_right = soft.argmax(axis=1) == heard.truth
    curve = calibration.risk_coverage(soft, heard.truth)
    return {
        "highest_risk": HIGHEST_RISK,
        "groups": groups,
        "calibration_error_before": calibration.calibration_error(heard.probabilities, heard.truth),
        "calibration_error": calibration.calibration_error(soft, heard.truth),
        "coverage": float(given.mean()),
        "risk": float(1 - is_right[given].mean()) if given.any() else None,
        "risk_without_not_sure": float(1 - is_right.mean()),
        "by_corpus": {corpus: _answers(heard, given, is_right, corpus) for corpus in making.CORPORA},
        "risk_coverage": [asdict(point) for point in curve[::5]],
    }


def counts(clips: list[Any]) -> dict[str, Any]:
    """Clips, speakers and seconds by corpus, and clips by emotion and language."""
    told: dict[str, Any] = {}
    for corpus in making.CORPORA:
        own = [clip for clip in clips if clip.corpus == corpus]
        told[corpus] = {
            "clips": len(own),
            "speakers": len({clip.speaker for clip in own}),
            "seconds": round(sum(clip.duration_seconds for clip in own), 1),
            "emotions": dict(sorted(Counter(clip.emotion for clip in own).items())),
            "languages": sorted({clip.language for clip in own}),
        }
    return told


def _rows(heard: Unheard, which: np.ndarray) -> Unheard:
    clips = [clip for clip, is_in in zip(heard.clips, which, strict=True) if is_in]
    return Unheard(clips, heard.emotions, heard.probabilities[which])


def _answers(heard: Unheard, given: np.ndarray, is_right: np.ndarray, corpus: str) -> dict[str, Any]:
    own = np.array([clip.corpus == corpus for clip in heard.clips])
    answered = own & given
    risk = float(1 - is_right[answered].mean()) if answered.any() else None
    return {"coverage": float(given[own].mean()), "risk": risk}
