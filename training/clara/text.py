"""The reader: UTF-8 bytes to one vector, so that every script is read and no vocabulary travels along."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.clara.blocks import Tower

PADDING = 256
START = 257


class TextEncoder(nn.Module):
    """A tower over the bytes of a text; a longer text is read to its limit, never in the middle of a character."""

    def __init__(self, *, width: int, depth: int, heads: int, longest_bytes: int, dropout: float) -> None:
        super().__init__()
        self.longest_bytes = longest_bytes
        self.embedding = nn.Embedding(258, width)
        self.tower = Tower(width=width, depth=depth, heads=heads, dropout=dropout)

    def forward(self, texts: list[str]) -> Tensor:
        """(batch, width) of the texts."""
        rows = [[START, *self._bytes(text)] for text in texts]
        longest = max(len(row) for row in rows)
        tokens = torch.tensor(
            [row + [PADDING] * (longest - len(row)) for row in rows], device=self.embedding.weight.device
        )
        return self.tower(self.embedding(tokens), tokens != PADDING)

    def _bytes(self, text: str) -> bytes:
        return text.encode()[: self.longest_bytes].decode(errors="ignore").encode()
