"""Room for what a backup or a restore is made of, and the promise that only one is at work."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection

from openempathic.backups.faults import AlreadyRunning

PREFIX = "backup-draft-"
# Any number that nobody else takes for a lock of the database.
LOCK = 0x6F65_6261


@contextmanager
def draft() -> Iterator[Path]:
    """A folder of our own, gone afterwards, on the disk that holds the site's other files; raises AlreadyRunning."""
    with alone():
        # A killed one's: there is nobody else at work.
        for left in settings.VAR.glob(f"{PREFIX}*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=PREFIX, dir=settings.VAR) as folder:
            yield Path(folder)


@contextmanager
def alone() -> Iterator[None]:
    """Hold a lock that ends with this process, however that ends."""
    with (settings.VAR / "backup.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning("Another backup or restore is at work here.") from None
        if connection.vendor == "postgresql":
            with among_machines():
                yield
        else:
            yield


@contextmanager
def among_machines() -> Iterator[None]:
    """The same among all machines of one database, by a session of its own."""
    import psycopg

    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as session:
        (is_ours,) = session.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone() or (False,)
        if not is_ours:
            raise AlreadyRunning("Another backup or restore of this site is at work on another machine.")
        yield
        # A session that broke meanwhile has lost the lock, and says so here.
        session.execute("SELECT 1")
