"""Reverberation: the voice in a small room, whose echoes die away exponentially; as strong as it was."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from training.augmentation.chance import between, changed_rows, chosen

SHARE = 0.2
SAMPLE_RATE_HZ = 16_000
# RT60: how long the echoes take to fall by 60 dB. Direct: how much stronger the voice itself is than all its echoes.
RT60_SECONDS, DIRECT_DB = (0.1, 0.5), (3.0, 12.0)
# At 0.5 s and 3 dB the measured rate falls further than at nine tenths of the speed, at 0.3 s or at 8 dB half as far.
PAUSES_FILLED_SECONDS, PAUSES_FILLED_DB = 0.3, 8.0
# Nothing comes back before it went to a wall and back: some 40 cm.
FIRST_ECHO_SAMPLES = 40


class Rooms(NamedTuple):
    """A room for each clip."""

    are_used: Tensor  # (clips), False where a clip stays outside
    rt60_seconds: Tensor  # (clips)
    direct_db: Tensor  # (clips)
    echoes: Tensor  # (clips, samples), white noise

    @property
    def fill_pauses(self) -> Tensor:
        """True where the echoes are long and loud enough to hide where a syllable ends: (clips)."""
        return self.are_used & (self.rt60_seconds > PAUSES_FILLED_SECONDS) & (self.direct_db < PAUSES_FILLED_DB)


def drawn(clips: int) -> Rooms:
    """A room for each clip."""
    longest = int(RT60_SECONDS[1] * SAMPLE_RATE_HZ)
    return Rooms(
        chosen(clips, SHARE), between(clips, *RT60_SECONDS), between(clips, *DIRECT_DB), torch.randn(clips, longest)
    )


def reverberant(waveforms: Tensor, sample_counts: Tensor, rooms: Rooms) -> Tensor:
    """The batch (clips, samples) in its rooms; echoes end with the clip."""

    def echoed(rows: Tensor, numbers: Tensor) -> Tensor:
        responses = impulse_responses(Rooms(*(part[numbers] for part in rooms))).to(rows.device, non_blocking=True)
        return convolved(rows, responses)

    return changed_rows(waveforms, sample_counts, rooms.are_used, echoed)


def impulse_responses(rooms: Rooms) -> Tensor:
    """What each room answers to a click: (clips, samples), the click itself first and of size one."""
    seconds = torch.arange(rooms.echoes.shape[1]) / SAMPLE_RATE_HZ
    tail = rooms.echoes * 10 ** (-3 * seconds / rooms.rt60_seconds[:, None])
    tail[:, :FIRST_ECHO_SAMPLES] = 0.0
    wanted = 10 ** (-rooms.direct_db[:, None] / 20)
    responses = tail * (wanted / tail.square().sum(dim=1, keepdim=True).sqrt())
    responses[:, 0] = 1.0
    return responses


def convolved(waveforms: Tensor, responses: Tensor) -> Tensor:
    """Each row (clips, samples) through its own response (clips, taps), as long as before."""
    length = fast_length(waveforms.shape[1] + responses.shape[1] - 1)
    spectra = torch.fft.rfft(waveforms, n=length) * torch.fft.rfft(responses, n=length)
    return torch.fft.irfft(spectra, n=length)[:, : waveforms.shape[1]]


def fast_length(samples: int) -> int:
    """The next length at or above that a Fourier transform is quick at."""
    twos = 1 << max(0, samples - 1).bit_length()
    return min(length for length in (twos, twos * 3 // 4, twos * 5 // 8, twos * 9 // 16) if length >= samples)
