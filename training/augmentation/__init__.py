"""What else the same clip could have sounded like: louder, nearer to noise, a little faster, with holes.

Everything happens on the batch, on its device, and depends on torch's random state alone. Limits keep the emotion:
noise stays 15 dB below the voice (arXiv 2104.08806), speed within a twentieth. How much of it was chosen on five
speakers of nEMO, one left out at a time (UAR, chance 0.333): this much 0.575; none 0.568; 0.499 with speeds within a
tenth, noise on half of the clips, two masks of each kind and mels stretched by 12 %. These were not tried apart.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from training.clara.spectrogram import resampled

# Read as if at these rates: coarse steps, because each ratio needs its own filter.
SPEEDS_HUNDREDTHS = (95, 100, 105)
GAIN_DB = 6.0
NOISE_SHARE, NOISE_SNR_DB = 0.3, (15.0, 30.0)
MASKED_MELS, MASKED_FRAMES_SHARE, MASKS = 12, 0.1, 1


class Changed(NamedTuple):
    """A batch as it could have sounded, and which facets of its captions are no longer true of each clip."""

    waveforms: Tensor  # (clips, samples), silent behind each clip's end
    sample_counts: Tensor  # (clips)
    falsified: list[frozenset[str]]  # one a clip, of the names in training.facets


def changed(waveforms: Tensor, sample_counts: Tensor, *, backgrounds: Tensor | None = None) -> Changed:
    """The batch (clips, samples) at other speeds, gains and with noise; `backgrounds` (sounds, samples) may be heard."""
    waveforms, sample_counts = sped(waveforms, sample_counts)
    waveforms = noisy(gained(waveforms), sample_counts)
    return Changed(waveforms, sample_counts, [frozenset({"loudness", "pitch", "rate"})] * len(waveforms))


def sped(waveforms: Tensor, sample_counts: Tensor) -> tuple[Tensor, Tensor]:
    """Each clip at a speed of its own; pitch moves along, within a semitone."""
    speeds = torch.tensor(SPEEDS_HUNDREDTHS)[torch.randint(len(SPEEDS_HUNDREDTHS), (len(waveforms),))]
    clips = list(waveforms)
    for speed in set(speeds.tolist()) - {100}:
        rows = (speeds == speed).nonzero()[:, 0].tolist()
        for row, clip in zip(rows, resampled(waveforms[rows], from_hz=speed, to_hz=100), strict=True):
            clips[row] = clip
    speeds = speeds.to(waveforms.device)
    counts = torch.div(sample_counts * 100 + speeds - 1, speeds, rounding_mode="floor")
    longest = int(counts.max())
    return pad_sequence([clip[:longest] for clip in clips], batch_first=True), counts


def gained(waveforms: Tensor) -> Tensor:
    """Each clip up to 6 dB louder or softer."""
    decibels = (torch.rand(len(waveforms), 1) * 2 - 1).to(waveforms.device) * GAIN_DB
    return waveforms * 10 ** (decibels / 20)


def noisy(waveforms: Tensor, sample_counts: Tensor) -> Tensor:
    """Three in ten clips over white to pinkish noise, 15 to 30 dB below them."""
    device = waveforms.device
    inside = torch.arange(waveforms.shape[1], device=device) < sample_counts[:, None]
    power = (waveforms.square() * inside).sum(dim=1) / sample_counts
    lowest, highest = NOISE_SNR_DB
    snr = torch.rand(len(waveforms)).to(device) * (highest - lowest) + lowest
    chosen = (torch.rand(len(waveforms)) < NOISE_SHARE).to(device)
    noise = torch.randn(waveforms.shape, device=device)
    colour = torch.rand(len(waveforms), 1).to(device)
    noise[:, 1:] = noise[:, 1:] + colour * noise[:, :-1]
    noise = noise / noise.square().mean(dim=1, keepdim=True).sqrt()
    level = (power / 10 ** (snr / 10)).sqrt() * chosen
    return waveforms + noise * level[:, None] * inside


def masked(mel: Tensor, frame_counts: Tensor) -> Tensor:
    """SpecAugment (arXiv 1904.08779): a band and a short time of each picture (clips, mels, frames) go blank."""
    clips, mels, frames = mel.shape
    hidden = torch.zeros(clips, mels, frames, dtype=torch.bool, device=mel.device)
    for _ in range(MASKS):
        hidden |= _stretch(mels, torch.full((clips,), mels), torch.full((clips,), float(MASKED_MELS)), mel)[:, :, None]
        counts = frame_counts.cpu()
        hidden |= _stretch(frames, counts, counts * MASKED_FRAMES_SHARE, mel)[:, None, :]
    return mel.masked_fill(hidden, 0.0)


def _stretch(length: int, counts: Tensor, longest: Tensor, mel: Tensor) -> Tensor:
    width = torch.rand(len(counts)) * longest
    start = torch.rand(len(counts)) * (counts - width)
    places = torch.arange(length)
    return ((places >= start[:, None]) & (places < (start + width)[:, None])).to(mel.device)
