"""The one door to torchaudio: log-mel pictures and resampling, on whatever device the sound lies.

torchaudio 2.11 is its last release. Its compiled extension wants CUDA libraries, so beside a CPU build of torch a plain
`import torchaudio` raises OSError; nothing used here needs that extension, and a stub in its place lets the rest in.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

EXTENSION = "torchaudio._extension"


def imported_torchaudio() -> ModuleType:
    """torchaudio, with its compiled extension where that loads and a stub in its place where it does not."""
    try:
        return importlib.import_module("torchaudio")
    except OSError:
        # The failed import leaves half-made modules behind that would be found again.
        for name in [name for name in sys.modules if name == "torchaudio" or name.startswith("torchaudio.")]:
            del sys.modules[name]
        sys.modules[EXTENSION] = _extension_stub()
        return importlib.import_module("torchaudio")


def _extension_stub() -> ModuleType:
    stub = ModuleType(EXTENSION)
    members: dict[str, Any] = {"_IS_TORCHAUDIO_EXT_AVAILABLE": False, "fail_if_no_align": lambda function: function}
    vars(stub).update(members)
    return stub


torchaudio = imported_torchaudio()


class LogMel(nn.Module):
    """Log-mel frames of a padded batch, the same for a clip whatever stands behind it in the batch."""

    def __init__(
        self,
        *,
        sample_rate_hz: int,
        mels: int,
        window_samples: int,
        hop_samples: int,
        fft_samples: int,
        mean: float,
        deviation: float,
    ) -> None:
        super().__init__()
        self.hop_samples = hop_samples
        self.fft_samples = fft_samples
        self.mean = mean
        self.deviation = deviation
        self.spectrogram = constant(
            torchaudio.transforms.MelSpectrogram(
                sample_rate=sample_rate_hz,
                n_fft=fft_samples,
                win_length=window_samples,
                hop_length=hop_samples,
                n_mels=mels,
                f_min=20.0,
                center=False,
                power=2.0,
            )
        )

    def forward(self, waveforms: Tensor, sample_counts: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised log-mel (batch, mels, frames), zero behind each clip's end, and its frame counts (batch)."""
        frames = -(-waveforms.shape[1] // self.hop_samples)
        left = (self.fft_samples - self.hop_samples) // 2
        right = (frames - 1) * self.hop_samples + self.fft_samples - left - waveforms.shape[1]
        with torch.autocast(waveforms.device.type, enabled=False):
            silence = torch.arange(waveforms.shape[1], device=waveforms.device) >= sample_counts[:, None]
            padded = nn.functional.pad(waveforms.float().masked_fill(silence, 0.0), (left, max(right, 0)))
            power = self.spectrogram(padded)[..., :frames]  # (batch, mels, frames)
            mel = (power.clamp(min=1e-8).log10() - self.mean) / self.deviation
        frame_counts = torch.div(sample_counts + self.hop_samples - 1, self.hop_samples, rounding_mode="floor")
        return mel * frame_mask(frame_counts, frames)[:, None], frame_counts


def constant(module: nn.Module) -> nn.Module:
    """The module, whose buffers are rebuilt from the configuration and so do not belong in a checkpoint."""
    for part in module.modules():
        part._non_persistent_buffers_set.update(part._buffers)
    return module


def frame_mask(counts: Tensor, length: int) -> Tensor:
    """True where a position lies inside its clip: (batch, length)."""
    return torch.arange(length, device=counts.device) < counts[:, None]


def resampled(waveforms: Tensor, *, from_hz: int, to_hz: int) -> Tensor:
    """The sound (..., samples) at another rate; read at the old rate it is faster or slower, and its pitch moves."""
    return torchaudio.functional.resample(waveforms, from_hz, to_hz, lowpass_filter_width=6)
