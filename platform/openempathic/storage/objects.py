"""What every store agrees on: an object, what can go wrong with it, and how its bytes are checked."""

import errno
import hashlib
import io
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 1 << 20


class StorageError(Exception):
    """Something could not be stored, read or erased."""


class BadKey(StorageError, ValueError):
    """The key is no plain relative path."""


class NotStored(StorageError):
    """There is no object of this key."""


class AlreadyStored(StorageError):
    """Another writer stored this key first, and we were asked not to overwrite it."""


class DigestMismatch(StorageError):
    """The bytes are not those whose SHA-256 was promised."""


class StorageFull(StorageError):
    """There is no room left."""


class StorageUnreachable(StorageError):
    """The store does not answer, refuses us, or broke off."""


class ConditionalWritesIgnored(StorageError):
    """The store overwrites where it was told not to, so two publishers could both win."""


class NoSignedAddress(StorageError):
    """A local folder has nobody who could honour a signed address."""


@dataclass(frozen=True)
class Stored:
    """What is known of an object; `sha256` is None where the store does not remember it."""

    key: str
    byte_count: int
    sha256: str | None = None


@dataclass(frozen=True)
class Listed:
    """What a listing tells of an object; `version` is another whenever the object was written anew."""

    key: str
    byte_count: int
    version: str


@contextmanager
def readable(source: bytes | Path | BinaryIO) -> Iterator[BinaryIO]:
    """The source as a file that may be read from its start as often as a retry needs."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, Path):
        with source.open("rb") as file:
            yield file
    elif source.seekable() and source.tell() == 0:
        yield source
    else:
        with disk_errors("the temporary copy"), tempfile.TemporaryFile() as file:
            for chunk in pieces(source):
                file.write(chunk)
            file.seek(0)
            yield file


def pieces(file: BinaryIO, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    while chunk := file.read(size):
        yield chunk


def check_digest(key: str, *, actual: str, expected: str | None) -> None:
    if expected and actual != expected.lower():
        raise DigestMismatch(f"{key}: expected SHA-256 {expected}, found {actual}.")


def verified(chunks: Iterable[bytes], *, key: str, expected: str | None) -> Iterator[bytes]:
    """Pass the chunks on, and raise after the last unless they had the digest that was expected, if any was."""
    if not expected:
        yield from chunks
        return
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
    check_digest(key, actual=digest.hexdigest(), expected=expected)


@contextmanager
def disk_errors(key: str) -> Iterator[None]:
    """Say in our words what the disk said."""
    try:
        yield
    except OSError as error:
        # EFBIG: the process may not write so large a file (ulimit -f).
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageFull(f"No room to store {key}: {error.strerror}.") from error
        raise StorageUnreachable(f"The disk failed on {key}: {error.strerror or error}.") from error
