"""The reader: UTF-8 bytes to one vector, so that every script is read and no vocabulary travels along.

Where a reader is large, each byte also brings the hashes of the 2, 3 and 4 bytes that end with it, one row of a table
for each, and several bytes share a token: what a learnt vocabulary gives, short rows and a place for frequent pieces,
for every script alike and with nothing to train, version or ship beforehand (hashed n-grams as in arXiv 2412.09871).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.clara.blocks import Tower

PADDING = 256
START = 257
GRAM_BYTES = (2, 3, 4)
HASH_FACTOR, HASH_PRIME = 1_000_003, 2_147_483_647


class TextEncoder(nn.Module):
    """A tower over the bytes of a text; a longer text is read to its limit, never in the middle of a character."""

    def __init__(
        self, *, width: int, depth: int, heads: int, longest_bytes: int, grams: int, stride: int, dropout: float
    ) -> None:
        super().__init__()
        self.longest_bytes = longest_bytes
        self.stride = stride
        self.embedding = nn.Embedding(258, width)
        self.grams = nn.Embedding(grams, width) if grams else None
        self.tower = Tower(width=width, depth=depth, heads=heads, dropout=dropout)

    def forward(self, texts: list[str]) -> Tensor:
        """(batch, width) of the texts."""
        rows = [[START, *self._bytes(text)] for text in texts]
        longest = -(-max(len(row) for row in rows) // self.stride) * self.stride
        tokens = torch.tensor(
            [row + [PADDING] * (longest - len(row)) for row in rows], device=self.embedding.weight.device
        )
        mask = tokens != PADDING
        pieces = self.embedding(tokens)
        if self.grams is not None:
            hashes = gram_hashes(tokens, self.grams.num_embeddings)  # (batch, longest, grams)
            pieces = (pieces + self.grams(hashes).sum(dim=2)) / (1 + len(GRAM_BYTES)) ** 0.5
        return self.tower(*self._shared(pieces, mask))

    def _shared(self, pieces: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """One token for every `stride` bytes: the mean of those inside the mask."""
        if self.stride == 1:
            return pieces, mask
        inside = mask.unflatten(1, (-1, self.stride))
        several = (pieces * mask[..., None]).unflatten(1, (-1, self.stride)).sum(dim=2)
        return several / inside.sum(dim=2, keepdim=True).clamp(min=1), inside.any(dim=2)

    def _bytes(self, text: str) -> bytes:
        return text.encode()[: self.longest_bytes].decode(errors="ignore").encode()


def gram_hashes(tokens: Tensor, rows: int) -> Tensor:
    """For every token of (batch, length), the row of each n-gram that ends with it: (batch, length, n-grams)."""
    longest = max(GRAM_BYTES)
    before = functional.pad(tokens, (longest - 1, 0), value=START)
    windows = before.unfold(1, longest, 1)  # (batch, length, longest), the token itself last
    hashes = []
    for size in GRAM_BYTES:
        # The size begins the hash, so that no pair meets a triple on purpose.
        hashed = torch.full_like(tokens, size)
        for place in range(longest - size, longest):
            hashed = (hashed * HASH_FACTOR + windows[..., place]) % HASH_PRIME
        hashes.append(hashed % rows)
    return torch.stack(hashes, dim=-1)
