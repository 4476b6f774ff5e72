"""What a run leaves on its way: lines of progress, and states it can be taken up from."""

from __future__ import annotations

import json
import os
import pickle
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from training.clara.checkpoint import write_durably

STATES_KEPT = 2


class Progress:
    """A growing file of JSON lines: the only voice of the child that trains."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.stage = "packing"

    def tell(self, stage: str, **facts: Any) -> None:
        """Append one line with the moment, the stage and the facts."""
        self.stage = stage
        line = json.dumps({"at": datetime.now(UTC).isoformat(), "stage": stage, **facts}, ensure_ascii=False)
        with self._path.open("a+b") as file:
            # A kill may have left half a line; it must not swallow this one.
            if file.tell() and not _ends_a_line(self._path):
                file.write(b"\n")
            file.write(line.encode() + b"\n")


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
            return torch.load(path, map_location="cpu", weights_only=True)
        except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError, zipfile.BadZipFile):
            continue
    return None


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
