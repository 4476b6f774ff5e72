"""`manage.py verify_backup`: read every byte of a backup, and name what is not as it was written."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from openempathic import storage
from openempathic.backups import verifying
from openempathic.backups.drafts import draft
from openempathic.backups.faults import BackupFault
from openempathic.backups.places import Place


class Command(BaseCommand):
    """Reads, and changes nothing."""

    help = "Verify the newest backup at a place, or the one named; 1 if anything of it is damaged or missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which one."""
        parser.add_argument("place", nargs="?", default=settings.BACKUP_URL, help="else OE_BACKUP_URL")
        parser.add_argument("--name", default="", help="which backup; the newest unless told")
        parser.add_argument("--list", action="store_true", help="only name the backups that are there")

    def handle(self, *args: Any, place: str, name: str, **options: Any) -> None:
        """Say that it is whole, or what is not."""
        try:
            where = Place(place)
            if options["list"]:
                self.stdout.write("\n".join(where.names()))
                return
            with draft() as folder:
                told = verifying.verify(where, name, folder=folder)
        except (BackupFault, storage.StorageError) as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(f"{told['name']} is whole: its database and {told['objects']['count']} objects.")
