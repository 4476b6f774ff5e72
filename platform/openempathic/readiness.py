"""What a page needs before it can be served: a database that answers, its newest form, and a store that answers.

Each is asked in a thread of its own and given so long; one that hangs is not asked a second time beside itself. What is
missing is told by name and in a word, without addresses or keys.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from openempathic import storage

PATIENCE_SECONDS = 2.0
PROBE = "probe/readiness"


class NotReady(Exception):
    """What is missing, in a word."""


def missing() -> dict[str, str]:
    """What is not there, by name, and how it is not; empty when all is."""
    asked = {name: _ask(name, question) for name, question in QUESTIONS.items()}
    wait(asked.values(), timeout=PATIENCE_SECONDS)
    told = {name: _told(answer) for name, answer in asked.items()}
    return {name: word for name, word in told.items() if word}


def ask_database() -> None:
    """Raise where it does not answer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def ask_migrations() -> None:
    """Raise NotReady where this code's newest migrations have not been applied."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        applied = set(cursor.fetchall())
    if newest() - applied:
        raise NotReady("not applied")


@lru_cache(maxsize=1)
def newest() -> frozenset[tuple[str, str]]:
    """The last migration of each room, as the files say."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def ask_storage() -> None:
    """Raise where it does not answer, or where its folder cannot be written to."""
    address = urlsplit(settings.STORAGE_URL)
    if address.scheme == "file":
        folder = Path(unquote(address.path))
        # A fresh site has none yet, and makes it with the first clip.
        there = next(each for each in (folder, *folder.parents) if each.exists())
        if not os.access(there, os.W_OK | os.X_OK):
            raise NotReady("not writable")
    else:
        try:
            storage.stat(PROBE)
        except storage.NotStored:
            return


QUESTIONS: dict[str, Callable[[], None]] = {
    "database": ask_database,
    "migrations": ask_migrations,
    "storage": ask_storage,
}
_under_way: dict[str, Future[None]] = {}
_lock = threading.Lock()


def _ask(name: str, question: Callable[[], None]) -> "Future[None]":
    """The answer that is under way, or a new question."""
    with _lock:
        before = _under_way.get(name)
        if before is not None and not before.done():
            return before
        answer = _under_way[name] = Future()
    threading.Thread(target=_answer, args=(answer, question), name=f"ready-{name}", daemon=True).start()
    return answer


def _answer(answer: "Future[None]", question: Callable[[], None]) -> None:
    try:
        question()
    except Exception as fault:
        answer.set_exception(fault)
    else:
        answer.set_result(None)
    finally:
        connection.close()


def _told(answer: "Future[None]") -> str:
    """Nothing when it is there, else how it is not."""
    if not answer.done():
        return "no answer in time"
    fault = answer.exception()
    if fault is None:
        return ""
    return str(fault) if isinstance(fault, NotReady) else "no answer"
