"""The lines of a release as Parquet, a row group in memory at a time.

Arrow is loaded when a table is written: by the trainer, a worker or a command, never by a web process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contributions.releasing.places import InFolder, lines
from contributions.releasing.reading import CLIPS, RATINGS

if TYPE_CHECKING:
    import pyarrow as pa

CLIPS_TABLE, RATINGS_TABLE = "clips.parquet", "ratings.parquet"
ROWS_A_GROUP = 10_000


def write_tables(folder: Path) -> list[str]:
    """Write each file of lines beside itself as a table; returns the names of the tables."""
    from pyarrow import parquet

    written = []
    for source, table, schema in ((CLIPS, CLIPS_TABLE, clips_schema()), (RATINGS, RATINGS_TABLE, ratings_schema())):
        with parquet.ParquetWriter(folder / table, schema, compression="zstd") as writer:
            for group in in_groups(lines(InFolder(folder), source)):
                writer.write_table(as_table(group, schema))
        written.append(table)
    return written


def in_groups(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The rows, so many at a time."""
    coming = iter(rows)
    while group := list(islice(coming, ROWS_A_GROUP)):
        yield group


def as_table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """One row group; columns that a line does not have are null, and fields of labels stand in columns of their own."""
    import pyarrow as pa

    return pa.Table.from_pylist([flat(row) for row in rows], schema=schema)


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """The line with its labels beside the rest, and shares as pairs."""
    labels = row.get("labels")
    if labels is None:
        return row
    return {**row, **labels, "emotion": row["emotion"], "shares": sorted(labels["emotion"].items())}


def clips_schema() -> pa.Schema:
    """A clip's columns: `emotion` has most of the votes, `shares` are the votes of all."""
    import pyarrow as pa

    words = ("key", "clip", "shard", "sha256", "split", "speaker", "language", "emotion", "intended_emotion")
    facts = ("gender", "age_band", "accent", "corpus", "permission", "method")
    return pa.schema(
        [
            *((name, pa.string()) for name in (*words, *facts)),
            ("shares", pa.map_(pa.string(), pa.float64())),
            *((name, pa.float64()) for name in ("intensity", "weight")),
            *((name, pa.int64()) for name in ("sample_count", "sample_rate_hz")),
        ]
    )


def ratings_schema() -> pa.Schema:
    """An answer's columns."""
    import pyarrow as pa

    return pa.schema(
        [
            *((name, pa.string()) for name in ("key", "rater", "why", "primary")),
            ("usable", pa.bool_()),
            *((name, pa.list_(pa.string())) for name in ("secondary", "styles")),
            *((name, pa.int64()) for name in ("intensity", "valence", "arousal", "dominance")),
        ]
    )
