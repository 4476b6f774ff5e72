"""What else the same clip could have sounded like: elsewhere, through a telephone, a little faster, with holes.

Everything happens on the batch, on its device, and depends on torch's random state alone: two batches of as many clips
are changed alike under one seed, however long their clips are. Limits keep the emotion, and what a change makes untrue
is told, so that no caption says it; docs/guides/augmentation.md has the source of each limit.

How much was tried on five speakers of nEMO, one left out at a time, with `tiny` trained from scratch (UAR, chance
0.333) when there were only speed, gain, noise and masks: speeds of 0.95, 1 and 1.05, noise on three clips in ten and
one mask of each kind 0.575; nothing 0.568; speeds within a tenth, noise on half of the clips, two masks of each kind
and mels stretched by 12 % 0.499. These were not tried apart, and today's changes and shares were not tried so.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from training.augmentation import background, band, gain, pitch, reverberation, speed
from training.augmentation.masks import masked

__all__ = ["Changed", "changed", "masked"]


class Changed(NamedTuple):
    """A batch as it could have sounded, and which facets of its captions are no longer true of each clip."""

    waveforms: Tensor  # (clips, samples), exactly silent behind each clip's end
    sample_counts: Tensor  # (clips)
    falsified: list[frozenset[str]]  # one a clip, of the names in training.facets


@torch.no_grad()
def changed(waveforms: Tensor, sample_counts: Tensor, *, backgrounds: Tensor | None = None) -> Changed:
    """The batch (clips, samples) of 16 kHz sound, changed as chance has it, in float32 and within full scale.

    `backgrounds` (sounds, samples) are recordings of places, heard behind some clips. Sample counts (clips) on the CPU
    spare a GPU one wait.
    """
    clips = len(waveforms)
    speeds, ratios, decibels = speed.drawn(clips), pitch.drawn(clips), gain.drawn(clips)
    rooms, bands = reverberation.drawn(clips), band.drawn(clips)
    heard = background.drawn(clips, with_places=backgrounds is not None)
    with torch.autocast(waveforms.device.type, enabled=False):
        # In the order of the world: the voice, the room it is in, what else is heard there, the line, the knob.
        waveforms, sample_counts = speed.sped(waveforms.float(), sample_counts, speeds)
        waveforms = pitch.pitched(waveforms, sample_counts, ratios)
        waveforms = reverberation.reverberant(waveforms, sample_counts, rooms)
        waveforms = background.behind(waveforms, sample_counts, heard, places=backgrounds)
        waveforms = band.band_limited(waveforms, sample_counts, bands)
        waveforms = gain.within_full_scale(gain.gained(waveforms, decibels))
    are_filled = rooms.fill_pauses | heard.fill_pauses
    untrue = falsified(speeds=speeds, ratios=ratios, decibels=decibels, are_filled=are_filled)
    return Changed(waveforms, sample_counts, untrue)


def falsified(*, speeds: Tensor, ratios: Tensor, decibels: Tensor, are_filled: Tensor) -> list[frozenset[str]]:
    """What is no longer true of each clip after such changes, each (clips); what is not asked for falsifies nothing."""
    untrue = {
        # A rate is told by the dips between syllables, which echoes and other voices may fill.
        "rate": (speeds != 100) | are_filled,
        "pitch": (speeds != 100) | (ratios != 100),
        "loudness": decibels.abs() > gain.UNNOTICED_DB,
    }
    return [frozenset(facet for facet in untrue if untrue[facet][clip]) for clip in range(len(speeds))]
