"""`manage.py restore`: a backup into an empty site; what was taken back since is taken back again before it serves."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from openempathic import storage
from openempathic.backups import restoring
from openempathic.backups.faults import BackupFault
from openempathic.backups.places import Place


class Command(BaseCommand):
    """Restores while no process of the site is running."""

    help = "Restore the newest backup, or the one named. Stop every process of the site first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which, and over what."""
        parser.add_argument("place", nargs="?", default=settings.BACKUP_URL, help="else OE_BACKUP_URL")
        parser.add_argument("--name", default="", help="which backup; the newest unless told")
        parser.add_argument(
            "--over", action="store_true", help="replace the database and add to the storage that is here"
        )
        parser.add_argument("--partly", action="store_true", help="leave out what is damaged, and name it")
        parser.add_argument(
            "--feed", default="", help="a newer copy of this site's own /tombstones.json, or its address"
        )

    def handle(self, *args: Any, place: str, **options: Any) -> None:
        """Restore, and say what came back."""
        how = {name: options[name] for name in ("name", "over", "partly", "feed")}
        try:
            done = restoring.restore(Place(place), **how)
        except (BackupFault, storage.StorageError, DatabaseError) as fault:
            raise CommandError(f"Not restored. {fault}") from fault
        self.stdout.write(
            f"Restored {done.told['name']}: {sum(done.told['database']['rows'].values())} rows, {done.objects} objects "
            f"and {done.entries} words that were taken back since. The site may be started."
        )
        if done.broken:
            raise CommandError(f"Restored but for what is damaged in the backup: {'; '.join(done.broken)}")
