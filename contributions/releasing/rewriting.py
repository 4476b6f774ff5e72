"""A release without the clips that were taken back: its manifest stays, its shards are rewritten where they lie.

Gone from a release is a clip that was withdrawn, or whose consent or licence for this kind of release ended, or that
`tombstones.json` tells of. That is kept in the clip's membership before a byte goes, and stays so whatever is consented
to later: a key that was cut out does not come back.

The manifest is immutable and goes on naming the shards as they were frozen; `tombstones.json` beside it says which keys
are gone since and what each rewritten shard's digest is now, so that a reader can verify what it finds.

Why no lock: the bytes of a rewritten shard are a function of the manifest and of the keys that are gone, and a purger
removes *every* clip that is withdrawn, not only its own, then asks again. So purgers at once write the same bytes; one
that read an older answer sees after its write that it did, and writes again; one that was killed before it asked again
leaves its own clip owed, and whoever takes that up repairs the shard.
"""

import hashlib
import io
import json
import logging
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from contributions.models import Clip, Release, ReleaseClip
from contributions.releasing.selection import PURPOSES
from contributions.releasing.shards import add, canonical
from openempathic import durable, storage
from openempathic.pieces import in_pieces

log = logging.getLogger(__name__)

FORMAT = "openempathic-tombstones/1"
MANIFEST, TOMBSTONES = "manifest.json", "tombstones.json"
# The manifest while its shards are being put: it says whose sound lies there already, should the freeze be killed.
DRAFT = "manifest.draft.json"
GONE = (Clip.Status.WITHDRAWN, Clip.Status.PURGED)
# Clips withdrawn while we write start another round; a release where that never ends is left owed.
ROUNDS_MAX = 10


class NotWhole(Exception):
    """The shard is not there, is no tar, or lacks a clip that the manifest promises."""


class Place(Protocol):
    """Where a release lies: a prefix of storage or a folder."""

    def read(self, name: str) -> bytes | None:
        """A small file, or None."""

    def opened(self, name: str) -> BinaryIO:
        """A shard; raises NotWhole when it is not there."""

    def put(self, name: str, content: BinaryIO) -> None:
        """Replace the file in one step, durably."""

    def erase(self, name: str) -> None:
        """Take the file away."""


@dataclass(frozen=True)
class InStorage:
    """A release of this site."""

    prefix: str

    def read(self, name: str) -> bytes | None:
        """A small file, or None."""
        try:
            return storage.read(f"{self.prefix}/{name}")
        except storage.NotStored:
            return None

    def opened(self, name: str) -> BinaryIO:
        """A shard; raises NotWhole when it is not there."""
        try:
            return storage.open(f"{self.prefix}/{name}")
        except storage.NotStored as missing:
            raise NotWhole(str(missing)) from missing

    def put(self, name: str, content: BinaryIO) -> None:
        """Replace the object."""
        storage.put(f"{self.prefix}/{name}", content)

    def erase(self, name: str) -> None:
        """Take the object away."""
        storage.erase(f"{self.prefix}/{name}")


@dataclass(frozen=True)
class InFolder:
    """A release that somebody downloaded."""

    folder: Path

    def read(self, name: str) -> bytes | None:
        """A small file, or None."""
        path = self.folder / name
        return path.read_bytes() if path.exists() else None

    def opened(self, name: str) -> BinaryIO:
        """A shard; raises NotWhole when it is not there."""
        try:
            return (self.folder / name).open("rb")
        except FileNotFoundError as missing:
            raise NotWhole(f"{name} is not there") from missing

    def put(self, name: str, content: BinaryIO) -> None:
        """Replace the file in one step, durably."""
        durable.place(iter(lambda: content.read(1 << 20), b""), self.folder / name, root=self.folder)

    def erase(self, name: str) -> None:
        """Take the file away."""
        (self.folder / name).unlink(missing_ok=True)


def never() -> None:
    """For a caller who holds no lease."""


def forget_withdrawn(release: Release, *, beat: Callable[[], None] = never) -> None:
    """Take every clip that is gone out of the release's shards; `beat` is called between shards, to hold a lease.

    Raises StorageError when that could not be done; then it is still owed.
    """
    place = InStorage(release.prefix)
    # A shard that a killed freeze put by half holds sound as well.
    storage.erase_unfinished(f"{release.prefix}/")
    for _round in range(ROUNDS_MAX):
        take_out(release)
        gone = gone_keys(release)
        told = forget(place, gone, beat=beat)
        # Asked again after the last write: see above why this is what makes purgers safe without a lock.
        take_out(release)
        if gone_keys(release) == gone and tombstones_of(place) == told:
            return
    raise storage.StorageError(f"clips of {release} are withdrawn faster than it is rewritten")


def take_out(release: Release) -> None:
    """Keep for good which clips the release may not hold any more: uncovered now, or told beside it already."""
    take_out_uncovered(release)
    take_out_told(release)


def take_out_uncovered(release: Release) -> None:
    """Those that were withdrawn, or whose consent or licence for this kind of release ended."""
    covered = Clip.objects.covered_by(PURPOSES[Release.Kind(release.kind)])
    release.members.filter(taken_out_at=None).exclude(clip__in=covered.values("pk")).update(taken_out_at=Now())


def take_out_told(release: Release) -> None:
    """Those that are gone from its files and not known to be here: a database that is older than the bytes."""
    for some in in_pieces(list((tombstones_of(InStorage(release.prefix)) or {}).get("keys", []))):
        release.members.filter(taken_out_at=None, key__in=some).update(taken_out_at=Now())


def gone_members() -> QuerySet[ReleaseClip]:
    """The memberships of clips that are gone from their release."""
    return ReleaseClip.objects.filter(Q(taken_out_at__isnull=False) | Q(clip__status__in=GONE))


def gone_keys(release: Release) -> set[str]:
    """The keys of the release's clips that are gone from it."""
    return set(gone_members().filter(release=release).values_list("key", flat=True))


def is_clean(release: Release) -> bool:
    """Whether storage says of every clip that is gone that it is, and holds the shards that it says."""
    if not (gone := gone_keys(release)):
        return True
    told = tombstones_of(InStorage(release.prefix)) or {"keys": [], "shards": []}
    is_told = gone <= set(told["keys"])
    return is_told and all(lies_there(f"{release.prefix}/shards/{shard['name']}", shard) for shard in told["shards"])


def lies_there(key: str, shard: Mapping[str, Any]) -> bool:
    """Whether the object has the size that is told of it; one that had to go whole must not be there."""
    try:
        return bool(storage.stat(key).byte_count == shard["byte_count"] and shard["sha256"])
    except storage.NotStored:
        return shard["sha256"] is None


def forget(place: Place, gone: set[str], *, beat: Callable[[], None] = never) -> dict[str, Any] | None:
    """Rewrite each shard that the manifest says held one of these keys, then say so; returns what stands there now."""
    content = place.read(MANIFEST)
    if content is None:
        # Frozen for good or not at all: a release without a manifest is read by nobody, and its shards go whole.
        place.erase("shards/")
        return None
    manifest = json.loads(content)
    before = tombstones_of(place)
    gone = gone & {row["key"] for row in manifest["clips"]}
    if not gone:
        return before
    shards = {shard["name"]: shard for shard in (before or {}).get("shards", [])}
    known = set((before or {}).get("keys", []))
    for name, rows in by_shard(manifest).items():
        if here := gone & rows.keys():
            beat()
            is_told = name in shards and known & rows.keys() == here
            kept = {key: sha256 for key, sha256 in rows.items() if key not in gone}
            if (now := shard_without(place, name, kept, told=shards.get(name) if is_told else None)) is not None:
                shards[name] = now
    told = {
        "format": FORMAT,
        "release": hashlib.sha256(content).hexdigest(),
        "keys": sorted(gone),
        "shards": [shards[name] for name in sorted(shards)],
    }
    if told != before:
        place.put(TOMBSTONES, io.BytesIO(canonical(told)))
    return told


def by_shard(manifest: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """For each shard its keys, with the digest of their sound."""
    shards: dict[str, dict[str, str]] = defaultdict(dict)
    for row in manifest["clips"]:
        # A downloaded manifest may say anything: only a plain file name stays inside the folder.
        shards[Path(row["shard"]).name][row["key"]] = row["sha256"]
    return shards


def tombstones_of(place: Place) -> dict[str, Any] | None:
    """What is said to be gone; None when nothing is, or it cannot be read."""
    try:
        return dict(json.loads(place.read(TOMBSTONES) or b""))
    except ValueError:
        return None


def shard_without(place: Place, name: str, kept: Mapping[str, str], *, told: dict[str, Any] | None) -> dict[str, Any]:
    """Leave only the kept clips in the shard; what it is now, with null for a digest where it had to go whole."""
    at = f"shards/{name}"
    try:
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


def described(name: str, content: BinaryIO) -> dict[str, Any]:
    """The shard as a manifest names it."""
    sha256 = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    return {"name": name, "sha256": sha256, "byte_count": content.tell()}
