"""`manage.py trainer`: one a GPU; it polls for due training runs and takes each to its end."""

import logging
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections

from openempathic import leases, storage
from training import publication, retraining, travelling

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
REPAIR_SECONDS = 60.0


class Command(BaseCommand):
    """Owns training runs, one at a time, until it is asked to stop."""

    help = "Work on due training runs: freeze, train, judge, publish."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Only one."""
        parser.add_argument("--once", action="store_true", help="make one attempt at one due run, if any, and end")

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        """Work until SIGTERM or SIGINT; the run in hand is then given back and resumed by the next trainer."""
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stopping.set())
        storage.verify_conditional_writes()
        retraining.tidy_ended()
        repair()
        if once:
            work(stopping)
        else:
            work_until(stopping)


def work_until(stopping: threading.Event) -> None:
    """Poll; now and then, when there is nothing to do, mend what a crash left between database and storage."""
    idle_seconds = 0.0
    while not stopping.is_set():
        if work(stopping):
            continue
        stopping.wait(POLL_SECONDS)
        idle_seconds += POLL_SECONDS
        if idle_seconds >= REPAIR_SECONDS:
            idle_seconds = 0.0
            repair()


def repair() -> None:
    """Finish what a dead trainer had begun to publish, and erase states of runs that have ended."""
    publication.repair()
    travelling.tidy()


def work(stopping: threading.Event) -> bool:
    """Take one due run as far as it goes; whether there was one. A database that is away is waited for."""
    close_old_connections()
    try:
        done = retraining.retrain_due(owner=leases.this_process("trainer"), is_stopping=stopping.is_set)
    except DatabaseError as fault:
        log.warning("The database does not answer: %s", fault)
        return False
    return done is not None
