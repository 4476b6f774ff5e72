"""Which key of the storage had which object, as a file of SQLite: a list may be longer than memory.

`objects` is the storage as a backup found it. `leaving` is what earlier backups still hold and this one does not, with
the last that did: so the newest index alone tells what the place must keep.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

NAME = "objects.sqlite3"
SCHEMA = """
CREATE TABLE objects (key TEXT PRIMARY KEY, sha256 TEXT NOT NULL, byte_count INTEGER NOT NULL, version TEXT NOT NULL)
    WITHOUT ROWID;
CREATE TABLE leaving (sha256 TEXT PRIMARY KEY, last_name TEXT NOT NULL) WITHOUT ROWID;
"""
PRESENT = "CREATE TEMP TABLE present (sha256 TEXT PRIMARY KEY, byte_count INTEGER NOT NULL) WITHOUT ROWID"


class Row(NamedTuple):
    """One key of the storage."""

    key: str
    sha256: str
    byte_count: int
    version: str


class Index:
    """One such file, open; `present`, what the place has, lives as long as it is open."""

    def __init__(self, path: Path) -> None:
        is_new = not path.exists()
        self.path = path
        # Whoever copies asks from several threads, one at a time.
        self.rows = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.turn = threading.Lock()
        # A draft: what a power cut leaves of it is thrown away.
        self.rows.executescript("PRAGMA synchronous=OFF; PRAGMA journal_mode=DELETE; PRAGMA temp_store=FILE;")
        if is_new:
            self.rows.executescript(SCHEMA)
        self.rows.execute(PRESENT)

    def close(self) -> None:
        """The file is whole afterwards."""
        self.rows.close()

    def keep(self, rows: Iterable[Row]) -> None:
        """Keep the rows, all in one transaction; what they name is at the place from now on."""
        kept = list(rows)
        self.rows.execute("BEGIN")
        self.rows.executemany("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?)", kept)
        self.rows.executemany("INSERT OR REPLACE INTO present VALUES (?, ?)", [row[1:3] for row in kept])
        self.rows.execute("COMMIT")

    def known(self, key: str, byte_count: int, version: str) -> str | None:
        """The digest of the object under the key, where it is the very version that this index knows."""
        question = "SELECT sha256 FROM objects WHERE key = ? AND byte_count = ? AND version = ?"
        found = self.rows.execute(question, (key, byte_count, version)).fetchone()
        return found[0] if found else None

    def tell_present(self, objects: Iterable[tuple[str, int]]) -> None:
        """What the place has."""
        self.rows.execute("BEGIN")
        self.rows.execute("DELETE FROM present")
        self.rows.executemany("INSERT OR REPLACE INTO present VALUES (?, ?)", objects)
        self.rows.execute("COMMIT")

    def forget_present(self, sha256: str) -> None:
        """The place has it no more, or not as it was."""
        self.rows.execute("DELETE FROM present WHERE sha256 = ?", (sha256,))

    def is_present(self, sha256: str, byte_count: int) -> bool:
        """Whether the place has an object of that digest and size."""
        question = "SELECT 1 FROM present WHERE sha256 = ? AND byte_count = ?"
        with self.turn:
            return self.rows.execute(question, (sha256, byte_count)).fetchone() is not None

    def due_for_a_look(self, now: datetime, days: int) -> list[str]:
        """Those that are read again today; each is due once in so many days."""
        today = now.toordinal() % days
        every = self.rows.execute("SELECT sha256 FROM present")
        return [sha256 for (sha256,) in every if int(sha256[:8], 16) % days == today]

    def let_leave(self, earlier: Path, *, earlier_name: str, oldest_name: str) -> None:
        """Remember what earlier backups hold and this one does not, but none from before `oldest_name`."""
        self.rows.execute("ATTACH ? AS earlier", (str(earlier),))
        self.rows.execute(
            "INSERT INTO leaving SELECT sha256, last_name FROM earlier.leaving WHERE last_name >= ?"
            " AND sha256 NOT IN (SELECT sha256 FROM main.objects)",
            (oldest_name,),
        )
        self.rows.execute(
            "INSERT OR REPLACE INTO leaving SELECT DISTINCT sha256, ? FROM earlier.objects"
            " WHERE sha256 NOT IN (SELECT sha256 FROM main.objects)",
            (earlier_name,),
        )
        self.rows.execute("DETACH earlier")

    def unwanted(self, *, oldest_name: str) -> Iterator[str]:
        """What the place has and no backup from `oldest_name` on holds."""
        question = """
            SELECT sha256 FROM present EXCEPT SELECT sha256 FROM objects
            EXCEPT SELECT sha256 FROM leaving WHERE last_name >= ?
        """
        for (sha256,) in self.rows.execute(question, (oldest_name,)).fetchall():
            yield sha256

    def lacking(self) -> Iterator[tuple[str, str]]:
        """Key and digest of what the backup holds and the place has not, or not in that size."""
        question = """
            SELECT key, objects.sha256 FROM objects LEFT JOIN present
                ON present.sha256 = objects.sha256 AND present.byte_count = objects.byte_count
            WHERE present.sha256 IS NULL ORDER BY key
        """
        yield from self.rows.execute(question)

    def all(self) -> Iterator[tuple[str, str, int]]:
        """Key, digest and size of everything, by key."""
        yield from self.rows.execute("SELECT key, sha256, byte_count FROM objects ORDER BY key")

    def totals(self) -> tuple[int, int]:
        """How many objects, and their bytes."""
        count, byte_count = self.rows.execute("SELECT count(*), coalesce(sum(byte_count), 0) FROM objects").fetchone()
        return count, byte_count
