"""manage.py import_corpus: a folder of sound with a table of labels, under a licence."""

import argparse
import hashlib
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contributions import corpora
from contributions.models import Clip, LicenceGrant, Purpose


class Command(BaseCommand):
    help = "Import a licensed corpus: its clips are screened like any other, its labels are kept as annotations."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """What the corpus is and where it lies."""
        parser.add_argument("corpus", help="a short name, such as polish-speech-emotions")
        parser.add_argument("--folder", type=Path, required=True, help="the folder that holds the sound")
        parser.add_argument("--labels", type=Path, required=True, help="a TSV: path, speaker, emotion, language ...")
        parser.add_argument("--split", type=Path, help="a TSV: speaker, split (train, dev, test); frozen")
        parser.add_argument("--licence", required=True, help="an SPDX name, such as CC-BY-4.0")
        parser.add_argument("--source", required=True, help="where it came from: a DOI or an address")
        parser.add_argument("--non-commercial", action="store_true", help="the licence forbids commercial use")
        parser.add_argument("--wait", type=float, default=0, help="seconds to wait for the workers, then accept")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check the whole table first, so that a wrong line takes nothing in."""
        try:
            lines = corpora.read_table(options["labels"], folder=options["folder"])
            sides = corpora.read_split(options["split"]) if options["split"] else {}
            permission = corpora.grant(
                options["corpus"],
                licence=options["licence"],
                source=options["source"],
                source_sha256=hashlib.sha256(options["labels"].read_bytes()).hexdigest(),
                purposes=[Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS],
                commercial=not options["non_commercial"],
            )
        except (corpora.NotImportable, OSError) as reason:
            raise CommandError(str(reason)) from reason
        new = sum(corpora.import_lines(lines, folder=options["folder"], permission=permission, sides=sides))
        self.stdout.write(f"{new} clips taken in, {len(lines) - new} were here already")
        self.accept(permission, seconds=options["wait"])

    def accept(self, permission: LicenceGrant, *, seconds: float) -> None:
        """Accept what screening has passed, waiting for the workers as long as was asked."""
        until = time.monotonic() + seconds
        accepted = corpora.accept_annotated(permission)
        while time.monotonic() < until and Clip.objects.filter(licence=permission, status="STORED").exists():
            time.sleep(1)
            accepted += corpora.accept_annotated(permission)
        # The last one may have passed between the look above and the question whether any still waits.
        accepted += corpora.accept_annotated(permission)
        waiting = Clip.objects.filter(licence=permission, status=Clip.Status.STORED).count()
        self.stdout.write(f"{accepted} clips accepted, {waiting} still wait for screening")
