"""Everything beside a release that its content does not decide alone: terms, tables, metadata, sums.

None of it is part of the digest: it is written when the release is frozen, and again when clips leave it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from contributions.releasing import beside, tables
from contributions.releasing.beside import ReleaseFacts
from contributions.releasing.reading import CLIPS, MANIFEST, RATINGS
from contributions.taxonomy import restrictions

SUMS = "SHA256SUMS"


def write(
    facts: ReleaseFacts, folder: Path, *, shards: Iterable[Mapping[str, Any]], also: Iterable[str] = ()
) -> list[str]:
    """Write all of it into the folder with the lines; returns the names, the sums of the whole release last.

    `shards` are described as they lie now; `also` are files that lie in the folder already.
    """
    (folder / restrictions.FILE).write_bytes(restrictions.as_json())
    (folder / restrictions.TERMS).write_bytes(restrictions.as_terms())
    names = [restrictions.FILE, restrictions.TERMS, *tables.write_tables(folder), *also]
    names += beside.write_beside(facts, folder)
    summed = {name: digest_of(folder / name) for name in {MANIFEST, CLIPS, RATINGS, *names}}
    summed |= {f"shards/{shard['name']}": shard["sha256"] for shard in shards if shard["sha256"]}
    (folder / SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sorted(summed.items())))
    return [*names, SUMS]


def digest_of(path: Path) -> str:
    """The file's sha256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
