"""Bytes that outlive the process: one API over a local folder or an S3 bucket, with the same promises.

`STORAGE_URL` chooses: `file:///absolute/folder`, or
`s3://bucket/prefix?endpoint=https://host:port&region=name&checksums=when_required`, the last for stores that do not
know SHA-256 checksums (they get Content-MD5 instead). Keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.

When `put` returns, the bytes are durable: in a folder the file, its name and every folder above it are fsynced; in a
bucket the store has acknowledged them against a digest. Readers see an object whole or not at all. What we do not know:
whether the disk, or the store, tells the truth. A bucket must not keep versions, or what is erased stays there.
"""

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from django.conf import settings

from openempathic import durable
from openempathic.storage.folder import Folder
from openempathic.storage.objects import (
    AlreadyStored,
    BadKey,
    ConditionalWritesIgnored,
    DigestMismatch,
    Listed,
    NoSignedAddress,
    NotStored,
    StorageError,
    StorageFull,
    StorageUnreachable,
    Stored,
    disk_errors,
    readable,
)
from openempathic.storage.s3 import Bucket

__all__ = [
    "AWAY",
    "AlreadyStored",
    "BadKey",
    "ConditionalWritesIgnored",
    "DigestMismatch",
    "Listed",
    "NoSignedAddress",
    "NotStored",
    "StorageError",
    "StorageFull",
    "StorageUnreachable",
    "Stored",
    "adopt",
    "ages",
    "erase",
    "erase_unfinished",
    "fetch",
    "keys",
    "listed",
    "open",
    "put",
    "read",
    "signed_url",
    "stat",
    "store_at",
    "verify_conditional_writes",
]

# What says nothing against the object: the same may go well in a minute.
AWAY = (StorageUnreachable, StorageFull)


def put(key: str, source: bytes | Path | BinaryIO, *, sha256: str | None = None, if_absent: bool = False) -> Stored:
    """Store the bytes durably under the key, or raise and leave what was there before.

    Bytes of another digest than `sha256` (hex) raise DigestMismatch; with `if_absent` one of many writers wins and the
    others get AlreadyStored.
    """
    with readable(source) as file:
        return _store().put(_checked(key), file, sha256=sha256, if_absent=if_absent)


def adopt(key: str, path: Path, *, sha256: str) -> Stored:
    """Store a file that has this digest and that nobody will change any more; it may stay where it is as well.

    A folder on the same disk takes the file itself, under a second name, and copies nothing; other stores put it.
    """
    return _store().adopt(_checked(key), path, sha256=sha256)


def open(key: str) -> BinaryIO:
    """Open the object for reading and seeking; only what is read is transferred."""
    return _store().open(_checked(key))


def read(key: str, *, sha256: str | None = None) -> bytes:
    """The whole object in memory, checked against the digest that is given, or remembered by the store."""
    return b"".join(_store().chunks(_checked(key), sha256=sha256))


def fetch(key: str, to: Path, *, sha256: str | None = None) -> Path:
    """Copy the whole object, checked as by `read`, into a local file that appears complete or not at all."""
    chunks = _store().chunks(_checked(key), sha256=sha256)
    with disk_errors(key):
        durable.place(chunks, to, root=to.parent)
    return to


def stat(key: str) -> Stored:
    """The size of the object, without its bytes."""
    return _store().stat(_checked(key))


def keys(prefix: str) -> Iterator[str]:
    """Every key that begins with the prefix, in no promised order: stores differ."""
    return _store().keys(_checked_prefix(prefix))


def listed(prefix: str) -> Iterator[Listed]:
    """Every object whose key begins with the prefix: its size, and a version that tells whether it was written anew."""
    return _store().listed(_checked_prefix(prefix))


def ages(prefix: str) -> Iterator[tuple[str, float]]:
    """Every key that begins with the prefix, and how many seconds ago it was put, by the store's own clock.

    The keys of one folder come one after the other.
    """
    return _store().ages(_checked_prefix(prefix))


def erase(prefix: str) -> int:
    """Erase all objects whose key begins with the prefix, and what unfinished writers left there; how many objects."""
    if not prefix:
        raise BadKey("An empty prefix would erase the whole store.")
    return _store().erase(_checked_prefix(prefix))


def erase_unfinished(prefix: str, *, older_than_seconds: float = 0) -> None:
    """Erase only what writers that died left under the prefix, which no listing tells of; the objects stay.

    Younger leavings are spared: their writer may live.
    """
    _store().erase_unfinished(_checked_prefix(prefix), older_than_seconds=older_than_seconds)


def signed_url(key: str, *, seconds: int) -> str:
    """An address at which anyone may read the object for this long; a local folder raises NoSignedAddress."""
    return _store().signed_url(_checked(key), seconds=seconds)


def verify_conditional_writes() -> None:
    """Refuse a store that ignores `if_absent`: a publication would not know who won."""
    key = f"probe/{uuid4()}"
    put(key, b"first", if_absent=True)
    try:
        put(key, b"second", if_absent=True)
    except AlreadyStored:
        return
    finally:
        erase(key)
    raise ConditionalWritesIgnored(
        "The store ignores If-None-Match, so no training run may publish there: choose another."
    )


def store_at(url: str, *, key_id: str | None = None, secret: str | None = None) -> "Folder | Bucket":
    """Another store than the site's own, such as a backup lies in; give it no key of a stranger."""
    return _opened(url, os.getpid(), key_id, secret)


def _store() -> "Folder | Bucket":
    """The store that the settings name at this moment."""
    # A connection pool must not cross a fork (Celery's worker children), so the process is part of the cache key.
    key_id, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    return _opened(settings.STORAGE_URL, os.getpid(), key_id, secret)


@lru_cache(maxsize=4)
def _opened(url: str, process: int, key_id: str | None, secret: str | None) -> "Folder | Bucket":
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
        return Folder(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        return Bucket(parts, key_id=key_id, secret=secret)
    raise StorageError("STORAGE_URL must look like file:///absolute/folder or s3://bucket/prefix?endpoint=https://host")


def _checked(key: str) -> str:
    parts = key.split("/")
    if "\0" in key or any(part in ("", ".", "..") or part.startswith(durable.UNFINISHED) for part in parts):
        raise BadKey(f"{key!r} is no key: a key is a relative path without empty, '.' or '..' parts.")
    return key


def _checked_prefix(prefix: str) -> str:
    if prefix:
        _checked(prefix.removesuffix("/"))
    return prefix
