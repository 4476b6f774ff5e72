"""Gain: the same take up to 6 dB louder or softer."""

from __future__ import annotations

from torch import Tensor

from training.augmentation.chance import beside, between

DECIBELS = 6.0
# A change that a listener would call one: beyond it a caption may not tell the loudness any more.
UNNOTICED_DB = 2.0


def drawn(clips: int) -> Tensor:
    """The gain of each clip in dB: (clips)."""
    return between(clips, -DECIBELS, DECIBELS)


def gained(waveforms: Tensor, decibels: Tensor) -> Tensor:
    """The batch (clips, samples) louder by so many dB (clips)."""
    return waveforms * 10 ** (beside(waveforms, decibels) / 20)


def within_full_scale(waveforms: Tensor) -> Tensor:
    """Clips whose peak lies above 1 turned down to it, so that nothing would clip; the others as they are."""
    return waveforms / waveforms.abs().amax(dim=1, keepdim=True).clamp(min=1.0)
