"""manage.py screen_again: screen anew what the rules in force would no longer call unusable."""

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contributions.screening import foresight, rules
from openempathic.accounts.models import Role, User

AT_ONCE = 500


class Command(BaseCommand):
    help = "Send the clips that the rules in force would no longer call unusable to be screened again."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """In whose name."""
        parser.add_argument("--by", required=True, help="the e-mail address of the curator who decides it")

    def handle(self, *args: Any, **options: Any) -> None:
        """A few hundred at a time, each move in the log under the curator's name."""
        curator = User.objects.filter(email=options["by"].lower(), role=Role.CURATOR, is_active=True).first()
        if curator is None:
            raise CommandError(f"{options['by']} is no curator of this site")
        table, sent = rules.table(rules.current()), 0
        while some := foresight.screen_again(table, by=curator, at_most=AT_ONCE):
            sent += some
        self.stdout.write(f"{sent} clips are screened again.")
