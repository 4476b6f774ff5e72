"""The way back: a backup into an empty site, or over one, and what was taken back since is taken back again.

Storage first, then the database, so that a restore which is killed leaves no row that names bytes which are not there.
Then the wiring's own words, as at every start: migrations, and the replay of withdrawals before anybody is served.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.management import call_command
from django.db import connection

from openempathic import storage
from openempathic.backups import databases, ledger, sealed_keys, verifying
from openempathic.backups.copying import AT_ONCE, BATCH, IN_MEMORY_BYTES
from openempathic.backups.drafts import draft
from openempathic.backups.faults import BackupFault, Broken, NotEmpty, OtherKeys
from openempathic.backups.index import Index
from openempathic.backups.places import Place, key_of_object


class NotAsBefore(BackupFault):
    """What was restored is not what was backed up."""


@dataclass(frozen=True)
class Restored:
    """What came back, and what could not."""

    told: dict[str, Any]
    objects: int
    entries: int
    # Named by their keys in the storage; only where a restore of the sound part was asked for.
    broken: list[str]


def restore(place: Place, *, name: str = "", over: bool = False, partly: bool = False, feed: str = "") -> Restored:
    """Restore the backup of that name, or the newest.

    What can be checked is, before anything is written. With `over` the target need not be empty, with `partly` damaged
    objects are left out, and named. Raises BackupFault or StorageError.
    """
    with draft() as folder:
        told = place.manifest(name)
        check_target(told, over=over)
        if faults := verifying.broken_files(place, told, folder=folder):
            raise Broken(faults)
        index = Index(folder / told["index"]["file"])
        if (faults := verifying.lacking(place, index)) and not partly:
            raise Broken(faults)
        objects, broken = put_back(place, index, folder=folder, partly=partly)
        index.close()
        entries = ledger.bring_back(place)
        databases.load(folder / told["database"]["file"], over=over)
    check_rows(told)
    call_command("migrate", interactive=False, verbosity=0)
    call_command("replay_withdrawals", **({"feed": feed} if feed else {}))
    return Restored(told, objects, entries, broken)


def check_target(told: dict[str, Any], *, over: bool) -> None:
    """Refuse other keys, another kind of database, and a target that is in use."""
    if told["keys"] != sealed_keys.fingerprint():
        raise OtherKeys(
            "This machine has another signing key than the site that was backed up: codes, pseudonyms and second "
            f"factors would be lost. Put the right keys into {sealed_keys.where()}, or call restore_keys."
        )
    if told["database"]["vendor"] != connection.vendor:
        raise NotEmpty(f"The backup is of {told['database']['vendor']}, and this site uses {connection.vendor}.")
    if over:
        return
    if not databases.is_empty():
        raise NotEmpty("This site's database is not empty. Stop every process of the site; then --over replaces it.")
    if next(iter(storage.keys("")), None) is not None:
        raise NotEmpty("This site's storage is not empty. With --over what lies there stays, but for what is restored.")


def put_back(place: Place, index: Index, *, folder: Path, partly: bool) -> tuple[int, list[str]]:
    """Put every object under its key, each verified; how many, and which were damaged."""
    count, broken = 0, []

    def put(row: tuple[str, str, int]) -> str:
        return put_one(place, *row, folder=folder)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for some in pieces(index.all()):
            faults = [fault for fault in pool.map(put, some) if fault]
            if faults and not partly:
                raise Broken(faults)
            broken += faults
            count += len(some) - len(faults)
    return count, broken


def put_one(place: Place, key: str, sha256: str, byte_count: int, *, folder: Path) -> str:
    """Put one object under its key; what is wrong with it, if anything."""
    passing = folder / f"passing-{uuid4().hex}"
    chunks = place.store.chunks(key_of_object(sha256), sha256=sha256)
    try:
        if byte_count <= IN_MEMORY_BYTES:
            storage.put(key, b"".join(chunks), sha256=sha256)
        else:
            with passing.open("wb") as file:
                file.writelines(chunks)
            storage.put(key, passing, sha256=sha256)
    except (storage.DigestMismatch, storage.NotStored) as fault:
        return f"{key}: {str(fault).rstrip('.')}"
    finally:
        passing.unlink(missing_ok=True)
    return ""


def pieces(rows: Iterator[tuple[str, str, int]]) -> Iterator[list[tuple[str, str, int]]]:
    """The rows, so many at a time."""
    while some := list(islice(rows, BATCH)):
        yield some


def check_rows(told: dict[str, Any]) -> None:
    """Refuse to go on where a table has not as many rows as were backed up."""
    was, now = told["database"]["rows"], databases.counted()
    different = [f"{table}: {was[table]}, now {now.get(table)}" for table in was if was[table] != now.get(table)]
    if different:
        raise NotAsBefore(f"The database did not come back whole: {', '.join(different)}.")
