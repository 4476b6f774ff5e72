"""What a place forgets: backups after their days, and with the last backup that held it every object.

The promise to people is that backups are gone after BACKUP_DAYS. A backup goes a day before, so that a nightly run
which comes late still keeps it. An object is shared: it stays while a backup holds it. So the sound of a clip that was
purged is in no backup made after that, and goes with the last one made before: within the same days. What a killed run
copied for a backup that never came about serves its successor, and goes with the first that is finished, or its days.
"""

import logging
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from openempathic.backups.faults import Broken
from openempathic.backups.index import Index
from openempathic.backups.places import MANIFEST, OBJECTS, Place, begun_at, key_of_object

log = logging.getLogger(__name__)

LATE_RUN = timedelta(days=1)


def expire(place: Place, *, now: datetime, folder: Path) -> list[str]:
    """Erase every backup that is too old, finished or not, and before it what only such held; their names.

    Raises Broken where no backup there is this site's own: then nothing there is ours to erase.
    """
    files = place.files()
    old = [name for name in sorted(files) if now - begun_at(name) > timedelta(days=settings.BACKUP_DAYS) - LATE_RUN]
    if not old:
        return []
    kept = [name for name in sorted(files) if name not in old and MANIFEST in files[name]]
    base, path = newest_index(place, folder=folder)
    if path and base in kept:
        sweep(place, path, oldest_name=kept[0])
    else:
        place.store.erase(OBJECTS)
    for name in old:
        place.erase(name)
    log.info("Erased at %s, being too old: %s", place, ", ".join(old))
    return old


def tidy(place: Place, index: Path) -> None:
    """Once the newest backup is finished, erase what is left of those that were not, and what none holds."""
    files = place.files()
    for name in sorted(files):
        if MANIFEST not in files[name]:
            place.erase(name)
    sweep(place, index, oldest_name=min(name for name in files if MANIFEST in files[name]))


def sweep(place: Place, path: Path, *, oldest_name: str) -> int:
    """Erase the objects that no backup from `oldest_name` on holds, as the newest index tells; how many."""
    index = Index(path)
    index.tell_present(place.objects())
    unwanted = list(index.unwanted(oldest_name=oldest_name))
    index.close()
    for sha256 in unwanted:
        place.store.erase(key_of_object(sha256))
    return len(unwanted)


def newest_index(place: Place, *, folder: Path) -> tuple[str, Path | None]:
    """The index of the newest backup that is whole in this, and its name; nothing where there is no backup at all.

    Raises Broken where there are backups and not one of them can be read as this site's own.
    """
    faults: list[str] = []
    for name in reversed(place.names()):
        within = folder / name
        within.mkdir(exist_ok=True)
        try:
            return name, place.fetch(name, place.manifest(name)["index"], into=within)
        except Broken as fault:
            log.error("The backup %s cannot be built upon: %s", name, fault)
            faults += fault.names
    if faults:
        raise Broken([*faults, "so nothing there is touched: choose another place, or name the key that signed before"])
    return "", None
