"""manage.py rollback: the champion of before is champion again, at once."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from openempathic.registry import champion
from training.model_pages import named


class Command(BaseCommand):
    help = "Make the previous champion champion again; the one that serves now becomes previous."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Why, and to which where it is not the last."""
        parser.add_argument("--reason", required=True, help="why; everybody who reads the log reads it")
        parser.add_argument("--to", metavar="VERSION", help="another than the last champion, by version or number")

    def handle(self, *args: Any, reason: str, to: str | None, **options: Any) -> None:
        """Workers use it for the next clip, without a restart."""
        try:
            holder = champion.rollback(by="operator", reason=reason, to=named(to) if to else None)
        except (champion.NotChanged, LookupError) as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Checkpoint {holder.number} ({holder.version}) is champion again.")
