"""Rounds of retraining without models: what candidates and champions would say of the clips of some test speakers.

A voice is easy or hard for everybody, and easier for one model than for another; a clip is easy or hard for all. Two
models of one quality are drawn alike and differ in their mistakes, so that whichever of them is better on these
speakers is so by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.special import expit, logit

from tests.training.compared import LEAKS
from training.gate.weighing import Heard

EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
# In logits: how much voices differ, how much one voice suits one of the models, how much clips differ.
VOICE, VOICE_AND_MODEL, CLIP = 0.6, 0.35, 1.0
CLIPS_EACH = 28
# What eval.json says of a candidate against which nothing else speaks.
CLEAN = {"leaks": LEAKS, "training": {"reload_gap": 0.0}}


@dataclass(frozen=True)
class Model:
    """What one model says of every test clip: scores (clips, emotions)."""

    scores: np.ndarray

    @property
    def said(self) -> np.ndarray:
        """The place of the likeliest emotion of each clip."""
        return self.scores.argmax(axis=1)


class Site:
    """The test speakers of a site, and models that are tried on them one after another."""

    def __init__(self, speakers: int, *, seed: int, alike: float = 0.0) -> None:
        # `alike`: of so many clips every model makes the same, right or wrong, as heirs of one base do; and so much
        # less does a voice suit one of them better than another.
        self.random = np.random.default_rng(seed)
        self.speakers, count = speakers, speakers * CLIPS_EACH
        self.owner, self.truth = np.repeat(np.arange(speakers), CLIPS_EACH), np.arange(count) % len(EMOTIONS)
        self.ease = self.random.normal(0, VOICE, speakers)[self.owner] + self.random.normal(0, CLIP, count)
        self.own_voices = VOICE_AND_MODEL * np.sqrt(1 - alike)
        self.is_alike = self.random.random(count) < alike
        self.luck, self.slip = self.random.random(count), self.random.integers(1, len(EMOTIONS), count)
        self.rows = [self.row(place) for place in range(count)]

    def row(self, place: int) -> dict[str, Any]:
        """What is known of one clip."""
        owner = int(self.owner[place])
        return {
            "key": f"c{place}",
            "truth": EMOTIONS[self.truth[place]],
            "language": ("en", "pl")[owner % 2],
            "speaker": f"s{owner}",
            "gender": ("female", "male")[owner // 2 % 2],
        }

    def model(self, quality: float) -> Model:
        """Another model that is right so often, over all voices and clips there are."""
        count = len(self.truth)
        chance = expit(centre(quality) + self.ease + self.random.normal(0, self.own_voices, self.speakers)[self.owner])
        luck = np.where(self.is_alike, self.luck, self.random.random(count))
        slip = np.where(self.is_alike, self.slip, self.random.integers(1, len(EMOTIONS), count))
        said = np.where(luck < chance, self.truth, (self.truth + slip) % len(EMOTIONS))
        sure = np.clip(chance + self.random.normal(0, 0.1, count), 0.2, 0.95)
        scores = np.repeat(((1 - sure) / (len(EMOTIONS) - 1))[:, None], len(EMOTIONS), axis=1)
        scores[np.arange(count), said] = sure
        return Model(scores)

    def heard(self, candidate: Model, champion: Model) -> Heard:
        """Both, as the gate weighs them."""
        return Heard(self.rows, EMOTIONS, {"candidate": candidate.scores, "champion": champion.scores})

    def comparison(self, candidate: Model, champion: Model | None = None) -> dict[str, Any]:
        """Both as comparison.json; under two disturbances they hear as when there is none, which makes the guards."""
        models = {"candidate": candidate} | ({"champion": champion} if champion else {})
        told = {name: (model.scores.tolist(), model.said) for name, model in models.items()}
        log_mel = self.model(0.40).said
        rows = []
        for place, row in enumerate(self.rows):
            row = row | {name: scores[place] for name, (scores, _) in told.items()}
            said = {name: EMOTIONS[places[place]] for name, (_, places) in told.items()}
            both = {"disturbed": {"telephone": said, "snr_10_db": said}}
            rows.append(row | (both if champion else {"log_mel": EMOTIONS[log_mel[place]]}))
        return {"labels": {name: list(EMOTIONS) for name in models}, "clips": rows}


@cache
def centre(quality: float) -> float:
    """The logit about which voices and clips vary so that the mean chance of being right is `quality`."""
    ease = np.random.default_rng(0).normal(0, np.sqrt(VOICE**2 + VOICE_AND_MODEL**2 + CLIP**2), 200_000)
    low, high = logit(quality) - 2, logit(quality) + 2
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(middle + ease).mean() < quality else (low, middle)
    return float((low + high) / 2)
