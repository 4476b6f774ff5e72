"""Long lists in pieces: one question to a database names some hundreds of rows, never all of them."""

from collections.abc import Iterator, Sequence
from typing import Any

AT_ONCE = 500


def in_pieces(rows: Sequence[Any], size: int = AT_ONCE) -> Iterator[list[Any]]:
    """The rows in their order, so many at a time."""
    for start in range(0, len(rows), size):
        yield list(rows[start : start + size])
