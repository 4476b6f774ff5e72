"""manage.py verify_receipt FILE: whether this site gave the receipt, as it is."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from contributions.consenting import receipts


class Command(BaseCommand):
    help = "Say what a receipt says if this site signed it as it is; refuse it, and exit 1, if it was edited."

    def add_arguments(self, parser: CommandParser) -> None:
        """The receipt."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each answer of a genuine receipt."""
        try:
            content = receipts.verify(options["file"].read_text(encoding="utf-8"))
        except receipts.NotAReceipt as refusal:
            raise CommandError(f"Refused: {refusal}") from None
        except (OSError, UnicodeDecodeError) as fault:
            raise CommandError(f"Cannot be read: {fault}") from None
        head = content["header"]
        self.stdout.write(f"Genuine: given at {head['issued_at']} to contributor {head['pii_principal_id']}.")
        for each in content["processing"]:
            answer = "allowed" if each["is_given"] else "not allowed"
            self.stdout.write(f"  {each['purpose']}: {answer}, words {each['text']['version']}")
