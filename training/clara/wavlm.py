"""WavLM's ear in modules of our own: its encoder on bare waveforms, cut at any layer (arXiv 2110.13900).

As with Whisper, a clip is heard alone: the first convolution's norm, which in the base model is taken over the whole of
the sound, is taken over the clip's own, whatever stands behind it in the batch.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.clara import pretrained
from training.clara.pretrained import UnusableSource
from training.clara.spectrogram import frame_mask

# 25 ms of sound a token, one every 20 ms.
KERNELS, STRIDES = (10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2)
FEWEST_SAMPLES = 400
NEAREST = 1e-5
PLACES = "encoder.pos_conv_embed.conv"
LAYER_PARTS = {
    "attention_norm": ("layer_norm",),
    "qkv": ("attention.q_proj", "attention.k_proj", "attention.v_proj"),
    "out": ("attention.out_proj",),
    "gate": ("attention.gru_rel_pos_linear",),
    "feed_norm": ("final_layer_norm",),
    "feed_in": ("feed_forward.intermediate_dense",),
    "feed_out": ("feed_forward.output_dense",),
}


class WaveformFrontEnd(nn.Module):
    """The sound itself, silent behind each clip's end; where the tower wants it, of mean 0 and deviation 1."""

    def __init__(self, *, is_normalised: bool) -> None:
        super().__init__()
        self.is_normalised = is_normalised

    def forward(self, waveforms: Tensor, sample_counts: Tensor) -> tuple[Tensor, Tensor]:
        """Waveforms (batch, samples) of at least one token's sound, and their counts (batch)."""
        short = max(0, FEWEST_SAMPLES - waveforms.shape[1])
        sound = functional.pad(waveforms.float(), (0, short))
        inside = frame_mask(sample_counts, sound.shape[1])
        if self.is_normalised:
            counts = sample_counts[:, None]
            sound = sound - (sound * inside).sum(dim=1, keepdim=True) / counts
            variance = (sound.square() * inside).sum(dim=1, keepdim=True) / counts
            sound = sound / (variance + 1e-7).sqrt()
        return sound * inside, sample_counts.clamp(min=FEWEST_SAMPLES)


class NormOverTime(nn.Module):
    """A norm of every channel over the whole of a clip, and no more than the clip."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, tokens: Tensor, counts: Tensor) -> Tensor:
        """(batch, channels, length) with lengths (batch) inside."""
        inside, counts = frame_mask(counts, tokens.shape[2])[:, None], counts[:, None, None]
        tokens = tokens - (tokens * inside).sum(dim=2, keepdim=True) / counts
        variance = (tokens.square() * inside).sum(dim=2, keepdim=True) / counts
        return tokens / (variance + NEAREST).sqrt() * self.weight[:, None] + self.bias[:, None]


class WavLMEncoder(nn.Module):
    """WavLM's convolutions and its first layers, at 50 tokens a second, for clips of any length."""

    def __init__(
        self,
        *,
        width: int,
        depth: int,
        heads: int,
        feed_width: int,
        conv_width: int,
        conv_bias: bool,
        position_kernel: int,
        position_groups: int,
        buckets: int,
        longest_distance: int,
        is_normed_first: bool,
        is_normalised: bool,
        is_whole: bool,
    ) -> None:
        super().__init__()
        self.sizes = {name: value for name, value in locals().items() if name not in ("self", "__class__")}
        self.width, self.depth, self.is_normed_first, self.is_normalised = width, depth, is_normed_first, is_normalised
        self.buckets, self.longest_distance = buckets, longest_distance
        self.stem = nn.ModuleList(
            nn.Conv1d(conv_width if n else 1, conv_width, kernel, stride, bias=conv_bias)
            for n, (kernel, stride) in enumerate(zip(KERNELS, STRIDES, strict=True))
        )
        # The base model has one norm, after its first convolution and over time; the large one norms every token.
        large = [nn.LayerNorm(conv_width) for _ in KERNELS]
        self.stem_norms = nn.ModuleList(large if is_normed_first else [NormOverTime(conv_width)])
        self.stem_end_norm = nn.LayerNorm(conv_width)
        self.stem_out = nn.Linear(conv_width, width)
        self.places = nn.Conv1d(width, width, position_kernel, padding=position_kernel // 2, groups=position_groups)
        self.start_norm = nn.Identity() if is_normed_first else nn.LayerNorm(width)
        self.distances = nn.Embedding(buckets, heads)
        self.layers = nn.ModuleList(
            WavLMLayer(width=width, heads=heads, feed_width=feed_width, is_normed_first=is_normed_first)
            for _ in range(depth)
        )
        self.end_norm = nn.LayerNorm(width) if is_normed_first and is_whole else nn.Identity()

    def front_end(self) -> WaveformFrontEnd:
        """What makes of sound what this encoder hears."""
        return WaveformFrontEnd(is_normalised=self.is_normalised)

    def forward(self, sound: Tensor, sample_counts: Tensor) -> tuple[list[Tensor], Tensor]:
        """The stem's and every layer's output, depth + 1 of (batch, tokens, width), and the token counts (batch)."""
        tokens, counts = self._stem(sound, sample_counts)  # (batch, tokens, width)
        mask = frame_mask(counts, tokens.shape[1])
        tokens = tokens * mask[..., None]
        places = self.places(tokens.transpose(1, 2))[..., : tokens.shape[1]]
        outputs = [self.start_norm(tokens + functional.gelu(places).transpose(1, 2))]
        distances = self._distances(tokens.shape[1])
        for layer in self.layers:
            outputs.append(layer(outputs[-1], mask, distances))
        outputs[-1] = self.end_norm(outputs[-1])
        return outputs, counts

    def _stem(self, sound: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        tokens = sound[:, None]
        for n, conv in enumerate(self.stem):
            tokens = conv(tokens)
            counts = torch.div(counts - KERNELS[n], STRIDES[n], rounding_mode="floor") + 1
            if self.is_normed_first:
                tokens = self.stem_norms[n](tokens.transpose(1, 2)).transpose(1, 2)
            elif n == 0:
                tokens = self.stem_norms[0](tokens, counts)
            tokens = functional.gelu(tokens)
        return self.stem_out(self.stem_end_norm(tokens.transpose(1, 2))), counts

    def _distances(self, length: int) -> Tensor:
        """What every head makes of how far two tokens are apart: (heads, length, length)."""
        places = torch.arange(length, device=self.distances.weight.device)
        ahead = places - places[:, None]
        half = self.buckets // 2
        near = half // 2
        # Near ones have a row each, far ones share rows by the logarithm.
        far = (ahead.abs().clamp(min=1).float() / near).log() / math.log(self.longest_distance / near) * (half - near)
        rows = torch.where(ahead.abs() < near, ahead.abs(), (near + far).long().clamp(max=half - 1))
        return self.distances(rows + (ahead > 0) * half).permute(2, 0, 1)


class WavLMLayer(nn.Module):
    """One layer of WavLM, whose heads look at distances through a gate that each token opens for itself."""

    def __init__(self, *, width: int, heads: int, feed_width: int, is_normed_first: bool) -> None:
        super().__init__()
        self.heads, self.is_normed_first = heads, is_normed_first
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.gate = nn.Linear(width // heads, 8)
        self.gate_scale = nn.Parameter(torch.ones(heads))
        self.feed_norm = nn.LayerNorm(width)
        self.feed_in = nn.Linear(width, feed_width)
        self.feed_out = nn.Linear(feed_width, width)

    def forward(self, tokens: Tensor, mask: Tensor, distances: Tensor) -> Tensor:
        """Tokens (batch, length, width) under mask (batch, length), with distances (heads, length, length)."""
        if self.is_normed_first:
            tokens = tokens + self._attended(self.attention_norm(tokens), mask, distances)
            return tokens + self._fed(self.feed_norm(tokens))
        tokens = self.attention_norm(tokens + self._attended(tokens, mask, distances))
        return self.feed_norm(tokens + self._fed(tokens))

    def _attended(self, tokens: Tensor, mask: Tensor, distances: Tensor) -> Tensor:
        batch, length, width = tokens.shape
        qkv = self.qkv(tokens).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)  # each (batch, heads, length, width / heads)
        own = tokens.view(batch, length, self.heads, -1).transpose(1, 2)
        opened, reset = self.gate(own).unflatten(-1, (2, 4)).sum(dim=-1).sigmoid().unbind(-1)
        gates = opened * (reset * self.gate_scale[:, None] - 1) + 2  # (batch, heads, length)
        bias = (gates[..., None] * distances).masked_fill(~mask[:, None, None], -math.inf)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query.dtype))
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))

    def _fed(self, tokens: Tensor) -> Tensor:
        return self.feed_out(functional.gelu(self.feed_in(tokens)))


def imported(source: str | Path, *, layers: int | None = None) -> WavLMEncoder:
    """The first layers (all by default) of a WavLM as Hugging Face keeps it, as our module in float32.

    The source is a folder with config.json and safetensors, or the id of one on the hub. Raises UnusableSource.
    """
    folder = pretrained.folder_of(source)
    sizes = _sizes(pretrained.configuration(folder), folder)
    depth = sizes["depth"] if layers is None else layers
    if not 0 < depth <= sizes["depth"]:
        raise UnusableSource(f"{source} has {sizes['depth']} layers; {depth} were asked for")
    encoder = WavLMEncoder(**{**sizes, "depth": depth, "is_whole": depth == sizes["depth"]})
    weights = _weights(pretrained.tensors(folder, after="wavlm.", without="masked_spec_embed"), encoder)
    encoder.load_state_dict({name: weights[name].float() for name in encoder.state_dict()})
    return encoder.eval()


def _sizes(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What our modules need of a config.json; raises UnusableSource for a tower that they do not do."""
    if config.get("model_type") != "wavlm":
        raise UnusableSource(f"config.json describes a {config.get('model_type')}, not a wavlm")
    is_normed_first = bool(config["do_stable_layer_norm"])
    wanted = {
        "conv_kernel": list(KERNELS),
        "conv_stride": list(STRIDES),
        "conv_dim": config["conv_dim"][:1] * len(KERNELS),
        "feat_extract_norm": "layer" if is_normed_first else "group",
        "hidden_act": "gelu",
    }
    if other := [name for name, value in wanted.items() if config.get(name) != value]:
        raise UnusableSource(f"this WavLM is built otherwise: {', '.join(other)}")
    is_normalised = is_normed_first
    if (folder / "preprocessor_config.json").is_file():
        is_normalised = bool(pretrained.configuration(folder, "preprocessor_config.json").get("do_normalize", True))
    return {
        "width": config["hidden_size"],
        "depth": config["num_hidden_layers"],
        "heads": config["num_attention_heads"],
        "feed_width": config["intermediate_size"],
        "conv_width": config["conv_dim"][0],
        "conv_bias": config["conv_bias"],
        "position_kernel": config["num_conv_pos_embeddings"],
        "position_groups": config["num_conv_pos_embedding_groups"],
        "buckets": config["num_buckets"],
        "longest_distance": config["max_bucket_distance"],
        "is_normed_first": is_normed_first,
        "is_normalised": is_normalised,
    }


def _weights(found: dict[str, Tensor], encoder: WavLMEncoder) -> dict[str, Tensor]:
    """The weights that the encoder wants, by our names."""
    names = {"stem_end_norm": "feature_projection.layer_norm", "stem_out": "feature_projection.projection"}
    names |= {"start_norm": "encoder.layer_norm", "end_norm": "encoder.layer_norm", "places": PLACES}
    names |= {f"stem.{n}": f"feature_extractor.conv_layers.{n}.conv" for n in range(len(KERNELS))}
    names |= {f"stem_norms.{n}": f"feature_extractor.conv_layers.{n}.layer_norm" for n in range(len(KERNELS))}
    weights = {"distances.weight": pretrained.named(found, "encoder.layers.0.attention.rel_attn_embed.weight")}
    found = {**found, f"{PLACES}.weight": _unnormed(found)}
    for wanted in encoder.state_dict().keys() - weights.keys():
        module, kind = wanted.rsplit(".", 1)
        if not (layer := re.match(r"layers\.(\d+)\.(\w+)", wanted)):
            weights[wanted] = pretrained.named(found, f"{names[module]}.{kind}")
            continue
        before = f"encoder.layers.{layer[1]}."
        if layer[2] == "gate_scale":
            weights[wanted] = pretrained.named(found, f"{before}attention.gru_rel_pos_const").flatten()
        else:
            theirs = tuple(f"{before}{part}.{kind}" for part in LAYER_PARTS[layer[2]])
            weights[wanted] = pretrained.stacked(found, theirs)
    return weights


def _unnormed(found: dict[str, Tensor]) -> Tensor:
    """The convolution of places as it works: its length, kept apart from its direction, times the direction."""
    before = f"{PLACES}."
    if f"{before}weight_g" in found:
        length, direction = found[f"{before}weight_g"], pretrained.named(found, f"{before}weight_v")
    else:
        length = pretrained.named(found, f"{before}parametrizations.weight.original0")
        direction = pretrained.named(found, f"{before}parametrizations.weight.original1")
    return length * direction / direction.norm(dim=(0, 1), keepdim=True)
