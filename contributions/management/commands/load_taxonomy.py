"""manage.py load_taxonomy: bring prompts and consent texts from their data files into the database."""

from typing import Any

from django.core.management.base import BaseCommand

from contributions.asking import catalogue


class Command(BaseCommand):
    help = "Load prompts and consent texts; safe to run at every start."

    def handle(self, *args: Any, **options: Any) -> None:
        """Add what is new, and change what may be changed."""
        prompts, texts = catalogue.load_prompts(), catalogue.load_consent_texts()
        self.stdout.write(f"{prompts} prompts offered, {texts} consent texts new")
