"""A place where backups lie: a folder or a bucket of its own, with keys of its own if need be."""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings

from openempathic import durable, signatures, storage
from openempathic.backups.faults import Broken, NoBackup, NoPlace

FORMAT = "openempathic-backup/1"
BACKUPS, OBJECTS, LEDGER, KEYS = "backups/", "objects/", "ledger/", "keys/sealed"
MANIFEST = "manifest.json"
MOMENT = "%Y%m%dT%H%M%SZ"


class Place:
    """Where backups lie, and which."""

    def __init__(self, word: str) -> None:
        self.url = as_url(word)
        check_apart(self.url, settings.STORAGE_URL)
        key_id = os.environ.get("OE_BACKUP_ACCESS_KEY_ID") or os.environ.get("AWS_ACCESS_KEY_ID")
        secret = os.environ.get("OE_BACKUP_SECRET_ACCESS_KEY") or os.environ.get("AWS_SECRET_ACCESS_KEY")
        self.store = storage.store_at(self.url, key_id=key_id, secret=secret)

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def prepare(self) -> None:
        """A folder that is made here is nobody else's business."""
        parts = urlsplit(self.url)
        folder = Path(unquote(parts.path))
        if parts.scheme == "file" and not folder.exists():
            folder.mkdir(mode=0o700, parents=True)
            durable.sync_folder(folder.parent)

    def files(self) -> dict[str, set[str]]:
        """The files of each backup, finished or not, by its name."""
        found: dict[str, set[str]] = {}
        for key in self.store.keys(BACKUPS):
            name, _, file = key.removeprefix(BACKUPS).partition("/")
            found.setdefault(name, set()).add(file)
        return found

    def names(self) -> list[str]:
        """The backups that have a manifest, the oldest first."""
        return sorted(name for name, files in self.files().items() if MANIFEST in files)

    def manifest(self, name: str = "") -> dict[str, Any]:
        """What this site wrote last into the backup of that name, or into the newest; raises NoBackup or Broken."""
        names = self.names()
        if not names or (name and name not in names):
            raise NoBackup(f"{self} holds no finished backup{f' called {name}' if name else ''}.")
        name = name or names[-1]
        try:
            content = signatures.verify(json.loads(self.read(key_of(name, MANIFEST))))
        except (ValueError, signatures.NotGenuine) as fault:
            raise Broken([f"{key_of(name, MANIFEST)}: {fault}"]) from fault
        if content.get("format") != FORMAT or content.get("name") != name:
            raise Broken([f"{key_of(name, MANIFEST)}: it is not the manifest of this backup"])
        return content

    def read(self, key: str) -> bytes:
        """The whole of a small file."""
        return b"".join(self.store.chunks(key, sha256=None))

    def fetch(self, name: str, about: dict[str, Any], *, into: Path) -> Path:
        """A copy of one file of the backup that the manifest tells about; raises Broken where it is not as written."""
        key, to = key_of(name, about["file"]), into / about["file"]
        try:
            with to.open("wb") as file:
                for chunk in self.store.chunks(key, sha256=about["sha256"]):
                    file.write(chunk)
        except (storage.DigestMismatch, storage.NotStored) as fault:
            raise Broken([str(fault).rstrip(".")]) from fault
        return to

    def put(self, name: str, file: Path) -> dict[str, Any]:
        """Keep a file of the backup; what the manifest shall tell about it."""
        with file.open("rb") as source:
            sha256 = hashlib.file_digest(source, "sha256").hexdigest()
            source.seek(0)
            stored = self.store.put(key_of(name, file.name), source, sha256=sha256, if_absent=False)
        return {"file": file.name, "sha256": sha256, "byte_count": stored.byte_count}

    def erase(self, name: str) -> None:
        """Erase the backup, its manifest first: what is half gone is none."""
        self.store.erase(key_of(name, MANIFEST))
        self.store.erase(key_of(name, ""))

    def objects(self) -> Iterator[tuple[str, int]]:
        """Digest and size of everything that backups share."""
        return ((entry.key.rpartition("/")[2], entry.byte_count) for entry in self.store.listed(OBJECTS))


def key_of(name: str, file: str) -> str:
    """Where a file of a backup lies."""
    return f"{BACKUPS}{name}/{file}"


def key_of_object(sha256: str) -> str:
    """Where the object of that digest lies."""
    return f"{OBJECTS}{sha256[:2]}/{sha256}"


def new_name(now: datetime) -> str:
    """A name that sorts by its moment; two of one second still differ."""
    return f"{now.astimezone(UTC):{MOMENT}}-{secrets.token_hex(3)}"


def begun_at(name: str) -> datetime:
    """The moment in a backup's name."""
    return datetime.strptime(name.partition("-")[0], MOMENT).replace(tzinfo=UTC)


def as_url(word: str) -> str:
    """An address as it stands, a folder by its address."""
    if not word:
        raise NoPlace("Say where backups lie: a folder, s3://bucket/prefix?endpoint=..., or OE_BACKUP_URL.")
    return word if "://" in word else Path(word).resolve().as_uri()


def check_apart(place: str, store: str) -> None:
    """Refuse a place inside the storage, which would back itself up, or around it."""
    here, there = parts_of(place), parts_of(store)
    if here[0] == there[0] and (here[1].startswith(there[1]) or there[1].startswith(here[1])):
        raise NoPlace("Backups must not lie inside the site's own storage, nor around it.")


def parts_of(url: str) -> tuple[tuple[str, str, str], str]:
    """Which disk or bucket an address means, and the path there with a slash at its end."""
    parts = urlsplit(url)
    return (parts.scheme, parts.netloc, parts.query), f"{unquote(parts.path).rstrip('/')}/"
