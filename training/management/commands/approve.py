"""manage.py approve: let the candidate that waits for a curator be published, or refuse it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from openempathic.accounts.models import Role, User
from training.gate import approval
from training.models import TrainingRun


class Command(BaseCommand):
    help = "Approve the candidate that waits for a curator, so that the next free trainer publishes it; or refuse it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who decides, and how."""
        parser.add_argument("--by", required=True, help="the e-mail address of the curator who decides it")
        parser.add_argument("--refuse", metavar="REASON", help="refuse it, and say why")

    def handle(self, *args: Any, **options: Any) -> None:
        """At most one run is active, so there is nothing to choose."""
        curator = User.objects.filter(email=options["by"].lower(), role=Role.CURATOR, is_active=True).first()
        if curator is None:
            raise CommandError(f"{options['by']} is no curator of this site")
        run = TrainingRun.objects.filter(approval=TrainingRun.Approval.WAITING, status="PUBLISHING").first()
        if run is None:
            raise CommandError("No run waits for approval.")
        try:
            if options["refuse"] is None:
                approval.approve(run, by=curator)
            else:
                approval.refuse(run, by=curator, reason=options["refuse"])
        except approval.NotApprovable as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Run {run.pk} is {run.get_approval_display().lower()}.")
