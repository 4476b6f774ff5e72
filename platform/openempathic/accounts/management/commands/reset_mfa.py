"""manage.py reset_mfa: the operator's help for somebody who lost their app and their recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from openempathic.accounts import second_factor
from openempathic.accounts.models import User


class Command(BaseCommand):
    help = "Take the second factor of one account, so that its owner can set up another one. Recorded in the log."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whose."""
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        """Take it, or say that there is no such account or nothing to take."""
        person = User.objects.filter(email__iexact=email).first()
        if person is None:
            raise CommandError(f"No account has the address {email}.")
        if not second_factor.reset(person):
            raise CommandError(f"{email} has no second factor.")
        self.stdout.write(f"{email} signs in with the password alone until a second factor is set up again.")
