"""Backups by themselves: one a day or so, and the ledger every few minutes."""

import logging
import threading
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from openempathic import storage
from openempathic.backups import ledger, making
from openempathic.backups.faults import BackupFault
from openempathic.backups.places import Place, begun_at

log = logging.getLogger(__name__)

# What was taken back since the last of these is what a lost site could forget.
LEDGER_SECONDS = 300.0


def keep_on(place: Place, stopping: threading.Event, *, passphrase: str = "") -> None:
    """Back up when it is due, copy the ledger in between, and go on whatever fails, until told to stop."""
    while not stopping.is_set():
        close_old_connections()
        try:
            turn(place, now=timezone.now(), passphrase=passphrase)
        except (BackupFault, storage.StorageError, DatabaseError, OSError) as fault:
            log.error("No backup this time; tried again in %g s: %s", LEDGER_SECONDS, fault)
        stopping.wait(LEDGER_SECONDS)


def turn(place: Place, *, now: datetime, passphrase: str = "") -> bool:
    """Make a backup if one is due, else copy the ledger; whether one was made."""
    names = place.names()
    if names and now - begun_at(names[-1]) < timedelta(hours=settings.BACKUP_HOURS):
        ledger.copy(place)
        return False
    told = making.make(place, now=now, passphrase=passphrase)
    log.info(
        "Backed up as %s: %d objects, %d copied", told["name"], told["objects"]["count"], told["objects"]["copied"]
    )
    return True
