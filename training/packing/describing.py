"""How high, loud and quick a clip is, measured once when it is packed."""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np


def prosody_of(waveform: np.ndarray) -> dict[str, float]:
    """What `training.prosody.measured` says of int16 (samples,) at 16 kHz; nothing while it is not there."""
    if importlib.util.find_spec("training.prosody") is None:
        return {}
    measured: dict[str, float] = importlib.import_module("training.prosody").measured(waveform)
    return measured


def prosody_version() -> str:
    """What a packing's measures depend on; a packing of another version is made again."""
    if importlib.util.find_spec("training.prosody") is None:
        return "none"
    return str(getattr(importlib.import_module("training.prosody"), "VERSION", 1))
