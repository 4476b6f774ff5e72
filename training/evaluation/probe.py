"""Logistic regression on features that do not move: how much of an emotion a straight line finds in them.

Layer and strength of the regularisation are chosen inside the training speakers, by folds that keep a speaker together;
the test speakers are looked at once. With few speakers or clips nothing is chosen and the middle strength stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from training.evaluation import figures
from training.evaluation.hearing import Heard

Layers = Mapping[str, np.ndarray]  # name of a layer to features (clips, width)

# scikit-learn's C, from strong to weak; the middle one suits hundreds of clips with hundreds of features.
STRENGTHS = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
MIDDLE = 0.01
INNER_FOLDS = 3
# The line moves no prediction after that; to the last digit it would take ten times as long.
TOLERANCE = 1e-3
MOST_STEPS = 1000


@dataclass(frozen=True)
class Chosen:
    """What was chosen among the training speakers, and the UAR it had on them when they were held out."""

    layer: str
    strength: float
    uar: float | None


def measure(train: Heard, test: Heard, *, draws: int, seed: int = 0) -> dict[str, Any]:
    """The probe on CLARA's embeddings, trained on some speakers and tested on others."""
    layers = {"embedding": np.concatenate([train.embeddings, test.embeddings])}
    return on_features(layers, train, test, draws=draws, seed=seed)


def on_features(layers: Layers, train: Heard, test: Heard, *, draws: int, seed: int = 0) -> dict[str, Any]:
    """The same on any features of the training clips followed by the test clips."""
    said, chosen = _held_out(layers, train, test)
    told = figures.summary(test.truth, said, test.speakers, draws=draws, seed=seed)
    return {**told, "chosen": {"layer": chosen.layer, "strength": chosen.strength, "uar_inside": chosen.uar}}


def predicted(layers: Layers, train: Heard, test: Heard) -> list[str]:
    """What the probe says of each test clip."""
    return _held_out(layers, train, test)[0]


def by_folds(
    layers: Layers, emotions: Sequence[str], speakers: Sequence[str], folds: Iterable[Sequence[int]]
) -> tuple[list[str], list[Chosen]]:
    """A prediction for every clip by a line that never saw its speaker, and what was chosen in each fold.

    Each fold is the rows to test on; all other rows are trained on. Raises ValueError when a clip is in no fold or two,
    or a speaker on both sides of one.
    """
    predicted: list[str | None] = [None] * len(emotions)
    chosen = []
    for fold in folds:
        test = np.array(sorted(fold))
        train = np.setdiff1d(np.arange(len(emotions)), test)
        if shared := {speakers[row] for row in train} & {speakers[row] for row in test}:
            raise ValueError(f"{len(shared)} speakers are on both sides of a fold")
        said, choice = held_out(layers, emotions, speakers, train, test)
        chosen.append(choice)
        for row, emotion in zip(test, said, strict=True):
            if predicted[row] is not None:
                raise ValueError("a clip is tested on in two folds")
            predicted[row] = emotion
    if None in predicted:
        raise ValueError(f"{predicted.count(None)} clips are tested on in no fold")
    return [emotion for emotion in predicted if emotion is not None], chosen


def held_out(
    layers: Layers, emotions: Sequence[str], speakers: Sequence[str], train: np.ndarray, test: np.ndarray
) -> tuple[list[str], Chosen]:
    """Predictions for the test rows by a line drawn through the training rows, chosen among those alone."""
    known, voices = np.array(emotions)[train], np.array(speakers)[train]
    choice = choose({name: rows[train] for name, rows in layers.items()}, known, voices)
    rows = layers[choice.layer]
    return predictions(rows[train], known, rows[test], strength=choice.strength), choice


def choose(layers: Layers, emotions: np.ndarray, speakers: np.ndarray) -> Chosen:
    """The layer at the middle strength, then the strength at that layer, that serve held-out training speakers best."""
    groups = min(INNER_FOLDS, len(set(speakers)))
    if groups < 2 or len(set(emotions)) < 2:
        return Chosen(next(iter(layers)), MIDDLE, None)
    folds = list(GroupKFold(groups).split(emotions, groups=speakers))
    # An inner fold whose training part lacks all but one emotion has nothing to draw a line between.
    folds = [(train, test) for train, test in folds if len(set(emotions[train])) > 1]
    if not folds:
        return Chosen(next(iter(layers)), MIDDLE, None)

    def served(layer: str, strength: float) -> float:
        said = np.concatenate(
            [
                predictions(layers[layer][train], emotions[train], layers[layer][test], strength=strength)
                for train, test in folds
            ]
        )
        return figures.uar(np.concatenate([emotions[test] for _, test in folds]).tolist(), said.tolist())

    by_layer = {layer: served(layer, MIDDLE) for layer in layers} if len(layers) > 1 else dict.fromkeys(layers, 0.0)
    layer = max(by_layer, key=by_layer.__getitem__)
    by_strength = {strength: served(layer, strength) for strength in STRENGTHS}
    strength = max(by_strength, key=by_strength.__getitem__)
    return Chosen(layer, strength, by_strength[strength])


def predictions(
    train: np.ndarray, emotions: Sequence[str] | np.ndarray, test: np.ndarray, *, strength: float
) -> list[str]:
    """Emotions of the test rows by a standardised, class-balanced logistic regression; the only one if there is one."""
    names = sorted({str(emotion) for emotion in emotions})
    if len(names) < 2:
        return names * len(test)
    scale = StandardScaler().fit(train)
    line = LogisticRegression(C=strength, class_weight="balanced", max_iter=MOST_STEPS, tol=TOLERANCE)
    return [str(name) for name in line.fit(scale.transform(train), list(emotions)).predict(scale.transform(test))]


def _held_out(layers: Layers, train: Heard, test: Heard) -> tuple[list[str], Chosen]:
    rows = np.arange(len(train) + len(test))
    emotions, speakers = train.truth + test.truth, train.speakers + test.speakers
    return held_out(layers, emotions, speakers, rows[: len(train)], rows[len(train) :])
