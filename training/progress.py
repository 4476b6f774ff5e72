"""What a run tells on its way: one JSON line after another."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


class Progress:
    """A growing file of JSON lines: the only voice of the child that trains."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stage = "packing"

    @classmethod
    def unheard(cls) -> Progress:
        """For a process beside the one that tells."""
        return cls(Path(os.devnull))

    def tell(self, stage: str, **facts: Any) -> None:
        """Append one line with the moment, the stage and the facts."""
        self._stage = stage
        line = json.dumps({"at": datetime.now(UTC).isoformat(), "stage": stage, **facts}, ensure_ascii=False)
        with self._path.open("a+b") as file:
            # A kill may have left half a line; it must not swallow this one.
            if file.tell() and not _ends_a_line(self._path):
                file.write(b"\n")
            file.write(line.encode() + b"\n")

    def tell_stop(self) -> None:
        """Append the last line of a run that was asked to stop and can be taken up again."""
        self.tell(self._stage, stopped=True)

    def tell_failure(self, reason: str) -> None:
        """Append the last line of a run that failed, in the stage it had reached."""
        self.tell(self._stage, error=reason)


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
