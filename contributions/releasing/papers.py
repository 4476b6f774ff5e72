"""The papers beside a DATASET release: its figures, its Croissant metadata and a datasheet for each language.

Workers only: the columns of the Parquet files are asked of pyarrow. Written from the lines that lie in the folder, so
that a clip that left is in none of them; what is not in the folder (agreement, licences) is asked of the database.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from contributions.listening.queue import widest
from contributions.models import Figure, LicenceGrant, Release
from contributions.releasing import croissant, datasheets, reading, tally
from contributions.releasing.beside import ReleaseFacts
from contributions.releasing.croissant import Described
from contributions.taxonomy import restrictions

TOMBSTONES = "tombstones.json"
# Whole files of the release beside its shards, as far as they are there.
HASHED = (reading.MANIFEST, reading.CLIPS, reading.RATINGS, croissant.CLIPS, croissant.RATINGS)
HASHED_BESIDE = (restrictions.FILE, restrictions.TERMS)


def write(facts: ReleaseFacts, folder: Path) -> list[str]:
    """Write the papers into the folder; returns their names.

    None for a release that is not for the public, nor in a copy that somebody downloaded, where no site is asked.
    """
    if facts.kind != Release.Kind.DATASET or facts.frozen_at is None:
        return []
    about = described(facts, folder, frozen_at=facts.frozen_at)
    papers = {tally.FILE: as_json(about.figures), croissant.FILE: croissant.as_json(about)}
    papers |= {datasheets.file_of(tag): datasheets.datasheet(about, tag).encode() for tag in about.figures["languages"]}
    for name, content in papers.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return sorted(papers)


def described(facts: ReleaseFacts, folder: Path, *, frozen_at: datetime) -> Described:
    """Everything that the papers are made of."""
    rows = (row for row in reading.clips_of(reading.InFolder(folder)) if row["key"] not in facts.gone)
    figures = tally.figures(rows)
    corpora = {name for each in figures["languages"].values() for name in each["corpora"]}
    figures |= {"agreement": agreement_of(figures["languages"]), "corpora": licences_of(corpora)}
    return Described(
        digest=facts.digest,
        frozen_at=frozen_at,
        address=address_of(facts.digest),
        publisher=settings.OPERATOR or "Open Empathic",
        figures=figures,
        files=list(files_in(facts, folder)),
        columns={name: columns_of(folder / name) for name in (croissant.CLIPS, croissant.RATINGS)},
        gone_count=len(facts.gone),
    )


def address_of(digest: str) -> str:
    """The page of the release on this site."""
    return f"{settings.SITE_URL}/datasets/{digest[:12]}/"


def agreement_of(languages: Iterable[str]) -> dict[str, Any]:
    """How far listeners agree in each language, as it was last reckoned over all of its clips."""
    known = dict(Figure.objects.filter(name="agreement").values_list("language", "content"))
    return {tag: known[widest(tag)]["overall"] for tag in languages if "overall" in known.get(widest(tag), {})}


def licences_of(names: Iterable[str]) -> dict[str, Any]:
    """Licence and source of each corpus."""
    grants = LicenceGrant.objects.filter(corpus__in=list(names))
    return {grant.corpus: {"licence": grant.licence, "source": grant.source} for grant in grants}


def files_in(facts: ReleaseFacts, folder: Path) -> Iterator[dict[str, Any]]:
    """Each file with its digest and size: shards as they were frozen or were rewritten since, the rest as it is."""
    for name in (*HASHED, *HASHED_BESIDE):
        if (path := folder / name).exists():
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            yield {"name": name, "sha256": sha256, "byte_count": path.stat().st_size}
    place = reading.InFolder(folder)
    rewritten = {shard["name"]: shard for shard in json.loads(place.read(TOMBSTONES) or b"{}").get("shards", [])}
    for shard in facts.manifest["shards"]:
        now = rewritten.get(shard["name"], shard)
        yield {"name": f"shards/{shard['name']}", "sha256": now["sha256"], "byte_count": now["byte_count"]}


def columns_of(path: Path) -> list[tuple[str, str, bool]]:
    """The columns of a Parquet file that Croissant has a word for: name, data type, and whether each holds a list."""
    if not path.exists():
        return []
    from pyarrow import parquet, types

    columns = []
    for column in parquet.read_schema(path):
        is_list = types.is_list(column.type) or types.is_large_list(column.type)
        inner = column.type.value_type if is_list else column.type
        known = {
            "sc:Text": types.is_string(inner) or types.is_large_string(inner) or types.is_dictionary(inner),
            "sc:Boolean": types.is_boolean(inner),
            "sc:Integer": types.is_integer(inner),
            "sc:Float": types.is_floating(inner),
        }
        columns += [(column.name, name, is_list) for name, is_so in known.items() if is_so]
    return columns


def as_json(said: Any) -> bytes:
    """Readable, and the same for the same facts."""
    return (json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
