"""Somebody's pretrained tower on disk or on the hub: a folder, its config.json and its safetensors."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor


class UnusableSource(Exception):
    """The folder or hub id holds no tower that can be read; the message says why."""


def folder_of(source: str | Path) -> Path:
    """The folder itself, or what the hub gives for its id where huggingface_hub is here; raises UnusableSource."""
    if Path(source).is_dir():
        return Path(source)
    try:
        hub = importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise UnusableSource(f"{source} is no folder, and without huggingface_hub no hub is asked for it") from error
    try:
        return Path(hub.snapshot_download(str(source), allow_patterns=["*config.json", "*.safetensors"]))
    except Exception as error:
        # Not there, not reachable, not allowed: the hub's own words are the best reason there is.
        raise UnusableSource(f"{source} is no folder, and the hub does not give it: {error}") from error


def configuration(folder: Path, name: str = "config.json") -> dict[str, Any]:
    """What a Hugging Face folder tells of itself; raises UnusableSource where it tells nothing."""
    try:
        told: dict[str, Any] = json.loads((folder / name).read_bytes())
    except (OSError, ValueError) as error:
        raise UnusableSource(f"{folder.name} has no readable {name}: {error}") from error
    return told


def tensors(folder: Path, *, after: str, without: str) -> dict[str, Tensor]:
    """The tensors of a Hugging Face folder by what follows `after` in their names, those `without` left where they lie.

    Pickled weights (pytorch_model.bin) are never opened.
    """
    found: dict[str, Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        try:
            with safe_open(path, framework="pt") as file:
                names = [name for name in file.keys() if without not in name]  # noqa: SIM118 - it is no mapping
                found |= {name.rpartition(after)[2]: file.get_tensor(name) for name in names}
        except (SafetensorError, OSError) as error:
            raise UnusableSource(f"{path.name} cannot be read: {error}") from error
    if not found:
        raise UnusableSource(f"{folder.name} has no weights in safetensors, and pickled ones are never opened")
    return found


def named(found: Mapping[str, Tensor], name: str) -> Tensor:
    """The tensor of that name; raises UnusableSource and names it where it is missing."""
    if name not in found:
        raise UnusableSource(f"the weights lack {name}: this is not the tower its config.json tells of")
    return found[name]


def stacked(found: Mapping[str, Tensor], names: tuple[str, ...]) -> Tensor:
    """The named tensors below one another; Whisper's keys have no bias, where ours have zeros."""
    have_none = [name for name in names if name.endswith("k_proj.bias") and name not in found]
    return torch.cat([torch.zeros_like(found[names[0]]) if name in have_none else named(found, name) for name in names])
