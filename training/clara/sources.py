"""Where a checkpoint may come from: a folder, a site's public page, a bucket. Fetched, verified, and only then opened.

The manifest lists the files by sha256, and the list's own digest is the checkpoint's name. An address that holds that
name (`/models/0123456789ab/`) therefore says exactly which bytes are meant; for any other it is the connection, or a
`verify_key`, that says whose they are. Files of names that this code does not know stay where they are.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.clara import signature
from training.clara.checkpoint import CONFIG, LABELS, PREPROCESSOR, WEIGHTS, CorruptCheckpoint
from training.clara.places import Missing, NotFetchable, Place, Unreachable, place_at

MANIFEST = "manifest.json"
FORMATS = re.compile(r"openempathic-checkpoint/\d+")
DIGEST, VERSION = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{12,64}")
NEEDED = (WEIGHTS, CONFIG, PREPROCESSOR, LABELS)
# What says on which terms it may be used travels with it.
BESIDE = ("README.md", "use_restrictions.json")
WORDS_BYTES_MAX = 16 << 20
WEIGHTS_BYTES_MAX = 4 << 30
PIECE_BYTES = 1 << 20
IS_REMOTE = re.compile(r"[a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True)
class Manifest:
    """What a checkpoint consists of: the digest that names it, and the sha256 of each file."""

    digest: str
    files: Mapping[str, str]
    content: bytes

    @property
    def wanted(self) -> dict[str, str]:
        """The files that loading needs, and those that say what may be done with it."""
        return {name: self.files[name] for name in (*NEEDED, *BESIDE) if name in self.files}


def folder_of(
    source: str | Path, *, cache: str | Path | None = None, verify_key: signature.KeyGiven | None = None
) -> Path:
    """A folder on this machine that holds the checkpoint, every byte that will be opened verified.

    `source` is a folder, `https://site/models/VERSION/` or `s3://bucket/prefix`; `http` only to this very machine. What
    is fetched is kept in `cache`, by default `openempathic` in `XDG_CACHE_HOME` or `~/.cache`, and serves where the
    site cannot be reached. Raises NotFetchable where there is nothing, or it is not allowed to be fetched so, and
    CorruptCheckpoint where something else came than was promised, or its signature is not `verify_key`'s.
    """
    if not isinstance(source, Path) and IS_REMOTE.match(source):
        return fetched(source, cache=Path(cache) if cache else default_cache(), verify_key=verify_key)
    folder = Path(source)
    if (folder / MANIFEST).is_file() or verify_key is not None:
        check_folder(folder, parsed(read_from(folder, MANIFEST)), verify_key=verify_key)
    return folder


def default_cache() -> Path:
    """Where fetched checkpoints are kept, after the XDG base directory specification."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "openempathic"


def fetched(source: str, *, cache: Path, verify_key: signature.KeyGiven | None) -> Path:
    """The checkpoint at that address, from the cache where it is there already, whole."""
    version = version_in(source)
    try:
        place, manifest = found(source)
    except Unreachable as fault:
        if version and (folder := kept(cache, version, verify_key=verify_key)):
            warnings.warn(f"{fault}; the copy in {folder} is used", stacklevel=4)
            return folder
        raise
    if version and not manifest.digest.startswith(version):
        raise CorruptCheckpoint(f"this is checkpoint {manifest.digest[:12]}, not {version}, which the address names")
    folder = cache / "checkpoints" / manifest.digest
    if not is_whole(folder, manifest, verify_key=verify_key):
        fetch(place, manifest, into=folder, verify_key=verify_key)
    return folder


def found(source: str) -> tuple[Place, Manifest]:
    """Where the files lie under the address, and their manifest: a site's page has them under files/."""
    place = place_at(source)
    for way in (place / "files", place):
        try:
            return way, parsed(way.read(MANIFEST, at_most=WORDS_BYTES_MAX))
        except Missing:
            continue
    return champion_of(place)


def champion_of(root: Place) -> tuple[Place, Manifest]:
    """What the alias in a site's own storage names."""
    try:
        named = str(json.loads(root.read("aliases/champion.json", at_most=WORDS_BYTES_MAX))["digest"])
    except Missing:
        raise NotFetchable(
            f"there is no checkpoint at {root}: neither {MANIFEST} nor an alias. Look at the version; what was "
            "retracted is no longer given out"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptCheckpoint(f"the alias at {root} names no checkpoint") from error
    if not DIGEST.fullmatch(named):
        raise CorruptCheckpoint(f"the alias at {root} names no checkpoint")
    place = root / "checkpoints" / named
    manifest = parsed(place.read(MANIFEST, at_most=WORDS_BYTES_MAX))
    if manifest.digest != named:
        raise CorruptCheckpoint(f"{place} holds checkpoint {manifest.digest[:12]}")
    return place, manifest


def parsed(content: bytes) -> Manifest:
    """The manifest, its own digest verified; raises CorruptCheckpoint."""
    try:
        told = json.loads(content)
        format, digest, files = told["format"], told["digest"], told["files"]
        sha256s = {name: sha256_told(entry) for name, entry in files.items()}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CorruptCheckpoint(f"{MANIFEST} is no manifest of a checkpoint") from error
    if not FORMATS.fullmatch(str(format)):
        raise CorruptCheckpoint(
            f"{MANIFEST} is of format {format!r}, which this code does not read: update openempathic"
        )
    canonical = json.dumps(files, sort_keys=True, separators=(",", ":")).encode()
    if hashlib.sha256(canonical).hexdigest() != digest:
        raise CorruptCheckpoint(f"{MANIFEST} was changed: its files are not those that its digest names")
    if lacking := [name for name in NEEDED if name not in sha256s]:
        raise CorruptCheckpoint(f"{MANIFEST} does not list {', '.join(lacking)}")
    return Manifest(digest=digest, files=sha256s, content=content)


def sha256_told(entry: Any) -> str:
    """The digest of one entry, told alone or among other facts; raises ValueError."""
    told = entry["sha256"] if isinstance(entry, dict) else entry
    if not isinstance(told, str) or not DIGEST.fullmatch(told):
        raise ValueError("no sha256")
    return told


def fetch(place: Place, manifest: Manifest, *, into: Path, verify_key: signature.KeyGiven | None) -> None:
    """Bring the files here, verified, and put the folder in its place in one step."""
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=".fetching-") as beside:
        folder = Path(beside) / "checkpoint"
        folder.mkdir()
        (folder / MANIFEST).write_bytes(manifest.content)
        try:
            (folder / signature.FILE).write_bytes(place.read(signature.FILE, at_most=WORDS_BYTES_MAX))
        except Missing:
            if verify_key is not None:
                raise CorruptCheckpoint(f"{place} is not signed: there is no {signature.FILE}") from None
        if verify_key is not None:
            # Before four gigabytes are fetched for nothing.
            check_signature(folder, manifest, verify_key)
        for name, sha256 in manifest.wanted.items():
            bring(place, name, sha256, folder / name)
        put(folder, into)


def bring(place: Place, name: str, sha256: str, path: Path) -> None:
    """One file, no longer than it may be, and of that digest."""
    digest, room = hashlib.sha256(), WEIGHTS_BYTES_MAX if name == WEIGHTS else WORDS_BYTES_MAX
    with place.opened(name) as pieces, path.open("wb") as file:
        for piece in pieces:
            room -= len(piece)
            if room < 0:
                raise CorruptCheckpoint(f"{name} is larger than any that this code reads: fetching it was broken off")
            digest.update(piece)
            file.write(piece)
    if digest.hexdigest() != sha256:
        raise CorruptCheckpoint(f"{name} came with another digest than {MANIFEST} promises: fetch it again")


def put(folder: Path, into: Path) -> None:
    """The finished folder in its place; where another process was quicker, or a damaged one stands, this one counts."""
    while True:
        try:
            folder.rename(into)
            return
        except OSError:
            if not into.exists():
                raise
            shutil.rmtree(into, ignore_errors=True)


def kept(cache: Path, version: str, *, verify_key: signature.KeyGiven | None) -> Path | None:
    """The one whole checkpoint in the cache whose digest begins so."""
    for folder in sorted((cache / "checkpoints").glob(f"{version}*")):
        try:
            check_folder(folder, parsed(read_from(folder, MANIFEST)), verify_key=verify_key)
        except CorruptCheckpoint:
            continue
        if folder.name.startswith(version):
            return folder
    return None


def is_whole(folder: Path, manifest: Manifest, *, verify_key: signature.KeyGiven | None) -> bool:
    """Whether the folder holds what the manifest lists; a wrong signature is raised, since no fetching mends it."""
    try:
        check_files(folder, manifest)
    except CorruptCheckpoint:
        return False
    if verify_key is not None:
        if not (folder / signature.FILE).is_file():
            return False
        check_signature(folder, manifest, verify_key)
    return True


def check_folder(folder: Path, manifest: Manifest, *, verify_key: signature.KeyGiven | None) -> None:
    """Raise CorruptCheckpoint where the folder is not what its manifest, and its signature, say."""
    check_files(folder, manifest)
    if verify_key is not None:
        check_signature(folder, manifest, verify_key)


def check_files(folder: Path, manifest: Manifest) -> None:
    """Raise CorruptCheckpoint where a file is missing or has another digest."""
    for name, sha256 in manifest.wanted.items():
        digest = hashlib.sha256()
        for piece in pieces_of(folder / name):
            digest.update(piece)
        if digest.hexdigest() != sha256:
            raise CorruptCheckpoint(f"{name} does not have the digest that {MANIFEST} promises: truncated or changed")


def check_signature(folder: Path, manifest: Manifest, key: signature.KeyGiven) -> None:
    """Raise CorruptCheckpoint where the manifest here, or the files it lists, are not what the key signed."""
    told = {**manifest.files, MANIFEST: hashlib.sha256(manifest.content).hexdigest()}
    digests = {name: told[name] for name in (*manifest.wanted, MANIFEST)}
    signature.check(read_from(folder, signature.FILE), key=key, sha256s=digests, covers=MANIFEST)


def read_from(folder: Path, name: str) -> bytes:
    """A small file of a folder; raises CorruptCheckpoint where it is not there."""
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise CorruptCheckpoint(f"{name} is missing or unreadable in {folder} ({error.strerror})") from error


def pieces_of(path: Path) -> Iterator[bytes]:
    """The file in pieces; raises CorruptCheckpoint where it cannot be read."""
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield piece
    except OSError as error:
        raise CorruptCheckpoint(f"{path.name} is missing or unreadable ({error.strerror})") from error


def version_in(source: str) -> str:
    """The digest, or its beginning, that the address ends with; empty where it names none."""
    last = source.rstrip("/").rsplit("/", 1)[-1]
    return last if VERSION.fullmatch(last) else ""
