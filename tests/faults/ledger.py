"""What the site has acknowledged, as its clients know it: written and synced by the client before it goes on.

Nothing here is read from the site. A line is a client's own: what it sent, how often, what it was told.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Try:
    """One attempt at one upload: what came back (0: no answer at all), when it began, and how long it took."""

    status: int
    began_at: float
    seconds: float


@dataclass(frozen=True)
class Entry:
    """One clip that the site has answered 201 for, or 200 where an earlier answer was lost."""

    clip_id: str
    sha256: str
    began_at: float
    acknowledged_at: float
    tries: list[Try] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """From the first try to the acknowledgement."""
        return self.acknowledged_at - self.began_at


class Ledger:
    """One file to which any number of threads append."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def acknowledge(self, clip_id: str, sha256: str, tries: list[Try]) -> Entry:
        """Write down what was acknowledged this moment; when this returns, the line is on disk."""
        entry = Entry(str(clip_id), sha256, tries[0].began_at, time.time(), tries)
        # One write of less than a page, so that lines of two clients never mix.
        os.write(self._file, (json.dumps(asdict(entry)) + "\n").encode())
        os.fsync(self._file)
        with self._lock:
            self.count += 1
        return entry

    def close(self) -> None:
        """Nothing more is written."""
        os.close(self._file)

    def entries(self) -> Iterator[Entry]:
        """Every acknowledgement, in the order in which they were written."""
        for line in self.path.read_text().splitlines():
            told = json.loads(line)
            yield Entry(**{**told, "tries": [Try(**each) for each in told["tries"]]})
