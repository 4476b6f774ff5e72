"""Emotions recognised by words alone: the held-out sentence that lies nearest to a clip, in its language or another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from training import captions
from training.clara import Clara
from training.evaluation import figures
from training.evaluation.hearing import Heard

# Every clip is asked in its own language and in these, which stand for words of another one.
OTHER_WORDS = ("en", "de")


def measure(heard: Heard, *, emotions: Sequence[str] | None = None, draws: int, seed: int = 0) -> dict[str, Any]:
    """UAR by the clips' own languages, by language, and by words of other languages; no emotion head has a say.

    `emotions` are what is chosen among; by default the checkpoint's own.
    """
    names = list(emotions or heard.clara.labels)
    spoken = np.array([tag.partition("-")[0].lower() for tag in heard.languages])
    said = {tag: np.array(nearest(heard, names, tag)) for tag in sorted({*spoken, *OTHER_WORDS})}
    own = np.array([said[tag][row] for row, tag in enumerate(spoken)])

    def told(predicted: np.ndarray, where: np.ndarray) -> dict[str, Any]:
        rows = np.flatnonzero(where)
        columns = ([column[row] for row in rows] for column in (heard.truth, predicted.tolist(), heard.speakers))
        return figures.summary(*columns, draws=draws, seed=seed)

    return {
        **told(own, np.ones(len(spoken), dtype=bool)),
        "chosen_among": names,
        "templates": {tag: len(captions.evaluation_captions(names[0], languages=[tag])) for tag in said},
        "by_language": {tag: told(own, spoken == tag) for tag in sorted(set(spoken))},
        "in_words_of": {tag: told(said[tag], spoken != tag) for tag in said if (spoken != tag).any()},
    }


def nearest(heard: Heard, emotions: Sequence[str], language: str) -> list[str]:
    """For each clip the emotion whose held-out sentences of one language lie nearest."""
    best = (heard.embeddings @ vectors(heard.clara, emotions, language).T).argmax(axis=1)
    return [emotions[index] for index in best]


def vectors(clara: Clara, emotions: Sequence[str], language: str) -> np.ndarray:
    """A unit vector an emotion: the mean over the held-out templates of one language, (emotions, width)."""
    means = [
        clara.embed_text(captions.evaluation_captions(emotion, languages=[language])).mean(dim=0).cpu().numpy()
        for emotion in emotions
    ]
    stacked = np.stack(means)
    return np.asarray(stacked / np.linalg.norm(stacked, axis=1, keepdims=True))
