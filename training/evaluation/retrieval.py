"""Finding a clip by words and words by a clip, in the whole gallery: every clip of the split, every different text.

A text is a right answer for every clip that it is true of, not only for the one it came with: "an angry voice" finds
any angry clip, in whatever language it is spoken. A listener's own description is true of the clips that carry it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from training import captions
from training.evaluation import bootstrap
from training.evaluation.hearing import Heard
from training.packing import PackedClip

TOP = (1, 5, 10)
CELLS_AT_ONCE = 4_000_000


def measure(heard: Heard, *, draws: int, seed: int = 0) -> dict[str, Any]:
    """R@1, R@5, R@10, mean average precision and median rank both ways, each with its interval and gallery size."""
    own = [text_of(clip) for clip in heard.clips]
    texts = sorted(set(own))
    vectors = heard.clara.embed_text(texts).cpu().numpy()
    is_true = truth(heard.clips, own, texts)
    there = ranked(heard.embeddings, vectors, is_true)
    back = ranked(vectors, heard.embeddings, is_true.T)
    # A text has no speaker of its own: it counts with the voice of each clip that it is the text of.
    asked = [texts.index(text) for text in own]
    return {
        "audio_to_text": _told(there, heard.speakers, gallery=len(texts), draws=draws, seed=seed),
        "text_to_audio": _told(back[asked], heard.speakers, gallery=len(heard), draws=draws, seed=seed)
        | {"texts": len(texts)},
    }


def text_of(clip: PackedClip) -> str:
    """The one text that a clip goes by: what a listener wrote, else its emotion in its language's first template."""
    return clip.texts[0] if clip.texts else captions.evaluation_captions(clip.emotion, languages=[clip.language])[0]


def truth(clips: Sequence[PackedClip], own: Sequence[str], texts: Sequence[str]) -> np.ndarray:
    """Bool (clips, texts): which texts are true of which clips."""
    place = {text: column for column, text in enumerate(texts)}
    emotions: dict[str, str] = {}
    for clip, text in zip(clips, own, strict=True):
        if not clip.texts:
            emotions[text] = clip.emotion
    says = np.array([emotions.get(text, "") for text in texts])
    is_true = np.array([clip.emotion for clip in clips])[:, None] == says
    is_true[np.arange(len(clips)), [place[text] for text in own]] = True
    return is_true


def ranked(queries: np.ndarray, gallery: np.ndarray, is_true: np.ndarray) -> np.ndarray:
    """Of each query, the rank of its first right answer (from 1) and its average precision: (queries, 2).

    Ranks are by cosine over the whole gallery; the wrong one goes first where two are level. `is_true` is bool
    (queries, gallery) with at least one right answer a row.
    """
    at_once = max(1, CELLS_AT_ONCE // len(gallery))
    rows = []
    for start in range(0, len(queries), at_once):
        likeness = queries[start : start + at_once] @ gallery.T
        right = is_true[start : start + at_once]
        order = np.lexsort((right, -likeness), axis=1)
        found = np.take_along_axis(right, order, axis=1)
        hits = found.cumsum(axis=1)
        precision = (hits / np.arange(1, found.shape[1] + 1) * found).sum(axis=1) / found.sum(axis=1)
        rows.append(np.stack([found.argmax(axis=1) + 1, precision], axis=1))
    return np.concatenate(rows)


def _told(ranks: np.ndarray, speakers: Sequence[str], *, gallery: int, draws: int, seed: int) -> dict[str, Any]:
    first, precision = ranks.T

    def mean(values: np.ndarray) -> dict[str, Any]:
        return {
            "value": float(values.mean()),
            "interval": bootstrap.mean_interval(values, speakers, draws=draws, seed=seed),
        }

    recalls = {f"recall_at_{top}": mean(first <= top) for top in TOP if top < gallery}
    return {
        "gallery": gallery,
        "queries": len(ranks),
        **recalls,
        "mean_average_precision": mean(precision),
        "median_rank": _median(first, speakers, draws=draws, seed=seed),
    }


def _median(ranks: np.ndarray, speakers: Sequence[str], *, draws: int, seed: int) -> dict[str, Any]:
    levels, place = np.unique(ranks, return_inverse=True)

    def middle(sums: np.ndarray) -> np.ndarray:
        reached = sums.cumsum(axis=1) * 2 >= sums.sum(axis=1, keepdims=True)
        return np.asarray(levels[reached.argmax(axis=1)], dtype=float)

    columns = np.zeros((len(ranks), len(levels)), dtype=np.float32)
    columns[np.arange(len(ranks)), place] = 1
    interval = bootstrap.interval(columns, speakers, middle, draws=draws, seed=seed)
    return {"value": float(middle(columns.sum(axis=0, keepdims=True))[0]), "interval": interval}
