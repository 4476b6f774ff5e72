"""Pitch: a voice up to a semitone higher or lower, its tempo kept. Stretched in time, then read faster or slower."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from training.augmentation.chance import changed_rows, chosen
from training.augmentation.speed import read_at
from training.augmentation.stretch import stretched

SHARE = 0.3
# The ratio of the pitches in hundredths: 0.89 semitones down to 0.84 up.
LOWEST, HIGHEST = 95, 105


def drawn(clips: int) -> Tensor:
    """The ratio of new to old pitch for each clip in hundredths, 100 where it stays as it is: (clips)."""
    ratios = torch.randint(LOWEST, HIGHEST + 1, (clips,))
    return torch.where(chosen(clips, SHARE), ratios, 100)


def semitones(ratio_hundredths: int) -> float:
    """The interval of a ratio."""
    return 12 * math.log2(ratio_hundredths / 100)


def pitched(waveforms: Tensor, sample_counts: Tensor, ratios: Tensor) -> Tensor:
    """The batch (clips, samples) with its pitches times ratios in hundredths (clips), each clip as long as before."""
    length = waveforms.shape[1]

    def moved(rows: Tensor, numbers: Tensor) -> Tensor:
        own = ratios[numbers]
        return torch.stack([clip[:length] for clip in read_at(stretched(rows, own / 100), own)])

    return changed_rows(waveforms, sample_counts, ratios != 100, moved)
