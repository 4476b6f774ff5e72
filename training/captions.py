"""Sentences about how a clip sounds: a small grammar a language, with templates to learn from and others for tests.

A caption carries what it claims, so that the loss can tell which other clips of a batch it is true of as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

GRAMMARS = Path(__file__).parent / "grammar"
FALLBACK_LANGUAGE = "en"

# How often a caption says more than one emotion word, leaves its clip's language, or is the clip's own description.
INTENSITY_SHARE, MIXTURE_SHARE, OTHER_LANGUAGE_SHARE, OWN_TEXT_SHARE = 0.3, 0.3, 0.3, 0.2


@dataclass(frozen=True)
class Caption:
    """A sentence and its claims; a claim it does not make is None."""

    text: str
    emotions: tuple[tuple[str, float], ...]
    strength: str | None = None


@dataclass(frozen=True)
class Grammar:
    """The words and templates of one language."""

    emotions: dict[str, list[str]]
    intensity: dict[str, str]
    mixture: str
    training: list[str]
    evaluation: list[str]

    def words(self, emotion: str) -> list[str]:
        """The adjectives of an emotion; a new emotion goes by its own name until somebody translates it."""
        return self.emotions.get(emotion) or [emotion.replace("_", " ")]


@cache
def grammar(language: str) -> Grammar:
    """The grammar of a language tag, or English where we have none."""
    path = GRAMMARS / f"{language.partition('-')[0].lower()}.json"
    if path.parent != GRAMMARS or not path.is_file():
        path = GRAMMARS / f"{FALLBACK_LANGUAGE}.json"
    return Grammar(**json.loads(path.read_text(encoding="utf-8")))


def training_caption(
    *,
    emotions: dict[str, float],
    intensity: float | None,
    language: str,
    texts: Sequence[str],
    random: np.random.Generator,
) -> Caption:
    """One sentence that is true of a clip with these votes; the same for the same state of `random`."""
    votes = tuple(sorted(emotions.items()))
    if texts and random.random() < OWN_TEXT_SHARE:
        return Caption(text=texts[int(random.integers(len(texts)))], emotions=votes)
    spoken = grammar(FALLBACK_LANGUAGE if random.random() < OTHER_LANGUAGE_SHARE else language)
    template = spoken.training[int(random.integers(len(spoken.training)))]
    ranked = sorted(emotions, key=lambda emotion: (-emotions[emotion], emotion))
    if len(ranked) > 1 and random.random() < MIXTURE_SHARE:
        first, second = (_word(spoken, emotion, random) for emotion in ranked[:2])
        return Caption(text=template.format(spoken.mixture.format(first, second)), emotions=votes)
    named = ranked[random.choice(len(ranked), p=[emotions[emotion] for emotion in ranked])]
    word, strength = _word(spoken, named, random), strength_of(intensity)
    says_strength = strength in spoken.intensity and random.random() < INTENSITY_SHARE
    if says_strength and strength:
        word = spoken.intensity[strength].format(word)
    return Caption(text=template.format(word), emotions=((named, 1.0),), strength=strength if says_strength else None)


def evaluation_captions(emotion: str, *, languages: Iterable[str]) -> list[str]:
    """The sentences an emotion is recognised by: templates no training caption ever uses."""
    return [
        template.format(grammar(language).words(emotion)[0])
        for language in languages
        for template in grammar(language).evaluation
    ]


def labels(emotions: Iterable[str], *, languages: Iterable[str]) -> dict[str, list[str]]:
    """What labels.json holds: each emotion with its evaluation captions in the given languages and English."""
    spoken = list(dict.fromkeys([*sorted(set(languages)), FALLBACK_LANGUAGE]))
    return {emotion: list(dict.fromkeys(evaluation_captions(emotion, languages=spoken))) for emotion in emotions}


def strength_of(intensity: float | None) -> str | None:
    """The word class of an intensity from 0 to 3; None where nobody rated it."""
    if intensity is None:
        return None
    return "weak" if intensity < 1.25 else "strong" if intensity > 2.25 else "middling"


def _word(spoken: Grammar, emotion: str, random: np.random.Generator) -> str:
    words = spoken.words(emotion)
    return words[random.integers(len(words))]
