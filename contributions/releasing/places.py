"""Where a release lies: below a prefix of storage, or in the folder of somebody who downloaded it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from openempathic import durable, storage

CHUNK_BYTES = 1 << 20


class NotWhole(Exception):
    """A file is not there, is no tar, or lacks a clip that the manifest promises."""


class Place(Protocol):
    """Where a release lies: a prefix of storage or a folder."""

    def read(self, name: str) -> bytes | None:
        """A small file, or None."""

    def opened(self, name: str) -> BinaryIO:
        """A large one; raises NotWhole when it is not there."""

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
        """A large file; raises NotWhole when it is not there."""
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
    """A release that somebody downloaded, or that is being written."""

    folder: Path

    def read(self, name: str) -> bytes | None:
        """A small file, or None."""
        path = self.folder / name
        return path.read_bytes() if path.exists() else None

    def opened(self, name: str) -> BinaryIO:
        """A large file; raises NotWhole when it is not there."""
        try:
            return (self.folder / name).open("rb")
        except FileNotFoundError as missing:
            raise NotWhole(f"{name} is not there") from missing

    def put(self, name: str, content: BinaryIO) -> None:
        """Replace the file in one step, durably."""
        durable.place(iter(lambda: content.read(CHUNK_BYTES), b""), self.folder / name, root=self.folder)

    def erase(self, name: str) -> None:
        """Take the file away."""
        (self.folder / name).unlink(missing_ok=True)


def lines(place: Place, name: str) -> Iterator[dict[str, Any]]:
    """Each line of the file as what it says, one in memory at a time; raises NotWhole where it cannot be read."""
    with place.opened(name) as file:
        try:
            yield from map(json.loads, file)
        except ValueError as fault:
            raise NotWhole(f"{name} has a line that cannot be read: {fault}") from fault
