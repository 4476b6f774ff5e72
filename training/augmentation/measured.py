"""What an ear would say of a changed clip beside the original, as numbers: how much faster, higher, nearer to noise."""

from __future__ import annotations

import torch
from torch import Tensor

SAMPLE_RATE_HZ = 16_000
FRAME_SAMPLES, HOP_SAMPLES = 800, 160
LOWEST_HZ, HIGHEST_HZ = 65, 500
# A frame is voiced when it repeats itself so well and is so strong beside the whole clip.
VOICED_CORRELATION, VOICED_SHARE_OF_RMS = 0.6, 0.1


def pitches_hz(clip: Tensor) -> Tensor:
    """The fundamental frequency of a clip (samples) every 10 ms by normalised autocorrelation, NaN where unvoiced."""
    frames = clip.double().unfold(0, 2 * FRAME_SAMPLES, HOP_SAMPLES)  # (frames, samples)
    first = frames[:, :FRAME_SAMPLES]
    shortest, longest = SAMPLE_RATE_HZ // HIGHEST_HZ, SAMPLE_RATE_HZ // LOWEST_HZ
    size = 4 * FRAME_SAMPLES
    products = torch.fft.irfft(torch.fft.rfft(first, n=size).conj() * torch.fft.rfft(frames, n=size), n=size)
    energy = torch.nn.functional.pad(frames.square().cumsum(dim=1), (1, 0))
    energies = energy[:, FRAME_SAMPLES : FRAME_SAMPLES + longest + 2] - energy[:, : longest + 2]
    alike = products[:, : longest + 2] / (energies * energies[:, :1]).sqrt().clamp(min=1e-12)
    inner = alike[:, shortest : longest + 1]
    is_peak = (inner > alike[:, shortest - 1 : longest]) & (inner >= alike[:, shortest + 1 : longest + 2])
    # Every multiple of a period repeats as well: a little for the shorter one.
    shorter = 0.05 * (torch.arange(shortest, longest + 1) / shortest).log2()
    best = (inner - shorter).masked_fill(~is_peak, -torch.inf).argmax(dim=1, keepdim=True) + shortest
    before, at, after = (alike.gather(1, best + step)[:, 0] for step in (-1, 0, 1))
    period = best[:, 0] + (after - before) / (2 * (2 * at - before - after)).clamp(min=1e-12)
    strong = first.square().mean(dim=1).sqrt() > VOICED_SHARE_OF_RMS * clip.double().square().mean().sqrt()
    return torch.where((at > VOICED_CORRELATION) & strong, SAMPLE_RATE_HZ / period, torch.nan)


def pitch_ratio(original: Tensor, changed: Tensor) -> float:
    """The median ratio of the pitches where both clips (samples) are voiced, each read at its own tempo."""
    before, after = pitches_hz(original), pitches_hz(changed)
    places = (torch.arange(len(before)) * (len(after) / len(before))).long()
    return float((after[places] / before).nanmedian())


def level_db(clip: Tensor) -> float:
    """The root mean square of a clip (samples) below full scale."""
    return float(10 * clip.square().mean().clamp(min=1e-20).log10())


def snr_db(original: Tensor, changed: Tensor) -> float:
    """How far whatever was added to a clip (samples) lies below it."""
    return level_db(original) - level_db(changed - original)


def response(original: Tensor, changed: Tensor) -> Tensor:
    """What turned the one clip (samples) into the other: an impulse response, one second of it."""
    size = 2 * len(original) + SAMPLE_RATE_HZ
    before, after = torch.fft.rfft(original.double(), n=size), torch.fft.rfft(changed.double(), n=size)
    power = before.abs().square()
    return torch.fft.irfft(after * before.conj() / (power + 1e-6 * power.mean()), n=size)[:SAMPLE_RATE_HZ]


def rt60_seconds(response: Tensor) -> float:
    """How long echoes take to fall by 60 dB: the slope of their backward integral from 5 to 20 dB down (Schroeder)."""
    echoes = response[SAMPLE_RATE_HZ // 200 :]
    left = echoes.square().flip(0).cumsum(0).flip(0)
    decibels = 10 * (left / left[0]).clamp(min=1e-12).log10()
    start, end = int((decibels > -5).sum()), int((decibels > -20).sum())
    return 4 * (end - start) / SAMPLE_RATE_HZ


def share_outside_db(clip: Tensor, *, lowest_hz: float, highest_hz: float) -> float:
    """How strong a clip (samples) is outside a band, beside the whole of it."""
    power = torch.fft.rfft(clip.double()).abs().square()
    hz = torch.fft.rfftfreq(len(clip), 1 / SAMPLE_RATE_HZ)
    outside = power[(hz < lowest_hz) | (hz > highest_hz)].sum()
    return float(10 * (outside / power.sum()).clamp(min=1e-20).log10())
