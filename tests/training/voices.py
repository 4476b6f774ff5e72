"""Sounds that behave like voices: a pitch with its harmonics, louder and softer syllables, breath."""

import torch
from torch import Tensor


def voice(samples: int, *, pitch_hz: float, level: float = 0.05) -> Tensor:
    """A hummed clip (samples) at 16 kHz, four syllables a second, its pitch swaying by two hundredths."""
    seconds = torch.arange(samples, dtype=torch.float64) / 16_000
    turns = pitch_hz * (seconds + 0.02 * torch.sin(2 * torch.pi * 3 * seconds) / (2 * torch.pi * 3))
    harmonics = torch.arange(1, int(7_000 / pitch_hz))[:, None]
    hum = (torch.cos(2 * torch.pi * harmonics * turns) / harmonics).sum(dim=0)
    syllables = 0.55 - 0.45 * torch.cos(2 * torch.pi * 4 * seconds)
    sound = hum * syllables
    return (sound * level / sound.square().mean().sqrt()).float()


def batch_of(voices: list[Tensor], *, width: int | None = None) -> tuple[Tensor, Tensor]:
    """The clips (clips, samples), padded with silence, and their counts (clips)."""
    counts = torch.tensor([len(clip) for clip in voices])
    waveforms = torch.zeros(len(voices), width or int(counts.max()))
    for row, clip in zip(waveforms, voices, strict=True):
        row[: len(clip)] = clip
    return waveforms, counts
