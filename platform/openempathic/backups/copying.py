"""The storage, into a place: what it has under its digest already is not read again."""

import hashlib
import io
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from openempathic import storage
from openempathic.backups import expiry
from openempathic.backups.index import NAME, Index, Row
from openempathic.backups.places import Place, key_of_object

log = logging.getLogger(__name__)

# Objects are many and small: what takes time is to wait for answers.
AT_ONCE = 8
BATCH = 500
# Up to here an object is held in memory, above it goes through a file.
IN_MEMORY_BYTES = 8 << 20
# Each object of a place is read again once in so many days: what has rotted there is copied anew, while it can be.
LOOK_DAYS = 28


@dataclass(frozen=True)
class Taken:
    """One object as it was read: what the index shall know of it, and whether the place lacked it."""

    row: Row
    is_new: bool


class Copying:
    """One walk over the storage, and the index that it makes."""

    def __init__(self, place: Place, *, folder: Path, now: datetime) -> None:
        self.place, self.folder, self.now = place, folder, now
        self.index = Index(folder / NAME)
        # Erased while the copy ran: taken back meanwhile, as the ledger says.
        self.gone = 0
        # Not what the store itself remembers: named, and left out.
        self.damaged: list[str] = []
        self.copied = self.copied_bytes = 0

    def run(self) -> dict[str, Any]:
        """Copy what the place lacks, and sum up what this backup holds."""
        self.index.tell_present(self.place.objects())
        mended = self.look_again()
        earlier_name, path = expiry.newest_index(self.place, folder=self.folder)
        earlier = Index(path) if path else None
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for batch in batches(storage.listed("")):
                known, new = self.told_apart(batch, earlier)
                taken = [each for each in pool.map(self.take, new) if each is not None]
                self.index.keep([*known, *(each.row for each in taken)])
                self.copied += sum(each.is_new for each in taken)
                self.copied_bytes += sum(each.row.byte_count for each in taken if each.is_new)
        if earlier and path:
            earlier.close()
            self.index.let_leave(path, earlier_name=earlier_name, oldest_name=self.place.names()[0])
        return self.summed_up() | {"mended": mended}

    def summed_up(self) -> dict[str, Any]:
        """What the manifest tells of the objects."""
        count, byte_count = self.index.totals()
        self.index.close()
        return {
            "count": count,
            "byte_count": byte_count,
            "copied": self.copied,
            "copied_bytes": self.copied_bytes,
            "gone": self.gone,
            "damaged": sorted(self.damaged),
        }

    def look_again(self) -> int:
        """Read a share of the objects at the place; those that are not as they were written are erased, and counted."""
        broken = [sha256 for sha256 in self.index.due_for_a_look(self.now, LOOK_DAYS) if not self.is_sound(sha256)]
        for sha256 in broken:
            log.error("Damaged at %s, to be copied anew where the storage still has it: %s", self.place, sha256)
            self.place.store.erase(key_of_object(sha256))
            self.index.forget_present(sha256)
        return len(broken)

    def is_sound(self, sha256: str) -> bool:
        """Whether the place still has these very bytes."""
        try:
            for _chunk in self.place.store.chunks(key_of_object(sha256), sha256=sha256):
                pass
        except (storage.DigestMismatch, storage.NotStored):
            return False
        return True

    def told_apart(self, batch: list[storage.Listed], earlier: Index | None) -> tuple[list[Row], list[storage.Listed]]:
        """What is there in this very version, and what must be read."""
        known, new = [], []
        for each in batch:
            sha256 = earlier.known(each.key, each.byte_count, each.version) if earlier else None
            if sha256 and self.index.is_present(sha256, each.byte_count):
                known.append(Row(each.key, sha256, each.byte_count, each.version))
            else:
                new.append(each)
        return known, new

    def take(self, each: storage.Listed) -> Taken | None:
        """Read one object and put it under its digest; None where there is none to put, which is counted."""
        passing = self.folder / f"passing-{uuid4().hex}"
        try:
            if each.byte_count <= IN_MEMORY_BYTES:
                return self.put(each, io.BytesIO(storage.read(each.key)))
            with storage.fetch(each.key, passing).open("rb") as file:
                return self.put(each, file)
        except storage.NotStored:
            self.gone += 1
        except storage.DigestMismatch as fault:
            log.error("Not backed up, since it is damaged in the storage: %s", fault)
            self.damaged.append(each.key)
        finally:
            passing.unlink(missing_ok=True)
        return None

    def put(self, each: storage.Listed, file: Any) -> Taken:
        """Put what was read, unless the place has it."""
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        byte_count = file.seek(0, io.SEEK_END)
        file.seek(0)
        row = Row(each.key, sha256, byte_count, each.version)
        if self.index.is_present(sha256, byte_count):
            return Taken(row, is_new=False)
        self.place.store.put(key_of_object(sha256), file, sha256=sha256, if_absent=False)
        return Taken(row, is_new=True)


def batches(listed: Iterable[storage.Listed]) -> Iterator[list[storage.Listed]]:
    """The listing, so many at a time."""
    every = iter(listed)
    while batch := list(islice(every, BATCH)):
        yield batch
