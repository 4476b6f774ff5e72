"""Packed clips without sound, as a packing's index would tell of them."""

from __future__ import annotations

from typing import Any

from training.packing import PackedClip


def clip(key: str = "clip", **about: Any) -> PackedClip:
    """An angry clip in Polish of which nothing else is known, but for what is told."""
    told: dict[str, Any] = {
        "key": key,
        "split": "train",
        "speaker": "vera",
        "language": "pl",
        "corpus": None,
        "emotions": {"anger": 1.0},
        "intensity": None,
        "texts": [],
        "offset": 0,
        "sample_count": 16_000,
    }
    return PackedClip(**told | about)
