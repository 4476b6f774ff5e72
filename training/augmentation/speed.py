"""Speed: the same take played faster or slower, as a tape would; pitch and formants move along."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from training.augmentation.chance import chosen, silenced
from training.clara.spectrogram import resampled

SHARE = 0.5
# In hundredths, because each ratio needs a filter of its own.
SLOWEST, FASTEST = 90, 110


def drawn(clips: int) -> Tensor:
    """A speed for each clip in hundredths, 100 where it stays as it is: (clips)."""
    speeds = torch.randint(SLOWEST, FASTEST + 1, (clips,))
    return torch.where(chosen(clips, SHARE), speeds, 100)


def sped(waveforms: Tensor, sample_counts: Tensor, speeds: Tensor) -> tuple[Tensor, Tensor]:
    """The batch (clips, samples) at speeds in hundredths (clips), as wide as its longest, and its new sample counts."""
    clips = read_at(waveforms, speeds)
    hundredths = speeds.to(sample_counts.device)
    counts = torch.div(sample_counts * 100 + hundredths - 1, hundredths, rounding_mode="floor")
    longest = int(counts.max())
    return silenced(pad_sequence([clip[:longest] for clip in clips], batch_first=True), counts), counts


def read_at(waveforms: Tensor, speeds: Tensor) -> list[Tensor]:
    """Each row of the batch read at its speed in hundredths, each as long as it becomes: clips of (samples)."""
    clips = list(waveforms)
    for speed in sorted(set(speeds.tolist()) - {100}):
        rows = (speeds == speed).nonzero()[:, 0]
        alike = waveforms[rows.to(waveforms.device, non_blocking=True)]
        for row, clip in zip(rows.tolist(), resampled(alike, from_hz=speed, to_hz=100), strict=True):
            clips[row] = clip
    return clips
