"""manage.py demo: turn the whole loop once, on a real corpus, and print what came of it."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from training import demonstration
from training.corpora.polish_speech_emotions import NotFetched


class Command(BaseCommand):
    help = "Import, screen, freeze, train, publish and suggest on Polish Speech Emotions; print a table."

    def handle(self, *args: Any, **options: Any) -> None:
        """Everything lies in the site's var folder; a demo that was stopped can be started again."""
        folder = settings.VAR / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            report = demonstration.demonstrate(folder, say=self.stdout.write)
        except (demonstration.Stalled, NotFetched) as reason:
            raise CommandError(str(reason)) from reason
        self.stdout.write("\n" + report.table())
