"""`manage.py back_up`: the database, the storage and the ledger, into a place that forgets after 30 days."""

import os
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from openempathic import storage
from openempathic.backups import ledger, making, newest, scheduling, sealed_keys
from openempathic.backups.faults import BackupFault
from openempathic.backups.places import Place


class Command(BaseCommand):
    """Makes one backup, or one every so often, or tells whether they are made."""

    help = "Back up the site to a folder or s3://bucket/prefix?endpoint=...; backups older than 30 days are erased."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, and what of it."""
        parser.add_argument("place", nargs="?", default=settings.BACKUP_URL, help="else OE_BACKUP_URL")
        one = parser.add_mutually_exclusive_group()
        one.add_argument("--ledger", action="store_true", help="copy only what was taken back since; takes a moment")
        one.add_argument("--schedule", action="store_true", help="go on for ever, every OE_BACKUP_HOURS")
        one.add_argument("--check", action="store_true", help="only tell whether backups are made; 1 if they are not")

    def handle(self, *args: Any, place: str, **options: Any) -> None:
        """Do it, and say what was done and what was not."""
        if options["check"]:
            check()
            return
        try:
            self.work(Place(place), **options)
        except (BackupFault, storage.StorageError, DatabaseError) as fault:
            raise CommandError(f"No backup was made. {fault}") from fault

    def work(self, place: Place, *, ledger: bool, schedule: bool, **options: Any) -> None:
        """One of the three."""
        if schedule:
            stopping = threading.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda _number, _frame: stopping.set())
            self.stdout.write(f"Backing up to {place} every {settings.BACKUP_HOURS:g} hours.")
            scheduling.keep_on(place, stopping, passphrase=passphrase())
        elif ledger:
            self.copy_ledger(place)
        else:
            self.make(place)

    def copy_ledger(self, place: Place) -> None:
        """What was taken back."""
        self.stdout.write(f"{place} knows of {ledger.copy(place)} things that were taken back.")

    def make(self, place: Place) -> None:
        """One backup; raises CommandError where something in the storage is damaged, though all else is safe."""
        word = passphrase()
        told = making.make(place, now=timezone.now(), passphrase=word)
        about = told["objects"]
        self.stdout.write(
            f"Backed up as {told['name']} at {place}: {sum(told['database']['rows'].values())} rows, {about['count']} "
            f"objects of {about['byte_count']} bytes, of which {about['copied']} were copied ({about['copied_bytes']} "
            f"bytes); {about['gone']} were taken back meanwhile, {about['mended']} had rotted there."
        )
        if word:
            self.stdout.write("The keys lie beside it under your passphrase: keep that elsewhere.")
        else:
            self.stdout.write(
                f"The keys are NOT in it, and nothing can be restored without them. They lie in {sealed_keys.where()}: "
                "keep a copy elsewhere, or set OE_BACKUP_PASSPHRASE to have them sealed beside the backup."
            )
        if about["damaged"]:
            raise CommandError(f"Damaged in the storage, and so not in this backup: {', '.join(about['damaged'])}")


def check() -> None:
    """Raise CommandError where the newest backup is too old."""
    age = newest.age_seconds(timezone.now())
    if age is None or newest.is_late(timezone.now()):
        since = "There is none yet" if age is None else f"The newest is {age / 3600:.1f} hours old"
        raise CommandError(f"No backup in time. {since}; there should be one every {settings.BACKUP_HOURS:g} hours.")


def passphrase() -> str:
    """What the keys are sealed with; without it they are not backed up."""
    return os.environ.get("OE_BACKUP_PASSPHRASE", "")
