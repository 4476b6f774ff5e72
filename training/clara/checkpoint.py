"""Checkpoints on disk: safetensors and JSON only, whole or refused with the reason."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as weights_from_bytes
from safetensors.torch import save as weights_to_bytes
from torch import Tensor, nn

from training.clara.config import ClaraConfig

FORMAT = "clara-checkpoint/1"
WEIGHTS, CONFIG, PREPROCESSOR, LABELS = "model.safetensors", "config.json", "preprocessor_config.json", "labels.json"
FRONT_END = (
    "sample_rate_hz",
    "mels",
    "window_samples",
    "hop_samples",
    "fft_samples",
    "log_mel_mean",
    "log_mel_deviation",
)
# What checkpoints written before these had names do not tell, and so have at its default.
ADDED = {"temperature", "sure_from", "text_grams", "text_stride", "base", "base_taps", "base_stride"}


class CorruptCheckpoint(Exception):
    """The folder does not hold a whole checkpoint that this code can read; the message says why."""


def write(folder: Path, *, config: ClaraConfig, labels: Mapping[str, list[str]], weights: Mapping[str, Tensor]) -> None:
    """Write the four files of a checkpoint; config.json, which vouches for the others, comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    flat = asdict(config)
    parts = {
        WEIGHTS: weights_to_bytes({name: tensor.cpu().contiguous() for name, tensor in weights.items()}),
        PREPROCESSOR: _json({name: flat.pop(name) for name in FRONT_END}),
        LABELS: _json(labels),
    }
    for name, content in parts.items():
        write_durably(folder / name, content)
    body = {"format": FORMAT, "clara": flat, "sha256": {name: _digest(content) for name, content in parts.items()}}
    write_durably(folder / CONFIG, _json({**body, "own_sha256": _digest(_canonical(body))}))


def read(folder: Path) -> tuple[ClaraConfig, dict[str, list[str]], dict[str, Tensor]]:
    """Configuration, labels and weights of a checkpoint, every byte of it verified; raises CorruptCheckpoint."""
    body = _parsed(CONFIG, _bytes(folder, CONFIG))
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        told = body.get("format") if isinstance(body, dict) else None
        raise CorruptCheckpoint(f"{CONFIG} is of format {told!r}; this code reads {FORMAT!r}")
    if body.pop("own_sha256", None) != _digest(_canonical(body)):
        raise CorruptCheckpoint(f"{CONFIG} was changed after it was written")
    parts = {name: _bytes(folder, name) for name in (WEIGHTS, PREPROCESSOR, LABELS)}
    for name, content in parts.items():
        if _digest(content) != body["sha256"][name]:
            raise CorruptCheckpoint(f"{name} does not have the digest {CONFIG} promises: truncated or changed")
    config = _config({**body["clara"], **_parsed(PREPROCESSOR, parts[PREPROCESSOR])})
    try:
        weights = weights_from_bytes(parts[WEIGHTS])
    except SafetensorError as error:
        raise CorruptCheckpoint(f"{WEIGHTS} cannot be read: {error}") from error
    return config, _parsed(LABELS, parts[LABELS]), weights


def fill(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Put the weights into the model; raises CorruptCheckpoint when names, shapes or numbers do not fit."""
    wanted = model.state_dict()
    if missing := sorted(wanted.keys() - weights.keys()):
        raise CorruptCheckpoint(f"{WEIGHTS} lacks {', '.join(missing[:3])}")
    if unknown := sorted(weights.keys() - wanted.keys()):
        raise CorruptCheckpoint(f"{WEIGHTS} holds {', '.join(unknown[:3])}, unknown to this model")
    for name, tensor in weights.items():
        if tensor.shape != wanted[name].shape:
            raise CorruptCheckpoint(f"{name} has shape {tuple(tensor.shape)}, not {tuple(wanted[name].shape)}")
        if not torch.isfinite(tensor).all():
            raise CorruptCheckpoint(f"{name} holds values that are not numbers")
    model.load_state_dict(dict(weights))


def write_durably(path: Path, content: bytes) -> None:
    """Replace the file in one step; its bytes and its name survive a power cut once this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _config(flat: dict[str, Any]) -> ClaraConfig:
    known = {field.name for field in fields(ClaraConfig)}
    if differing := (flat.keys() ^ known) - (ADDED - flat.keys()):
        raise CorruptCheckpoint(f"{CONFIG} and the model disagree about {', '.join(sorted(differing))}")
    rows = {name: tuple(value) for name, value in flat.items() if isinstance(value, list)}
    return ClaraConfig(**{**flat, **rows})


def _bytes(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise CorruptCheckpoint(f"{name} is missing or unreadable ({error.strerror})") from error


def _parsed(name: str, content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise CorruptCheckpoint(f"{name} is not JSON: {error}") from error


def _json(content: Any) -> bytes:
    return json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"


def _canonical(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
