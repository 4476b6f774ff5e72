"""What chance decides: which clips, and how far.

Every number is drawn on the CPU, and how many are drawn depends on the number of clips alone. So a seed says the same
on every device, nothing waits for the GPU, and what happens to a clip does not depend on how long its neighbours are.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from training.clara.spectrogram import frame_mask


def chosen(clips: int, share: float) -> Tensor:
    """True for about this share of the clips: (clips)."""
    return torch.rand(clips) < share


def between(clips: int, lowest: float, highest: float) -> Tensor:
    """One number a clip, all alike probable: (clips)."""
    return lowest + torch.rand(clips) * (highest - lowest)


def changed_rows(
    waveforms: Tensor,
    sample_counts: Tensor,
    chosen: Tensor,
    change: Callable[[Tensor, Tensor], Tensor],
    *,
    keeping_level: bool = True,
) -> Tensor:
    """The batch (clips, samples) with `change(chosen rows, their numbers)` in their places, as strong as they were.

    Nothing is computed for the others, and what a change writes behind a clip's end is silenced.
    """
    numbers = chosen.nonzero()[:, 0]
    if not len(numbers):
        return waveforms
    rows = numbers.to(waveforms.device, non_blocking=True)
    before = waveforms[rows]
    after = silenced(change(before, numbers), sample_counts[numbers.to(sample_counts.device, non_blocking=True)])
    return waveforms.index_copy(0, rows, at_the_level_of(before, after) if keeping_level else after)


def beside(waveforms: Tensor, drawn: Tensor) -> Tensor:
    """What was drawn, one number a clip, as a column on the sound's device: (clips, 1)."""
    return drawn.to(waveforms.device, non_blocking=True)[:, None]


def silenced(waveforms: Tensor, sample_counts: Tensor) -> Tensor:
    """The batch, exactly silent behind each clip's end."""
    inside = frame_mask(sample_counts.to(waveforms.device, non_blocking=True), waveforms.shape[1])
    return waveforms.masked_fill(~inside, 0.0)


def at_the_level_of(original: Tensor, waveforms: Tensor, *, at_most: float = 4.0) -> Tensor:
    """The changed sound as strong as the original was, both (clips, samples), silent where there is no energy left."""
    kept = waveforms.square().sum(dim=1, keepdim=True)
    ratio = original.square().sum(dim=1, keepdim=True) / kept.clamp(min=1e-20)
    return waveforms * ratio.sqrt().clamp(max=at_most)
