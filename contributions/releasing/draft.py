"""The candidates of one release on the disk, not in memory: a temporary SQLite file that is gone with the freeze.

It holds words and answers, but no sound. Everything that is asked of all clips at once, as shares, names, order and
counts, is asked of it. Its statements are put together of our own words; whatever came from outside is a value in them.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

# SQLite keeps so much of the file in memory, however large it grows.
CACHE_KIB = 16_384
ROWS_AT_ONCE = 2_000
# A draft's name begins with this; what a freeze that was killed left is known by it.
SCRATCH = ".draft-"

TABLES = """
CREATE TABLE clips (
    number INTEGER PRIMARY KEY, clip BLOB NOT NULL UNIQUE, speaker BLOB NOT NULL, split TEXT NOT NULL,
    language TEXT NOT NULL, corpus TEXT, sentence TEXT, drawn BLOB NOT NULL, sha256 TEXT NOT NULL, emotion TEXT,
    method TEXT, told TEXT NOT NULL, ratings TEXT NOT NULL, left_out TEXT, key TEXT,
    old_key TEXT
);
CREATE TABLE speakers (speaker BLOB PRIMARY KEY, is_person INTEGER, gender TEXT, age_band TEXT, accent TEXT);
CREATE TABLE voices (
    speaker BLOB NOT NULL, language TEXT NOT NULL, gender TEXT, age_band TEXT, accent TEXT,
    PRIMARY KEY (speaker, language)
);
"""


class Draft:
    """An open draft; use it in a `with`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = sqlite3.connect(path, isolation_level=None)
        # If the process dies the file is thrown away, so nothing has to be safe.
        for wish in (
            "journal_mode = OFF",
            "synchronous = OFF",
            f"cache_size = -{CACHE_KIB}",
            "locking_mode = EXCLUSIVE",
        ):
            self.database.execute(f"PRAGMA {wish}")
        self.database.executescript(TABLES)

    def __enter__(self) -> "Draft":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Throw it away."""
        self.database.close()
        self.path.unlink(missing_ok=True)

    def ask(self, question: str, *values: Any) -> Iterator[Any]:
        """The rows of the answer, one after the other."""
        return iter(self.database.execute(question, values))

    def one(self, question: str, *values: Any) -> Any:
        """The first value of the only row."""
        return self.database.execute(question, values).fetchone()[0]

    def write(self, statement: str, rows: Iterable[Any]) -> None:
        """Do it for every row."""
        self.database.execute("BEGIN")
        self.database.executemany(statement, rows)
        self.database.execute("COMMIT")

    def leave_out(self, why: str, where: str, *values: Any) -> None:
        """Leave out the clips that are still in and for which this is so; the first reason stands."""
        statement = f"UPDATE clips SET left_out = ? WHERE left_out IS NULL AND ({where})"  # noqa: S608
        self.database.execute(statement, (why, *values))

    def left_out(self) -> dict[str, int]:
        """How many were left out, by reason."""
        return dict(self.ask("SELECT left_out, COUNT(*) FROM clips WHERE left_out IS NOT NULL GROUP BY 1 ORDER BY 1"))

    def counts(self, column: str) -> dict[str, int]:
        """How many of the clips that are in have which value there."""
        told = f"SELECT {column} AS value FROM clips WHERE left_out IS NULL AND {column} IS NOT NULL"  # noqa: S608
        question = f"SELECT value, COUNT(*) FROM ({told}) GROUP BY value ORDER BY value"  # noqa: S608
        return {str(value): count for value, count in self.ask(question)}

    def pages(self, columns: str) -> Iterator[list[Any]]:
        """The clips that are in, by their own number, so many at a time; each may be changed meanwhile."""
        last = b""
        begin = f"SELECT clip, {columns} FROM clips"  # noqa: S608
        question = f"{begin} WHERE left_out IS NULL AND clip > ? ORDER BY clip LIMIT ?"
        while page := self.database.execute(question, (last, ROWS_AT_ONCE)).fetchall():
            last = page[-1][0]
            yield page


def said(content: Any) -> str:
    """A canonical line of JSON."""
    return ENCODED(content)


ENCODED = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False).encode
