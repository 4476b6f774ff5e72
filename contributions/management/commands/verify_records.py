"""manage.py verify_records: whether the log of acts and every consent are as they were written."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from contributions.consenting import verification
from openempathic.audit import sealing
from openempathic.audit.models import AuditSeal


class Command(BaseCommand):
    help = "Verify the seals of the log and every chain of consents; print what is broken, and exit 1 if anything is."

    def add_arguments(self, parser: CommandParser) -> None:
        """A seal's digest that was kept elsewhere."""
        parser.add_argument("--seal", metavar="DIGEST", help="a seal's digest, kept elsewhere, that must still stand")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what holds, what is broken, and what cannot be known yet."""
        broken = list(verification.broken())
        kept = options["seal"]
        if kept and not AuditSeal.objects.filter(sha256=kept).exists():
            broken.append(f"no seal has the digest {kept}: the log was cut off or sealed anew")
        for line in broken:
            self.stdout.write(f"BROKEN {line}")
        self.tell_what_is_not_known()
        if broken:
            raise CommandError(f"{len(broken)} records are not as they were written", returncode=1)
        self.stdout.write("Every seal and every chain of consents holds.")

    def tell_what_is_not_known(self) -> None:
        """The events under no seal yet, and the digest by which a cut at the end can be found later."""
        waiting = sealing.after_the_last_seal()
        if first := waiting.first():
            self.stdout.write(
                f"Not sealed yet: {waiting.count()} events from {first.at.isoformat()} on; "
                "a change to these cannot be found. A seal that was removed from the end looks the same."
            )
        if last := AuditSeal.objects.last():
            self.stdout.write(f"Last seal, of {last.sealed_at.isoformat()}; keep it elsewhere: {last.sha256}")
