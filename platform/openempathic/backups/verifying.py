"""Whether a backup is as it was written: every byte of it is read."""

from pathlib import Path
from typing import Any

from openempathic import storage
from openempathic.backups.faults import Broken
from openempathic.backups.index import Index
from openempathic.backups.places import Place, key_of_object


def verify(place: Place, name: str, *, folder: Path) -> dict[str, Any]:
    """The manifest of a backup of which everything is there as it was written; raises Broken, naming what is not."""
    told = place.manifest(name)
    faults = broken_files(place, told, folder=folder)
    if not (folder / told["index"]["file"]).exists():
        raise Broken(faults)
    index = Index(folder / told["index"]["file"])
    broken: dict[str, str] = {}
    for key, sha256, _byte_count in index.all():
        if sha256 not in broken:
            broken[sha256] = fault_of(place, sha256)
        if broken[sha256]:
            faults.append(f"{key}: {broken[sha256]}")
    index.close()
    if faults:
        raise Broken(faults)
    return told


def broken_files(place: Place, told: dict[str, Any], *, folder: Path) -> list[str]:
    """What is wrong with the files of the backup itself; those that are sound lie in the folder then."""
    faults: list[str] = []
    for part in ("database", "index"):
        try:
            place.fetch(told["name"], told[part], into=folder)
        except Broken as fault:
            faults += fault.names
            (folder / told[part]["file"]).unlink(missing_ok=True)
    return faults


def fault_of(place: Place, sha256: str) -> str:
    """What is wrong with the object, in words; empty for one that is as it was written."""
    try:
        for _chunk in place.store.chunks(key_of_object(sha256), sha256=sha256):
            pass
    except (storage.DigestMismatch, storage.NotStored) as fault:
        return str(fault).rstrip(".")
    return ""


def lacking(place: Place, index: Index) -> list[str]:
    """What a listing shows to be missing, or not to have its size: quick, and blind to a flipped bit."""
    index.tell_present(place.objects())
    return [f"{key}: {key_of_object(sha256)} is missing or cut" for key, sha256 in index.lacking()]
