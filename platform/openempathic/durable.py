"""Files that are complete and on the disk, or not there at all."""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import uuid4

UNFINISHED = ".put-"


def place(
    chunks: Iterable[bytes],
    to: Path,
    *,
    root: Path,
    if_absent: bool = False,
    check: Callable[[str], None] = lambda digest: None,
) -> tuple[int, str]:
    """Write a file so that it survives a power cut once this returns; answer its byte count and SHA-256.

    `check` may refuse the digest by raising. With `if_absent` exactly one of many writers wins, the others get
    FileExistsError. Whatever is raised, nothing of ours stays behind and an older file is untouched.
    """
    unfinished = to.parent / f"{UNFINISHED}{uuid4().hex}"
    try:
        byte_count, digest = _write(chunks, unfinished)
        check(digest)
        if if_absent:
            _claim_name(unfinished, to)
        else:
            os.replace(unfinished, to)
    finally:
        unfinished.unlink(missing_ok=True)
    _sync_folders(to.parent, root=root)
    return byte_count, digest


def link(path: Path, to: Path, *, root: Path) -> None:
    """Give a whole file another name on the same disk, durably and in one step; what had the name is replaced."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    unfinished = to.parent / f"{UNFINISHED}{uuid4().hex}"
    try:
        os.link(path, unfinished)
        os.replace(unfinished, to)
    finally:
        # Where both names are of one file already, replacing does nothing and leaves the other.
        unfinished.unlink(missing_ok=True)
    _sync_folders(to.parent, root=root)


def make_folder(folder: Path, *, root: Path) -> None:
    """Make the folder and those above it; a name made here is on the disk once `place` has returned."""
    if not root.exists():
        root.mkdir(parents=True, exist_ok=True)
        sync_folder(root.parent)
    folder.mkdir(parents=True, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Put the folder's list of names on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(chunks: Iterable[bytes], to: Path) -> tuple[int, str]:
    digest, byte_count = hashlib.sha256(), 0
    with to.open("xb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
            byte_count += len(chunk)
        file.flush()
        os.fsync(file.fileno())
    return byte_count, digest.hexdigest()


def _claim_name(unfinished: Path, to: Path) -> None:
    """Give the file its name where nobody has it; link(2) refuses a taken name, rename(2) would overwrite it."""
    try:
        os.link(unfinished, to)
    except FileExistsError:
        # The winner may not have come this far yet, and the loser may rely on what it was told is stored.
        sync_folder(to.parent)
        raise


def _sync_folders(folder: Path, *, root: Path) -> None:
    """Sync the folder and all above it up to the root.

    A writer that found a folder already made cannot know whether its maker has synced it yet, so all are; a folder
    without news costs next to nothing.
    """
    sync_folder(folder)
    while folder != root:
        folder = folder.parent
        sync_folder(folder)
