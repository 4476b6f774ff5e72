"""Where Whisper encoders come from: CTranslate2 folders and Hugging Face ones, read into the names of our modules."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.clara import pretrained
from training.clara.pretrained import UnusableSource

# Our own name of each part of a layer: CTranslate2's, Hugging Face's.
LAYER_PARTS = {
    "attention_norm": ("self_attention/layer_norm", ("self_attn_layer_norm",)),
    "qkv": ("self_attention/linear_0", ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")),
    "out": ("self_attention/linear_1", ("self_attn.out_proj",)),
    "feed_norm": ("ffn/layer_norm", ("final_layer_norm",)),
    "feed_in": ("ffn/linear_0", ("fc1",)),
    "feed_out": ("ffn/linear_1", ("fc2",)),
}
CTRANSLATE2_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
# float16 keeps Whisper's sinusoids to 5e-4.
POSITION_TOLERANCE = 1e-3


@dataclass(frozen=True)
class WhisperSource:
    """A Whisper encoder as it was found: its sizes, its weights under our names, and its positions."""

    mels: int
    width: int
    depth: int
    heads: int
    weights: dict[str, Tensor]
    positions: Tensor

    def check_positions(self, ours: Tensor) -> None:
        """Raise UnusableSource unless its positions are Whisper's sinusoids, which we compute and do not keep."""
        if self.positions.shape != ours.shape:
            raise UnusableSource(f"its positions are {tuple(self.positions.shape)}, not {tuple(ours.shape)}")
        if (gap := (self.positions.float() - ours).abs().max()) > POSITION_TOLERANCE:
            raise UnusableSource(f"its positions differ from Whisper's sinusoids by {gap:.1e}")


def read(source: str | Path) -> WhisperSource:
    """The encoder in a CTranslate2 folder, a Hugging Face folder or under an id on the hub; raises UnusableSource."""
    folder = pretrained.folder_of(source)
    if parts := sorted(folder.rglob("model.bin*")):
        return _of_ctranslate2(parts)
    if (folder / "config.json").is_file():
        return _of_hugging_face(folder)
    raise UnusableSource(f"{source} holds neither a model.bin nor a config.json")


def _of_ctranslate2(parts: list[Path]) -> WhisperSource:
    try:
        found = dict(_variables(b"".join(part.read_bytes() for part in parts)))
    except (struct.error, ValueError, KeyError) as error:
        raise UnusableSource(f"{parts[0].name} is no whole CTranslate2 model: {error}") from error
    depth = _depth(found, "encoder/layer_")
    names = {f"conv{n}.{kind}": f"encoder/conv{n}/{kind}" for n in (1, 2) for kind in ("weight", "bias")}
    names |= {"end_norm.weight": "encoder/layer_norm/gamma", "end_norm.bias": "encoder/layer_norm/beta"}
    for layer in range(depth):
        for ours, (theirs, _) in LAYER_PARTS.items():
            kinds = ("gamma", "beta") if ours.endswith("norm") else ("weight", "bias")
            names[f"layers.{layer}.{ours}.weight"] = f"encoder/layer_{layer}/{theirs}/{kinds[0]}"
            names[f"layers.{layer}.{ours}.bias"] = f"encoder/layer_{layer}/{theirs}/{kinds[1]}"
    weights = {ours: pretrained.named(found, theirs) for ours, theirs in names.items()}
    if not all(weight.is_floating_point() for weight in weights.values()):
        raise UnusableSource("the CTranslate2 model is quantised; one in float16 or float32 is needed")
    heads = int(pretrained.named(found, "encoder/num_heads"))
    return _source(depth, heads, weights, pretrained.named(found, "encoder/position_encodings/encodings"))


def _variables(content: bytes) -> Iterator[tuple[str, Tensor]]:
    """Name and value of everything in a CTranslate2 model.bin of format 6, as its source lays it out."""
    at = 0

    def taken(form: str) -> Any:
        nonlocal at
        (value,) = struct.unpack_from(form, content, at)
        at += struct.calcsize(form)
        return value

    if (version := taken("<I")) != 6:
        raise ValueError(f"it is of format {version}; 6 is what can be read")
    taken(f"{taken('<H')}s")
    taken("<I")
    for _ in range(taken("<I")):
        name = taken(f"{taken('<H')}s").rstrip(b"\0").decode(errors="replace")
        shape = [taken("<I") for _ in range(taken("<B"))]
        kind, size = CTRANSLATE2_TYPES[taken("<B")], taken("<I")
        if at + size > len(content):
            raise ValueError("it ends in the middle of a weight")
        values = np.frombuffer(content, kind, count=size // np.dtype(kind).itemsize, offset=at).reshape(shape)
        at += size
        yield name, torch.from_numpy(values.copy())


def _of_hugging_face(folder: Path) -> WhisperSource:
    config = pretrained.configuration(folder)
    if config.get("model_type") != "whisper":
        raise UnusableSource(f"config.json describes a {config.get('model_type')}, not a whisper")
    found = pretrained.tensors(folder, after="encoder.", without="decoder.")
    depth = _depth(found, "layers.")
    names: dict[str, tuple[str, ...]] = {}
    for kind in ("weight", "bias"):
        names |= {f"conv{n}.{kind}": (f"conv{n}.{kind}",) for n in (1, 2)} | {
            f"end_norm.{kind}": (f"layer_norm.{kind}",)
        }
        for layer in range(depth):
            for ours, (_, theirs) in LAYER_PARTS.items():
                names[f"layers.{layer}.{ours}.{kind}"] = tuple(f"layers.{layer}.{name}.{kind}" for name in theirs)
    weights = {ours: pretrained.stacked(found, theirs) for ours, theirs in names.items()}
    positions = pretrained.named(found, "embed_positions.weight")
    return _source(depth, int(config["encoder_attention_heads"]), weights, positions)


def _depth(found: dict[str, Tensor], before: str) -> int:
    layers = {int(number[1]) for name in found if (number := re.match(re.escape(before) + r"(\d+)\W", name))}
    return len(layers)


def _source(depth: int, heads: int, weights: dict[str, Tensor], positions: Tensor) -> WhisperSource:
    width, mels, _ = weights["conv1.weight"].shape
    return WhisperSource(mels=mels, width=width, depth=depth, heads=heads, weights=weights, positions=positions.float())
