"""SpecAugment (arXiv 1904.08779): holes in the picture that the ear looks at."""

from __future__ import annotations

import torch
from torch import Tensor

MASKED_MELS, MASKED_FRAMES_SHARE = 12, 0.1


def masked(mel: Tensor, frame_counts: Tensor) -> Tensor:
    """A band and a short time of each picture (clips, mels, frames) go blank: zero, the middle of a log-mel."""
    clips, mels, frames = mel.shape
    counts = frame_counts.to(mel.device, torch.float32, non_blocking=True)
    every = torch.full((clips,), float(mels), device=mel.device)
    bands = _stretch(mels, every, torch.full_like(every, MASKED_MELS))
    times = _stretch(frames, counts, counts * MASKED_FRAMES_SHARE)
    return mel.masked_fill(bands[:, :, None] | times[:, None, :], 0.0)


def _stretch(length: int, counts: Tensor, longest: Tensor) -> Tensor:
    """True for one run of places a clip, at most `longest` long and inside its count: (clips, length)."""
    drawn = torch.rand(2, len(counts)).to(counts.device, non_blocking=True)
    width = drawn[0] * longest
    start = drawn[1] * (counts - width)
    places = torch.arange(length, device=counts.device)
    return (places >= start[:, None]) & (places < (start + width)[:, None])
