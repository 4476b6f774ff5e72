"""manage.py retract: a checkpoint never serves again, and is offered to nobody."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from openempathic.registry import champion
from training.model_pages import named


class Command(BaseCommand):
    help = "Retract a checkpoint for good; where it was champion, the newest sound one before it takes its place."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which, and why."""
        parser.add_argument("version", help="its version or number, as the page of models tells them")
        parser.add_argument("--reason", required=True, help="why; its public page says it")

    def handle(self, *args: Any, version: str, reason: str, **options: Any) -> None:
        """It cannot be undone: the same bytes are never published again."""
        try:
            holder = champion.retract(named(version), by="operator", reason=reason)
        except (champion.NotChanged, LookupError) as refusal:
            raise CommandError(str(refusal)) from refusal
        now = f"checkpoint {holder.number} ({holder.version})" if holder else "none; the seed head suggests, if it may"
        self.stdout.write(f"Retracted. Champion now: {now}.")
