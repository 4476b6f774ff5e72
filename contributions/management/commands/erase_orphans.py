"""manage.py erase_orphans: erase now what beat would erase within a day: bytes of uploads that were never kept."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contributions.leaving import orphans
from openempathic import storage


class Command(BaseCommand):
    help = "Erase what lies in storage without a row, and what writers that died left there."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """How old, and what only an operator can know."""
        parser.add_argument("--older-than-hours", type=float, default=orphans.OLD_SECONDS / 3600)
        parser.add_argument("--all-the-same", action="store_true", help="however many they are")

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase, and say how many."""
        try:
            count = orphans.erase_old(seconds=options["older_than_hours"] * 3600, is_sure=options["all_the_same"])
        except orphans.TooMany as many:
            raise CommandError(f"{many} If they may go: --all-the-same") from many
        except storage.StorageError as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(f"Erased: what {count} uploads left that were never kept.")
