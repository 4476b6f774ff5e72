"""What both towers are built of: pre-norm blocks with RMSNorm and RoPE, and a masked attention pooling."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """One pre-norm transformer block whose queries never look behind a clip's end."""

    def __init__(self, *, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.attention_norm = nn.RMSNorm(width)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.feed_norm = nn.RMSNorm(width)
        self.feed_in = nn.Linear(width, 4 * width, bias=False)
        self.feed_out = nn.Linear(4 * width, width, bias=False)

    def forward(self, tokens: Tensor, mask: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
        """Tokens (batch, length, width) under mask (batch, length)."""
        tokens = tokens + self._dropped(self._attended(self.attention_norm(tokens), mask, rotation))
        fed = self.feed_out(functional.gelu(self.feed_in(self.feed_norm(tokens))))
        return tokens + self._dropped(fed)

    def _attended(self, tokens: Tensor, mask: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
        batch, length, width = tokens.shape
        qkv = self.qkv(tokens).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # each (batch, heads, length, width / heads)
        mixed = functional.scaled_dot_product_attention(
            rotated(query, rotation), rotated(key, rotation), value, attn_mask=mask[:, None, None]
        )
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))

    def _dropped(self, tokens: Tensor) -> Tensor:
        return functional.dropout(tokens, self.dropout, self.training)


class Tower(nn.Module):
    """A stack of blocks over masked tokens, pooled to one vector each."""

    def __init__(self, *, width: int, depth: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.head_width = width // heads
        self.blocks = nn.ModuleList(Block(width=width, heads=heads, dropout=dropout) for _ in range(depth))
        self.norm = nn.RMSNorm(width)
        self.pool = AttentionPooling(width=width, heads=heads)
        self.dropout = dropout

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """One vector (batch, width) for the tokens (batch, length, width) inside mask (batch, length)."""
        rotation = rope(tokens.shape[1], self.head_width, device=tokens.device)
        for block in self.blocks:
            tokens = block(tokens, mask, rotation)
        return functional.dropout(self.pool(self.norm(tokens), mask), self.dropout, self.training)


class AttentionPooling(nn.Module):
    """The attended mean and deviation of the tokens inside the mask, each head with its own eyes."""

    def __init__(self, *, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.score = nn.Linear(width, heads)
        self.out = nn.Linear(2 * width, width)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """(batch, length, width) and (batch, length) to (batch, width)."""
        batch, length, width = tokens.shape
        scores = self.score(tokens).masked_fill(~mask[..., None], float("-inf"))
        weights = scores.softmax(dim=1)[..., None]  # (batch, length, heads, 1)
        values = tokens.view(batch, length, self.heads, width // self.heads)
        mean = (weights * values).sum(dim=1)  # (batch, heads, width / heads)
        variance = (weights * (values - mean[:, None]).square()).sum(dim=1)
        # How much a voice moves says as much as where it stays; the floor keeps the root's gradient finite.
        return self.out(torch.cat([mean, (variance + 1e-4).sqrt()], dim=-1).reshape(batch, 2 * width))


def rope(length: int, width: int, *, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines (length, width / 2) of rotary positions (arXiv 2104.09864); any length."""
    frequencies = 10_000 ** (-torch.arange(0, width, 2, device=device) / width)
    angles = torch.arange(length, device=device)[:, None] * frequencies
    return angles.cos(), angles.sin()


def rotated(heads: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """Queries or keys (batch, heads, length, width) turned by their positions."""
    cosines, sines = (part.to(heads.dtype) for part in rotation)
    left, right = heads.chunk(2, dim=-1)
    return torch.cat([left * cosines - right * sines, right * cosines + left * sines], dim=-1)
