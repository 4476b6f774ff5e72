"""manage.py end_licence: a corpus may be used no longer; it leaves every selection at once and every release soon."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contributions.leaving import withdrawal
from contributions.models import LicenceGrant


class Command(BaseCommand):
    help = "End a corpus's licence: no run and no release takes its clips any more, and those that did lose them."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which corpus."""
        parser.add_argument("corpus", help="the name under which it was imported")

    def handle(self, *args: Any, **options: Any) -> None:
        """End it, once."""
        grant = LicenceGrant.objects.filter(corpus=options["corpus"]).first()
        if grant is None:
            raise CommandError(f"There is no corpus {options['corpus']}.")
        withdrawal.end_licence(grant, by="operator")
        self.stdout.write(f"{grant} is used no longer; its clips leave the releases within minutes.")
