"""The facets of a clip: what a caption may say of it, and what is known of it under each.

Emotions are known as shares of votes. Under every other facet a clip has a set of values, all of them true of it, or is
not known at all: that nobody ticked a style, told a gender or wrote the words down says nothing about the voice.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from training.packing import PackedClip

FACETS = ("emotion", "strength", "mixture", "style", "voice", "pitch", "loudness", "rate", "transcript")

# What a caption claims beside its emotions, each with one value.
CLAIMED = ("strength", "style", "voice", "pitch", "loudness", "rate", "transcript")
BESIDE_EMOTION = ("style", "voice", "pitch", "loudness", "rate")
# What is measured in a clip, and told beside the speaker's other clips.
PROSODY = ("pitch", "loudness", "rate")
# How a voice of another gender sounds is not told by its gender: such clips are neither of these, nor their opposite.
VOICES = ("female", "male")

# Of an intensity from 0 to 3, as listeners give it: under the first it is weak, over the second strong.
WEAK_UNDER, STRONG_OVER = 1.25, 2.25


def known(clip: PackedClip, *, bins: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """What is true of the clip, by facet, but for its emotions; a facet that nobody knows is left out.

    `bins` is the clip's own part of `prosody.bins`.
    """
    told = {
        "strength": strength_of(clip.intensity),
        "voice": clip.gender if clip.gender in VOICES else None,
        "transcript": spoken_words(clip.transcript),
        **{facet: bins.get(facet) for facet in PROSODY},
    }
    values = {facet: frozenset((value,)) for facet, value in told.items() if value}
    return values | ({"style": frozenset(clip.styles)} if clip.styles else {})


def strength_of(intensity: float | None) -> str | None:
    """The word class of an intensity from 0 to 3; None where nobody rated it."""
    if intensity is None:
        return None
    return "weak" if intensity < WEAK_UNDER else "strong" if intensity > STRONG_OVER else "middling"


def spoken_words(transcript: str | None) -> str | None:
    """The words of a transcript without case and punctuation, by which two clips are known to say the same."""
    # By category, not by \w, which takes the vowel signs out of Hindi.
    kept = (sign if unicodedata.category(sign)[0] in "LMN" else " " for sign in (transcript or "").casefold())
    return " ".join("".join(kept).split()) or None
