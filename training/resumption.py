"""The states a run leaves on its way, so that it can be taken up again."""

from __future__ import annotations

import os

# For the name of its fault: nothing is unpickled here.
import pickle  # nosec B403
import zipfile
from pathlib import Path
from typing import Any

import torch

from training.clara.checkpoint import write_durably

STATES_KEPT = 2


def keep(folder: Path, state: dict[str, Any], *, step: int) -> None:
    """Keep the state durably and in one step, and let older ones go."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f".{os.getpid()}.making"
    torch.save(state, beside)
    write_durably(folder / f"{step:08d}.pt", beside.read_bytes())
    for stale in [*sorted(folder.glob("*.pt"))[:-STATES_KEPT], *folder.glob(".*.making")]:
        stale.unlink()


def newest(folder: Path) -> dict[str, Any] | None:
    """The newest state that can be read, or None."""
    for path in sorted(folder.glob("*.pt"), reverse=True):
        try:
            return _read(path)
        except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError, zipfile.BadZipFile):
            continue
    return None


def at(folder: Path, *, step: int) -> dict[str, Any]:
    """The state of that step, which another process found whole."""
    return _read(folder / f"{step:08d}.pt")


def _read(path: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state
