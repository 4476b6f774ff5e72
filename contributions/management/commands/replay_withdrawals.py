"""manage.py replay_withdrawals: after a backup was restored, take back again what was taken back since."""

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contributions.leaving import restoring, tombstones
from contributions.management.commands.apply_tombstones import document
from openempathic import signatures, storage

WORDS = {
    "clips": "clips withdrawn",
    "purposes": "purposes taken back",
    "licences": "licences ended",
    "accounts": "accounts deleted",
    "guests": "guests' codes ended",
    "strays": "purged clips whose sound was there again erased",
    "entries": "entries of the ledger written",
    "releases": "releases rewritten or erased",
}


class Command(BaseCommand):
    help = "Hold database and storage against the ledger of what was taken back; runs at every start, before serving."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """For when storage was restored too."""
        parser.add_argument("--feed", help="a copy of this site's own /tombstones.json, or its address")
        parser.add_argument("--thorough", action="store_true", help="look at the storage of every purged clip")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay, and say what was done; an error stops the start, since nothing may be served before."""
        try:
            feed = tombstones.all_gone(options["feed"], genuine) if options["feed"] else []
            done = restoring.replay(feed=feed, is_thorough=options["thorough"])
        except (tombstones.NotAFeed, OSError, storage.StorageError) as fault:
            raise CommandError(
                f"What was withdrawn could not be replayed, so nothing may be served: {fault}"
            ) from fault
        for name, count in done.items():
            self.stdout.write(f"Replayed: {count} {WORDS[name]}.")


def genuine(address: str) -> bytes:
    """One page that this site signed: a feed that anybody could write would withdraw anybody's clips."""
    page = document(address)
    try:
        signatures.verify(json.loads(page))
    except (ValueError, signatures.NotGenuine) as fault:
        raise tombstones.NotAFeed(str(fault)) from fault
    return page
