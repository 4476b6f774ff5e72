"""Background: white to pink noise, the babble of other clips of the batch, or a recorded place, 15 to 30 dB below.

Stronger noise changes which emotion people hear (arXiv 2104.08806).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from training.augmentation.chance import beside, between, chosen, silenced

SHARE = 0.3
SNR_DB = (15.0, 30.0)
SAMPLE_RATE_HZ = 16_000
# At 15 dB babble moves the measured rate as a tenth of speed does and more, at 20 dB not at all.
PAUSES_FILLED_DB = 20.0
# Fewer voices than this are not babble but somebody else speaking.
VOICES = 4
# About eight seconds of noise for a whole batch, which each clip reads from a place of its own, round and round.
BED_SAMPLES = 1 << 17
# Below, a microphone hears nothing, and pink noise would spend half of its strength there.
LOWEST_HZ = 40.0
NOISE, BABBLE, PLACE = range(3)
# The power under which there is nothing to make stronger.
QUIETEST = 1e-12


class Backgrounds(NamedTuple):
    """What is heard behind each clip, and how far below it."""

    are_heard: Tensor  # (clips)
    kinds: Tensor  # (clips), each NOISE, BABBLE or PLACE
    snr_db: Tensor  # (clips)
    colours: Tensor  # (clips), from 0, white, to 1, pink
    ranks: Tensor  # (clips, clips), by which each clip chooses the voices of its babble
    places: Tensor  # (clips), from 0 to 1 in the list of places
    starts: Tensor  # (clips, VOICES), from 0 to 1 in what is read
    white: Tensor  # (BED_SAMPLES)

    @property
    def fill_pauses(self) -> Tensor:
        """True where other voices are loud enough to be taken for the clip's own syllables: (clips)."""
        return self.are_heard & (self.kinds == BABBLE) & (self.snr_db < PAUSES_FILLED_DB)


def drawn(clips: int, *, with_places: bool = False) -> Backgrounds:
    """A background for each clip; babble where there are voices enough for it, places where there are any."""
    kinds = [NOISE, *[BABBLE] * (clips > VOICES), *[PLACE] * with_places]
    return Backgrounds(
        chosen(clips, SHARE),
        torch.tensor(kinds)[torch.randint(len(kinds), (clips,))],
        between(clips, *SNR_DB),
        torch.rand(clips),
        torch.rand(clips, clips),
        torch.rand(clips),
        torch.rand(clips, VOICES),
        torch.randn(BED_SAMPLES),
    )


def behind(
    waveforms: Tensor, sample_counts: Tensor, backgrounds: Backgrounds, *, places: Tensor | None = None
) -> Tensor:
    """The batch (clips, samples) with what is heard behind it; `places` are recordings (sounds, samples), looped."""
    counts = sample_counts.to(waveforms.device, non_blocking=True)
    over = waveforms
    for kind in (NOISE, BABBLE, PLACE):
        numbers = (backgrounds.are_heard & (backgrounds.kinds == kind)).nonzero()[:, 0]
        if not len(numbers):
            continue
        if kind == NOISE:
            sound = noise(backgrounds, numbers, like=waveforms)
        elif kind == BABBLE:
            sound = babble(backgrounds, numbers, waveforms, counts)
        elif places is not None:
            sound = place(backgrounds, numbers, waveforms, places)
        rows = numbers.to(waveforms.device, non_blocking=True)
        sound = silenced(sound, counts[rows])
        over = over.index_add(0, rows, sound * _level(waveforms[rows], sound, backgrounds.snr_db[numbers]))
    return over


def noise(backgrounds: Backgrounds, numbers: Tensor, *, like: Tensor) -> Tensor:
    """Noise for these clips, each of its own colour: (clips chosen, samples)."""
    white = backgrounds.white.to(like.device, non_blocking=True)
    hz = torch.fft.rfftfreq(BED_SAMPLES, 1 / SAMPLE_RATE_HZ, device=like.device)
    pink = torch.fft.irfft(torch.fft.rfft(white) * (hz > LOWEST_HZ) * hz.clamp(min=LOWEST_HZ) ** -0.5)
    pink = pink / pink.square().mean().sqrt()
    colours = beside(like, backgrounds.colours[numbers])
    starts = beside(like, backgrounds.starts[numbers, 0])
    positions = _looped(starts, beside(like, torch.full((len(numbers),), BED_SAMPLES)), like.shape[1])
    return white[positions] * (1 - colours) + pink[positions] * colours


def babble(backgrounds: Backgrounds, numbers: Tensor, waveforms: Tensor, counts: Tensor) -> Tensor:
    """The voices of other clips, equally strong and begun anywhere, for these clips: (clips chosen, samples)."""
    others = backgrounds.ranks.clone().fill_diagonal_(-1.0).topk(VOICES, dim=1).indices[numbers]
    others = others.to(waveforms.device, non_blocking=True)
    powers = waveforms.square().sum(dim=1) / counts
    mixed = torch.zeros(len(numbers), waveforms.shape[1], device=waveforms.device)
    for voice in range(VOICES):
        other = others[:, voice : voice + 1]
        starts = beside(waveforms, backgrounds.starts[numbers, voice])
        sound = waveforms[other, _looped(starts, counts[other], waveforms.shape[1])]
        mixed += sound / powers[other].clamp(min=QUIETEST).sqrt()
    return mixed


def place(backgrounds: Backgrounds, numbers: Tensor, waveforms: Tensor, places: Tensor) -> Tensor:
    """A part of a recorded place for these clips: (clips chosen, samples)."""
    which = beside(waveforms, (backgrounds.places[numbers] * len(places)).long())
    lengths = torch.full_like(which, places.shape[1])
    starts = beside(waveforms, backgrounds.starts[numbers, 0])
    return places.to(waveforms)[which, _looped(starts, lengths, waveforms.shape[1])]


def _looped(starts: Tensor, lengths: Tensor, samples: int) -> Tensor:
    """Which samples are read, round and round, from shares (clips, 1) of sounds of these lengths (clips, 1)."""
    steps = torch.arange(samples, device=starts.device)
    return ((starts * lengths).long() + steps) % lengths


def _level(voices: Tensor, sounds: Tensor, snr_db: Tensor) -> Tensor:
    """By what to multiply the sounds (clips, samples) so that they lie so far below the voices: (clips, 1)."""
    ratio = voices.square().sum(dim=1, keepdim=True) / sounds.square().sum(dim=1, keepdim=True).clamp(min=QUIETEST)
    return (ratio / 10 ** (beside(voices, snr_db) / 10)).sqrt()
