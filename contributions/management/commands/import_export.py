"""manage.py import_export: bring an archive that a contributor exported back into a site that has lost it."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contributions.leaving import homecoming
from openempathic import storage


class Command(BaseCommand):
    help = "Import an exported archive: consents and clips come back under their ids, without an account."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Where the archive lies."""
        parser.add_argument("file", type=Path, help="the zip that the page My voice gave")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import it whole, or say why not and keep no row of it."""
        try:
            came = homecoming.import_export(options["file"])
        except (homecoming.NotImportable, storage.StorageError) as reason:
            raise CommandError(str(reason)) from reason
        self.stdout.write(f"{came['clips']} clips and {came['consents']} consents came back")
