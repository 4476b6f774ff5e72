"""`manage.py ear`: hears the clips that visitors of the page try CLARA with, and keeps none."""

import logging
import signal
import threading
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from contributions.listening import seed
from contributions.trying import asking, ear
from contributions.trying.refusals import NoModel, NotHeard

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """Listens until it is asked to stop; the model is loaded for the first clip."""

    help = "Listen to the clips that the page /try/ hands over; keeps nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """To look only, and not to wait."""
        parser.add_argument("--check", action="store_true", help="only ask whether the ear answers; 1 if it does not")
        parser.add_argument("--eager", action="store_true", help="load the model now, and not for the first clip")

    def handle(self, *args: Any, check: bool, eager: bool, **options: Any) -> None:
        """Listen until SIGTERM or SIGINT."""
        if check:
            is_answering()
            return
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stopping.set())
        if not settings.TRY_PAGE:
            log.info("The page for trying CLARA is switched off: the ear hears nobody")
            stopping.wait()
            return
        # A fresh site answers at once, and not only after its first sweep.
        seed.plant()
        hearing = ear.Ear()
        if eager:
            with suppress(NoModel):
                hearing.suggester.now()
        try:
            hearing.listen_until(stopping)
        except (ear.AnotherEar, OSError) as fault:
            raise CommandError(str(fault)) from fault


def is_answering() -> None:
    """Raise CommandError where nobody answers; an ear that is busy does."""
    if not settings.TRY_PAGE:
        return
    try:
        asking.knock(visitor="")
    except NotHeard as refusal:
        if refusal.code != "busy":
            raise CommandError(f"The ear does not answer: {refusal.code}") from refusal
