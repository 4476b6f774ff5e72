"""manage.py apply_tombstones: take the clips of a tombstone feed out of a release that was downloaded."""

import argparse
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contributions.leaving import tombstones

TIMEOUT_SECONDS = 30


class Command(BaseCommand):
    help = "Take the clips that were withdrawn since out of a downloaded release; again does no harm."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which feed, and which release."""
        parser.add_argument("--feed", required=True, help="a file, or the address of a site's /tombstones.json")
        parser.add_argument("--release", type=Path, required=True, help="the folder with manifest.json and shards/")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the whole feed first, so that a page that cannot be read changes nothing."""
        try:
            told = tombstones.all_gone(options["feed"], document)
            gone = tombstones.apply(told, folder=options["release"])
        except (tombstones.NotAFeed, OSError) as fault:
            raise CommandError(str(fault)) from fault
        self.stdout.write(f"{len(gone)} clips are gone from this release.")


def document(address: str) -> bytes:
    """One page of the feed; raises OSError."""
    if not address.startswith(("https://", "http://")):
        return Path(address).read_bytes()
    with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  the scheme is checked above
        return bytes(answer.read())
