"""Cutting clips out of the files of a release, in storage or in a folder; what is gone, the caller says.

Every clip that stays, stays byte for byte. The lines of those that are gone leave the files of lines, and what was
derived of them is derived anew; the tombstones come last and tell what each of these files is now.
"""

import hashlib
import io
import json
import logging
import tarfile
import tempfile
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, cast

from contributions.releasing import derived
from contributions.releasing.beside import ReleaseFacts
from contributions.releasing.deltas import DELTA
from contributions.releasing.draft import said
from contributions.releasing.places import NotWhole, Place, lines
from contributions.releasing.reading import CLIPS, MANIFEST, RATINGS

log = logging.getLogger(__name__)

FORMAT = "openempathic-tombstones/1"
TOMBSTONES = "tombstones.json"
# The manifest and every line while the files are being put: whose sound lies there, should the freeze be killed.
DRAFT = "manifest.draft.json"


@dataclass(frozen=True)
class Cut:
    """One shard, what has to leave it, what was told before to have left it, and the digests of all that stays."""

    name: str
    gone: set[str]
    told: set[str]
    # None where nobody can tell any more what else lies in it.
    kept: dict[str, str] | None


def never() -> None:
    """For a caller who holds no lease."""


def forget(
    place: Place, gone: set[str], *, frozen_at: datetime | None = None, beat: Callable[[], None] = never
) -> dict[str, Any] | None:
    """Rewrite each file that held one of these keys, then say so; returns what stands there now."""
    content = place.read(MANIFEST)
    if content is None:
        # Frozen for good or not at all: a release without a manifest is read by nobody, and its shards go whole.
        for name in ("shards/", CLIPS, RATINGS):
            place.erase(name)
        return None
    manifest = json.loads(content)
    before = tombstones_of(place)
    shards = {shard["name"]: shard for shard in (before or {}).get("shards", [])}
    known = set((before or {}).get("keys", []))
    taken: set[str] = set()
    for cut in cuts(place, manifest, gone, known):
        beat()
        taken |= cut.gone
        is_told = cut.name in shards and cut.told == cut.gone
        shards[cut.name] = shard_without(place, cut, told=shards[cut.name] if is_told else None)
    if not taken:
        return before
    told = {
        "format": FORMAT,
        "release": hashlib.sha256(content).hexdigest(),
        "keys": sorted(taken),
        "shards": [shards[name] for name in sorted(shards)],
    }
    if "clips" not in manifest:
        told["files"] = files_without(place, manifest, told, before, frozen_at=frozen_at, beat=beat)
    if told != before:
        place.put(TOMBSTONES, io.BytesIO(said(told).encode()))
    return told


def cuts(place: Place, manifest: Mapping[str, Any], gone: set[str], known: set[str]) -> Iterator[Cut]:
    """The shards that held one of the keys that are gone; `known` are those that were told of before."""
    if "clips" in manifest:
        for name, rows in by_shard(manifest["clips"]).items():
            if here := gone & rows.keys():
                yield Cut(name, here, known & rows.keys(), without(rows, gone))
        return
    # Keys rise from shard to shard: a key whose line has left still tells where its sound lay.
    ordered, told = sorted(gone), sorted(known)
    shards = {plain(shard["name"]): shard for shard in manifest["shards"]}
    struck = {name: here for name, shard in sorted(shards.items()) if (here := within(ordered, shard))}
    for name, lines_left in lines_of(place, struck):
        kept = None if lines_left is None else without(lines_left, gone)
        yield Cut(name, struck[name], within(told, shards[name]), kept)


def without(rows: Mapping[str, str], gone: set[str]) -> dict[str, str]:
    """The digests of all that stays."""
    return {key: sha256 for key, sha256 in rows.items() if key not in gone}


def lines_of(place: Place, shards: Iterable[str]) -> Iterator[tuple[str, dict[str, str] | None]]:
    """For each of these shards, in their order, the digests by key that its lines tell; None where none can be read."""
    groups = groupby(lines(place, CLIPS), key=lambda row: plain(row["shard"]))
    group: tuple[str, Iterable[dict[str, Any]]] | None = ("", ())
    is_readable = True
    for name in shards:
        rows: dict[str, str] = {}
        try:
            while is_readable and group and group[0] < name:
                group = next(groups, None)
            if is_readable and group and group[0] == name:
                rows = {row["key"]: row["sha256"] for row in group[1]}
        except (NotWhole, KeyError, TypeError) as fault:
            log.warning("%s cannot be read: %s", CLIPS, fault)
            is_readable = False
        yield name, rows if is_readable else None


def within(ordered: list[str], shard: Mapping[str, Any]) -> set[str]:
    """Those of the sorted keys that belong into the shard."""
    return set(ordered[bisect_left(ordered, shard["first_key"]) : bisect_right(ordered, shard["last_key"])])


def plain(name: str) -> str:
    """A downloaded manifest may say anything: only a plain file name stays inside the folder."""
    return Path(name).name


def by_shard(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """For each shard its keys, with the digest of their sound."""
    shards: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        shards[plain(row["shard"])][row["key"]] = row["sha256"]
    return shards


def files_without(
    place: Place,
    manifest: Mapping[str, Any],
    told: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    *,
    frozen_at: datetime | None,
    beat: Callable[[], None],
) -> list[dict[str, Any]]:
    """Leave only the lines of clips that stay, write anew what is derived of them, and describe all of it."""
    was = (before or {}).get("files", [])
    if (
        was
        and all(told[part] == (before or {})[part] for part in ("keys", "shards"))
        and all(lies(place, f) for f in was)
    ):
        return list(was)
    with tempfile.TemporaryDirectory() as scratch:
        folder, gone = Path(scratch), frozenset(told["keys"])
        for name in (MANIFEST, DELTA):
            if (content := place.read(name)) is not None:
                (folder / name).write_bytes(content)
        for name in (CLIPS, RATINGS):
            beat()
            copy_lines(place, name, folder / name, gone)
        (folder / TOMBSTONES).write_bytes(said(told).encode())
        has_delta = (folder / DELTA).exists()
        facts = ReleaseFacts(
            manifest["kind"],
            told["release"],
            manifest,
            frozen_at=frozen_at,
            before=json.loads((folder / DELTA).read_bytes())["before"] if has_delta else None,
            gone=gone,
        )
        now = {shard["name"]: shard for shard in [*manifest["shards"], *told["shards"]]}
        beat()
        names = derived.write(facts, folder, shards=now.values(), also=[DELTA] if has_delta else [])
        return [put_described(place, folder, name) for name in (CLIPS, RATINGS, *names) if name != DELTA]


def copy_lines(place: Place, name: str, to: Path, gone: frozenset[str]) -> None:
    """Write the lines of clips that stay, byte for byte; none where they cannot be read."""
    try:
        with place.opened(name) as source, to.open("wb") as target:
            target.writelines(line for line in source if json.loads(line)["key"] not in gone)
    except (NotWhole, ValueError, KeyError, TypeError) as fault:
        log.warning("%s cannot be read and goes whole: %s", name, fault)
        to.write_bytes(b"")


def put_described(place: Place, folder: Path, name: str) -> dict[str, Any]:
    """Put the file in its place, and say what it is."""
    with (folder / name).open("rb") as file:
        about = described(name, file)
        file.seek(0)
        place.put(name, file)
    return about


def lies(place: Place, about: Mapping[str, Any]) -> bool:
    """Whether the file is what was told of it."""
    try:
        with place.opened(about["name"]) as file:
            return described(about["name"], file) == about
    except NotWhole:
        return False


def tombstones_of(place: Place) -> dict[str, Any] | None:
    """What is said to be gone; None when nothing is, or it cannot be read."""
    try:
        return dict(json.loads(place.read(TOMBSTONES) or b""))
    except ValueError:
        return None


def shard_without(place: Place, cut: Cut, *, told: dict[str, Any] | None) -> dict[str, Any]:
    """Leave only the kept clips in the shard; what it is now, with null for a digest where it had to go whole."""
    name, kept, at = cut.name, cut.kept, f"shards/{cut.name}"
    try:
        if kept is None:
            raise NotWhole("the lines of its clips cannot be read")
        with place.opened(at) as source:
            if set(keys_in(source)) == set(kept):
                # Another purger was here. Its digest counts only if it was told of this very set of keys.
                source.seek(0)
                return told or described(name, source)
        # Without a name, so that no sound is left behind by a worker that is killed.
        with place.opened(at) as source, tempfile.TemporaryFile() as target:
            copy_kept(source, cast(BinaryIO, target), kept)
            target.seek(0)
            now = described(name, cast(BinaryIO, target))
            target.seek(0)
            place.put(at, cast(BinaryIO, target))
            return now
    except NotWhole as fault:
        log.warning("Shard %s cannot be rewritten and goes whole: %s", at, fault)
        place.erase(at)
        return {"name": name, "sha256": None, "byte_count": 0}


def keys_in(source: BinaryIO) -> Iterator[str]:
    """The keys of the clips in the tar, whatever lies between; raises NotWhole."""
    try:
        with tarfile.open(fileobj=source, mode="r:") as tar:
            for member in tar:
                yield member.name.partition(".")[0]
    except tarfile.TarError as fault:
        raise NotWhole(str(fault)) from fault


def copy_kept(source: BinaryIO, target: BinaryIO, kept: Mapping[str, str]) -> None:
    """Write a tar of the kept clips alone, in their order, each sound verified; raises NotWhole."""
    missing = set(kept)
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as clean:
        for name, content in members(source, kept):
            key, _dot, kind = name.partition(".")
            if kind == "flac":
                if hashlib.sha256(content).hexdigest() != kept[key]:
                    raise NotWhole(f"{key} is not what the manifest promises")
                missing.discard(key)
            add(clean, name, content)
    if missing:
        raise NotWhole(f"{len(missing)} clips are not in it")


def members(source: BinaryIO, keys: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """The files of these keys, one in memory at a time; raises NotWhole."""
    wanted = set(keys)
    try:
        with tarfile.open(fileobj=source, mode="r:") as tar:
            for member in tar:
                if member.name.partition(".")[0] in wanted and (file := tar.extractfile(member)):
                    yield member.name, file.read()
    except tarfile.TarError as fault:
        raise NotWhole(str(fault)) from fault


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """One member without a moment or an owner, which would make the same content other bytes."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def described(name: str, content: BinaryIO) -> dict[str, Any]:
    """The file as a manifest names it."""
    sha256 = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    return {"name": name, "sha256": sha256, "byte_count": content.tell()}
