"""The ear: log-mel frames, or what a fixed base made of the sound, to one vector."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.clara.blocks import Tower
from training.clara.spectrogram import frame_mask


class AudioEncoder(nn.Module):
    """A conv stem from 100 frames to 25 tokens a second, then a tower; padding never leaks into a clip."""

    def __init__(self, *, mels: int, width: int, depth: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.stem = nn.ModuleList(
            [
                nn.Conv1d(mels, width, kernel_size=3, stride=2, padding=1),
                nn.Conv1d(width, width, kernel_size=3, stride=2, padding=1),
            ]
        )
        self.tower = Tower(width=width, depth=depth, heads=heads, dropout=dropout)

    def forward(self, mel: Tensor, frame_counts: Tensor) -> Tensor:
        """(batch, mels, frames) and frame counts (batch) to (batch, width)."""
        tokens, counts = mel, frame_counts
        for conv in self.stem:
            tokens = functional.gelu(conv(tokens))
            counts = torch.div(counts + 1, 2, rounding_mode="floor")
            # What the bias wrote behind the end must be zero again: that is what a lone clip's convolution sees there.
            tokens = tokens * frame_mask(counts, tokens.shape[2])[:, None]
        return self.tower(tokens.transpose(1, 2), frame_mask(counts, tokens.shape[2]))


class TapEncoder(nn.Module):
    """A tower on the outputs of several frozen layers, of which it learns how much to hear of each."""

    def __init__(self, *, taps: int, base_width: int, width: int, depth: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(taps, base_width))
        self.shift = nn.Parameter(torch.zeros(taps, base_width))
        self.mix = nn.Parameter(torch.zeros(taps))
        self.out = nn.Linear(base_width, width)
        self.tower = Tower(width=width, depth=depth, heads=heads, dropout=dropout)

    def forward(self, taps: Tensor, counts: Tensor) -> Tensor:
        """(batch, tokens, taps, base width) and token counts (batch) to (batch, width)."""
        scale = self.scale * self.mix.softmax(dim=0)[:, None]
        tokens = (taps.to(scale.dtype) * scale + self.shift).sum(dim=2)  # (batch, tokens, base width)
        return self.tower(self.out(tokens), frame_mask(counts, taps.shape[1]))
