"""`manage.py restore_keys`: the site's keys from a backup, before anything else is restored."""

import getpass
import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from openempathic import storage
from openempathic.backups import sealed_keys
from openempathic.backups.faults import BackupFault
from openempathic.backups.places import Place


class Command(BaseCommand):
    """Writes the keys, for the next process to go by."""

    help = "Unseal the keys that lie beside the backups, with OE_BACKUP_PASSPHRASE, and write them into OE_VAR/keys."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where from."""
        parser.add_argument("place", nargs="?", default=settings.BACKUP_URL, help="else OE_BACKUP_URL")
        parser.add_argument("--print", action="store_true", help="only print them, for an environment such as .env")
        parser.add_argument("--over", action="store_true", help="put them in the place of other keys, kept as *.before")

    def handle(self, *args: Any, place: str, over: bool, **options: Any) -> None:
        """Unseal and write."""
        word = os.environ.get("OE_BACKUP_PASSPHRASE") or getpass.getpass("The passphrase of the keys: ")
        try:
            keys = sealed_keys.unseal(Place(place), word)
            if options["print"]:
                self.stdout.write("\n".join(f"{variable}={keys[file]}" for file, variable, _ in sealed_keys.KNOWN))
                return
            written = sealed_keys.bring_back(keys, over=over)
        except (BackupFault, storage.StorageError) as fault:
            raise CommandError(str(fault)) from fault
        told = ", ".join(str(path) for path in written)
        self.stdout.write(f"Written: {told}." if written else "This machine has these very keys already.")
