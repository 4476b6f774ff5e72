"""A checkpoint's files on this machine: brought from storage, and believed once digests and signature fit."""

import hashlib
from pathlib import Path

from openempathic import durable, storage
from openempathic.registry.manifests import BESIDE, MANIFEST, manifest_of
from openempathic.registry.models import Checkpoint
from openempathic.registry.signing import SIGNATURE, NotSigned, verify

# What may be over in a moment, and says nothing against the checkpoint.
PASSING = (storage.StorageUnreachable, storage.StorageFull)


class NotFetchable(Exception):
    """The checkpoint's files cannot be had now."""


class Unsound(NotFetchable):
    """The checkpoint's files are missing, or differ from what was published, or nobody here signed them."""


def fetch(checkpoint: Checkpoint, *, into: Path) -> Path:
    """Bring the checkpoint's files to this machine, verified; raises Unsound, or NotFetchable where storage is away.

    A process verifies what it finds once, and mends it from storage; its second call is free.
    """
    folder = into / checkpoint.digest
    if folder in _verified and all((folder / name).exists() for name in (*checkpoint.files, *BESIDE)):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, digest in checkpoint.files.items():
        here = folder / name
        if not (here.exists() and sha256_of(here) == digest):
            bring(checkpoint, name, here, sha256=digest)
    bring_beside(checkpoint, folder)
    try:
        verify(folder, [*checkpoint.files, MANIFEST])
    except NotSigned as error:
        raise Unsound(f"checkpoint {checkpoint.version}: {error}") from error
    _verified.add(folder)
    return folder


# Folders whose every file this process has compared with what was published.
_verified: set[Path] = set()


def bring(checkpoint: Checkpoint, name: str, here: Path, *, sha256: str | None = None) -> None:
    """Fetch one file, or raise why not."""
    try:
        storage.fetch(f"{checkpoint.prefix}/{name}", here, sha256=sha256)
    except PASSING as error:
        raise NotFetchable(f"{name} of checkpoint {checkpoint.version}: {error}") from error
    except storage.DigestMismatch as error:
        raise Unsound(f"{name} of checkpoint {checkpoint.version} is not what was published") from error
    except storage.StorageError as error:
        raise Unsound(f"{name} of checkpoint {checkpoint.version}: {error}") from error


def bring_beside(checkpoint: Checkpoint, folder: Path) -> None:
    """Fetch manifest and signature as everybody reads them.

    Between the crown and the announcement they are not in storage yet, and the row says what they will be.
    """
    for name, ours in ((MANIFEST, manifest_of(checkpoint)), (SIGNATURE, checkpoint.signature.encode())):
        here = folder / name
        try:
            bring(checkpoint, name, here)
        except Unsound as error:
            if not isinstance(error.__cause__, storage.NotStored):
                raise
            if not ours:
                raise Unsound(f"checkpoint {checkpoint.version}: nobody signed it") from error
            # In one step, as storage does it: the workers of a machine share the folder.
            durable.place([ours], here, root=folder)
    if (folder / MANIFEST).read_bytes() != manifest_of(checkpoint):
        raise Unsound(f"{MANIFEST} of checkpoint {checkpoint.version} is not what was published")


def sha256_of(path: Path) -> str:
    """The file's digest, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
