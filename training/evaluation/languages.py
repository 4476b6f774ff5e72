"""A language left out: how a probe that never met it fares in it, beside one that did, and words of other languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from training.evaluation import figures, probe, zero_shot
from training.evaluation.hearing import Heard
from training.packing import PackedClip


def measure(train: Heard, test: Heard, *, draws: int, seed: int = 0) -> dict[str, Any]:
    """Of each test language that has others to learn from: zero-shot in their words, and the probe without it and with.

    The model itself heard all the languages of its release; `folds --by language` trains without one.
    """
    told = {}
    for language in sorted(set(test.languages)):
        others = train.where(_not_of(language))
        asked = test.where(_of(language, set(others.truth)))
        if len(set(others.truth)) > 1 and len(set(asked.truth)) > 1:
            told[language] = _left_out(train, others, asked, draws=draws, seed=seed)
    return told


def _of(language: str, emotions: set[str]) -> Callable[[PackedClip], bool]:
    return lambda clip: clip.language == language and clip.emotion in emotions


def _not_of(language: str) -> Callable[[PackedClip], bool]:
    return lambda clip: clip.language != language


def _left_out(train: Heard, others: Heard, asked: Heard, *, draws: int, seed: int) -> dict[str, Any]:
    without, with_it = (_probed(some, asked) for some in (others, train))
    words = next(iter(sorted({tag.partition("-")[0] for tag in others.languages})))
    shown = zero_shot.nearest(asked, sorted(set(others.truth)), words)
    truth, speakers = asked.truth, asked.speakers
    return {
        "zero_shot": {"words_of": words, **figures.summary(truth, shown, speakers, draws=draws, seed=seed)},
        "probe": figures.summary(truth, without, speakers, draws=draws, seed=seed),
        "lost_by_the_probe": figures.paired(truth, with_it, without, speakers, draws=draws, seed=seed),
        "trained_on": sorted(set(others.languages)),
    }


def _probed(train: Heard, test: Heard) -> list[str]:
    strength = probe.MIDDLE
    return probe.predictions(train.embeddings, train.truth, test.embeddings, strength=strength)
