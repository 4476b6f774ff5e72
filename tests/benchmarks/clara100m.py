"""CLARA-100M, the yardstick: the published model's shapes and names in our own code, right or wrong as it is at HEAD.

After knoriy/CLARA at commit faec8a5 (2023-12-13) and its configuration pl_clara_100M; no weights were ever released.
What is kept although it is wrong: no padding mask in either tower, a pooling that runs over the channels which were
just normalised (so its mean is nothing, and it only fits because there are as many latents as channels), two
temperatures without a clamp, at most 8,192 mel frames. In its favour: attention goes through
`scaled_dot_product_attention`, where theirs writes out every score, and it is handed log-mel pictures that theirs makes
one by one on the CPU.

Its sizes are told there. Guessed is that a linear layer and a norm stand behind the text's transformer: without them
there would be 109.15 M parameters instead of the 109.42 M that were counted, and older commits have them so. The
projections' dropout of 0.8 is never reached there (a list of two widths makes one linear layer): it is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

PARAMETERS = 109_418_498
PREFIX = "model."


class Clara100M(nn.Module):
    """PerceiverIO over sound and a post-norm transformer over words, meeting in one space of unit vectors."""

    def __init__(
        self,
        *,
        width: int = 512,
        layers: int = 10,
        latents: int = 512,
        latent_heads: int = 16,
        cross_heads: int = 2,
        head_width: int = 64,
        text_heads: int = 8,
        vocabulary: int = 50_373,
        positions: int = 4_096,
        mels: int = 80,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.text_embedding = nn.Embedding(vocabulary, width)
        self.text_positional_embedding = nn.Embedding(positions, width)
        self.text_encoder = TextTransformer(width=width, layers=layers, heads=text_heads, dropout=dropout)
        self.text_layer_norm = nn.LayerNorm(width)
        self.text_fc1 = nn.Linear(width, width)
        self.text_transform = Projection(width)
        self.conv1 = nn.Conv1d(mels, width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(width, width, kernel_size=3, stride=2, padding=1)
        self.audio_positional_embedding = nn.Embedding(positions, width)
        self.audio_encoder = Perceiver(
            width=width,
            layers=layers,
            latents=latents,
            latent_heads=latent_heads,
            cross_heads=cross_heads,
            head_width=head_width,
            dropout=dropout,
        )
        self.audio_layer_norm = nn.LayerNorm(width)
        self.audio_fc1 = nn.Linear(latents, width)
        self.audio_transform = Projection(width)
        self.audio_tempeture = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self.text_tempeture = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def hear(self, mel: Tensor) -> Tensor:
        """Unit vectors (batch, width) of log-mel (batch, mels, frames); raises IndexError above 8,192 frames."""
        tokens = functional.gelu(self.conv2(functional.gelu(self.conv1(mel)))).transpose(1, 2)
        tokens = tokens + self.audio_positional_embedding(torch.arange(tokens.shape[1], device=mel.device))
        # Each latent's largest and mean channel: pooled over the wrong axis, as it is there.
        pooled = mean_and_max(self.audio_layer_norm(self.audio_encoder(tokens)), dim=2)  # (batch, latents)
        return functional.normalize(self.audio_transform(functional.leaky_relu(self.audio_fc1(pooled))), dim=-1)

    def read(self, tokens: Tensor) -> Tensor:
        """Unit vectors (batch, width) of token ids (batch, length); padding is read like any other token."""
        places = self.text_positional_embedding(torch.arange(tokens.shape[1], device=tokens.device))
        read = self.text_layer_norm(self.text_encoder(self.text_embedding(tokens) + places))
        pooled = mean_and_max(read, dim=1)  # (batch, width)
        return functional.normalize(self.text_transform(functional.leaky_relu(self.text_fc1(pooled))), dim=-1)

    def loss(self, mel: Tensor, tokens: Tensor) -> Tensor:
        """Their symmetric cross-entropy inside the batch: each clip has one right caption, the others are wrong."""
        audio, text = self.hear(mel), self.read(tokens)
        right = torch.arange(len(audio), device=audio.device)
        by_audio = functional.cross_entropy(self.audio_tempeture.exp() * audio @ text.T, right)
        by_text = functional.cross_entropy(self.text_tempeture.exp() * text @ audio.T, right)
        return (by_audio + by_text) / 2

    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of a checkpoint of theirs, whose names begin with `model.`; raises KeyError for any other.

        Raises RuntimeError where a weight is missing, unknown or of another shape.
        """
        if strange := [name for name in state if not name.startswith(PREFIX)]:
            raise KeyError(f"{strange[0]} is no weight of a CLARA")
        self.load_state_dict({name.removeprefix(PREFIX): weight for name, weight in state.items()})


class Projection(nn.Module):
    """One linear layer, under the name their list of layers gives it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.sequential = nn.Sequential(nn.Linear(width, width))

    def forward(self, pooled: Tensor) -> Tensor:
        """(batch, width) to (batch, width)."""
        return self.sequential(pooled)


class TextTransformer(nn.Module):
    """Post-norm transformer layers with ReLU over twice the width, a linear layer and a norm."""

    def __init__(self, *, width: int, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, heads, 2 * width, dropout, batch_first=True)
        self.transformer_encoder = nn.Module()
        self.transformer_encoder.transformer_encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.transformer_encoder.project = nn.Linear(width, width)
        self.ln = nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, length, width) to the same."""
        inner = self.transformer_encoder
        return self.ln(inner.project(inner.transformer_encoder(tokens)))


class Perceiver(nn.Module):
    """Latents that look at the sound once and then only at each other: its cost hardly knows the clip's length."""

    def __init__(
        self,
        *,
        width: int,
        layers: int,
        latents: int,
        latent_heads: int,
        cross_heads: int,
        head_width: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.latents = nn.Parameter(torch.randn(latents, width))
        looking = Attention(width=width, heads=cross_heads, head_width=head_width)
        self.cross_attend_blocks = nn.ModuleList([PreNorm(looking, width, of_context=True), fed(width)])
        self.layers = nn.ModuleList(
            nn.ModuleList(
                [PreNorm(Attention(width=width, heads=latent_heads, head_width=head_width), width), fed(width)]
            )
            for _ in range(layers)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, length, width) to latents (batch, latents, width)."""
        if self.training and self.dropout:
            tokens = thinned(tokens, self.dropout)
        latents = self.latents.expand(len(tokens), -1, -1)
        look, feed = self.cross_attend_blocks
        latents = look(latents, tokens) + latents
        latents = feed(latents) + latents
        for attend, feed in self.layers:
            latents = attend(latents) + latents
            latents = feed(latents) + latents
        return latents


class PreNorm(nn.Module):
    """A layer behind a norm, and behind a second one for what it looks at."""

    def __init__(self, layer: nn.Module, width: int, *, of_context: bool = False) -> None:
        super().__init__()
        self.fn = layer
        self.norm = nn.LayerNorm(width)
        self.norm_context = nn.LayerNorm(width) if of_context else None

    def forward(self, latents: Tensor, context: Tensor | None = None) -> Tensor:
        """(batch, latents, width) to the same."""
        if context is None or self.norm_context is None:
            return self.fn(self.norm(latents))
        return self.fn(self.norm(latents), self.norm_context(context))


class Attention(nn.Module):
    """Attention whose heads are as wide as told, not a share of the width."""

    def __init__(self, *, width: int, heads: int, head_width: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, heads * head_width, bias=False)
        self.to_kv = nn.Linear(width, 2 * heads * head_width, bias=False)
        self.to_out = nn.Linear(heads * head_width, width)

    def forward(self, latents: Tensor, context: Tensor | None = None) -> Tensor:
        """Latents (batch, latents, width) that look at a context (batch, length, width), or at themselves."""
        key, value = self.to_kv(latents if context is None else context).chunk(2, dim=-1)
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.to_q(latents), key, value)
        )  # each (batch, heads, length, head width)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return self.to_out(mixed.transpose(1, 2).flatten(2))


class Gated(nn.Module):
    """GEGLU (arXiv 2002.05202)."""

    def forward(self, both: Tensor) -> Tensor:
        """(..., twice the width) to (..., width)."""
        value, gate = both.chunk(2, dim=-1)
        return value * functional.gelu(gate)


class Feed(nn.Module):
    """A gated layer of four times the width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(width, 8 * width), Gated(), nn.Linear(4 * width, width))

    def forward(self, latents: Tensor) -> Tensor:
        """(batch, latents, width) to the same."""
        return self.net(latents)


def fed(width: int) -> PreNorm:
    """A gated layer behind its norm."""
    return PreNorm(Feed(width), width)


def thinned(tokens: Tensor, share: float) -> Tensor:
    """Each clip without a random share of its tokens (batch, length, width), as in Perceiver AR (arXiv 2202.07765)."""
    batch, length, width = tokens.shape
    kept = torch.rand(batch, length, device=tokens.device).topk(max(1, int(length * (1 - share))), dim=1).indices
    return tokens.gather(1, kept[..., None].expand(-1, -1, width))


def mean_and_max(tokens: Tensor, *, dim: int) -> Tensor:
    """The sum of a mean and a maximum."""
    return tokens.mean(dim=dim) + tokens.amax(dim=dim)
