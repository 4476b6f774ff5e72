"""Band limit: a telephone's 300 to 3,400 Hz, or a microphone that hears nothing higher up; as strong as before."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from training.augmentation.chance import between, changed_rows, chosen
from training.augmentation.reverberation import convolved

SHARE, TELEPHONE_SHARE = 0.2, 0.5
SAMPLE_RATE_HZ = 16_000
TELEPHONE_HZ = (300.0, 3_400.0)
LOW_PASS_HZ = (3_000.0, 7_000.0)
# From an edge to silence: a sixth of the edge, steep as a telephone, and over within these taps.
SLOPE = 1 / 6
TAPS = 2_048


def drawn(clips: int) -> Tensor:
    """Which band each clip keeps: (clips, 2) in Hz, from 0 to infinity where it stays whole."""
    whole = torch.tensor([0.0, torch.inf]).expand(clips, 2)
    telephone = torch.tensor(TELEPHONE_HZ).expand(clips, 2)
    low_pass = torch.stack([torch.zeros(clips), between(clips, *LOW_PASS_HZ)], dim=1)
    limited = torch.where(chosen(clips, TELEPHONE_SHARE)[:, None], telephone, low_pass)
    return torch.where(chosen(clips, SHARE)[:, None], limited, whole)


def band_limited(waveforms: Tensor, sample_counts: Tensor, bands: Tensor) -> Tensor:
    """The batch (clips, samples) without what lies outside the bands (clips, 2) in Hz."""

    def limited(rows: Tensor, numbers: Tensor) -> Tensor:
        responses = impulse_responses(bands[numbers]).to(rows.device, non_blocking=True)
        return convolved(functional.pad(rows, (0, TAPS // 2)), responses)[:, TAPS // 2 :]

    return changed_rows(waveforms, sample_counts, bands.isfinite().all(dim=1), limited)


def impulse_responses(bands: Tensor) -> Tensor:
    """What each band answers to a click, half of the taps late: (clips, TAPS)."""
    hz = torch.fft.rfftfreq(TAPS, 1 / SAMPLE_RATE_HZ)
    low, high = bands[:, :1], bands[:, 1:]
    above = torch.where(low > 0, (hz - low * (1 - SLOPE)) / (low * SLOPE), 1.0).clamp(0, 1)
    below = ((high * (1 + SLOPE) - hz) / (high * SLOPE)).clamp(0, 1)
    # Raised cosines: straight slopes would ring longer.
    passed = (0.5 - 0.5 * torch.cos(torch.pi * above)) * (0.5 - 0.5 * torch.cos(torch.pi * below))
    return torch.fft.irfft(passed, n=TAPS).roll(TAPS // 2, dims=1)
