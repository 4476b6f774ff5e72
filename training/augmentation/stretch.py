"""Stretching in time by a phase vocoder, each row of a batch by a factor of its own.

The phases around each peak of a spectrum are turned together (phase locking: Laroche and Dolson, IEEE Transactions on
Speech and Audio Processing 7, 1999); turned bin by bin, a voice sounds as if from the end of a tunnel.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

WINDOW_SAMPLES = 512
HOP_SAMPLES = WINDOW_SAMPLES // 4
# A peak is the largest among this many neighbours at either side.
PEAK_REACH = 2


def stretched(waveforms: Tensor, factors: Tensor) -> Tensor:
    """The rows (clips, samples) lasting `factors` (clips) times as long, in a batch wide enough for each of them."""
    width = waveforms.shape[1]
    longest = math.ceil(width * float(factors.max())) + HOP_SAMPLES
    frames = longest // HOP_SAMPLES + 4
    steps = torch.arange(frames) / factors[:, None]  # (clips, frames): where each new frame lies among the old ones
    read = int(steps.max()) + 2
    spectrum = _spectrum(waveforms, frames=read)
    return _waves(_read(spectrum, steps.to(waveforms.device, non_blocking=True)), length=longest)


def _spectrum(waveforms: Tensor, *, frames: int) -> Tensor:
    behind = (frames - 1) * HOP_SAMPLES + WINDOW_SAMPLES // 2 - waveforms.shape[1]
    padded = functional.pad(waveforms, (WINDOW_SAMPLES // 2, max(behind, 0)))
    return torch.stft(
        padded, WINDOW_SAMPLES, HOP_SAMPLES, window=_window(waveforms), center=False, return_complex=True
    )[..., :frames]  # (clips, bins, frames)


def _waves(spectrum: Tensor, *, length: int) -> Tensor:
    """The sound of a spectrum (clips, bins, frames); torch's own asks for a value, and a GPU would be waited for."""
    window = _window(spectrum.real)
    frames = torch.fft.irfft(spectrum.transpose(1, 2), n=WINDOW_SAMPLES) * window  # (clips, frames, samples)
    weights = _overlapped(window.square().expand(1, *frames.shape[1:]))
    return (_overlapped(frames) / weights.clamp(min=0.1))[:, WINDOW_SAMPLES // 2 :][:, :length]


def _overlapped(frames: Tensor) -> Tensor:
    """Frames (clips, frames, WINDOW_SAMPLES) laid over one another, a hop apart: (clips, samples)."""
    hops = WINDOW_SAMPLES // HOP_SAMPLES
    parts = frames.unflatten(2, (hops, HOP_SAMPLES)).unbind(dim=2)
    laid = [functional.pad(part, (0, 0, place, hops - 1 - place)) for place, part in enumerate(parts)]
    return torch.stack(laid).sum(dim=0).flatten(1)


def _window(waveforms: Tensor) -> Tensor:
    return torch.hann_window(WINDOW_SAMPLES, device=waveforms.device, dtype=waveforms.dtype)


def _read(spectrum: Tensor, steps: Tensor) -> Tensor:
    """The spectrum (clips, bins, frames) read at fractional frames (clips, steps), its phases running on."""
    before = steps.long()[:, None].expand(-1, spectrum.shape[1], -1)
    share = (steps - steps.floor())[:, None]
    magnitudes, phases = spectrum.abs(), spectrum.angle()
    here, there = phases.gather(2, before), phases.gather(2, before + 1)
    # From one new frame to the next a bin turns as far as between the two old frames around it: both steps are one hop
    # long, so whole turns do not matter.
    turns = (there - here + math.pi).remainder(2 * math.pi) - math.pi
    running = phases[..., :1] + functional.pad(turns.cumsum(dim=2), (1, -1))
    size = torch.lerp(magnitudes.gather(2, before), magnitudes.gather(2, before + 1), share)
    return torch.polar(size, here + (running - here).gather(1, _nearest_peak(size)))


def _nearest_peak(magnitudes: Tensor) -> Tensor:
    """For each bin of (clips, bins, frames) the number of the peak that is nearest to it."""
    highest = functional.max_pool1d(
        magnitudes.transpose(1, 2).flatten(0, 1)[:, None], 2 * PEAK_REACH + 1, stride=1, padding=PEAK_REACH
    )
    clips, bins, frames = magnitudes.shape
    is_peak = highest.view(clips, frames, bins).transpose(1, 2) == magnitudes
    numbers = torch.arange(bins, device=magnitudes.device)[:, None]
    below = torch.where(is_peak, numbers, -bins).cummax(dim=1).values
    above = torch.where(is_peak, numbers, 2 * bins).flip(1).cummin(dim=1).values.flip(1)
    return torch.where(numbers - below <= above - numbers, below, above)
