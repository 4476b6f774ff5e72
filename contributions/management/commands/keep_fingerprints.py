"""manage.py keep_fingerprints: make the fingerprints of clips that were screened before there were any."""

from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand

from contributions.screening import backfill


class Command(BaseCommand):
    help = "Keep a fingerprint of every clip that has none; may be broken off and started again at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        """Each clip that is here twice, or could not be read, on a line of its own; the counts at the end."""
        told: Counter[str] = Counter()
        for kept in backfill.keep_missing():
            if kept.why_not:
                self.stdout.write(f"{kept.clip_id} could not be read: {kept.why_not}")
            elif kept.twin:
                self.stdout.write(f"{kept.clip_id} is like {kept.twin.clip.pk}: {kept.twin.kind}")
            told.update(["unread" if kept.why_not else "kept"] + ["alike"] * bool(kept.twin))
        self.stdout.write(f"{told['kept']} kept, {told['alike']} of them like another clip, {told['unread']} unread.")
