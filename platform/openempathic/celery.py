"""The workers' door: celery -A openempathic.celery worker."""

import os
from contextlib import ExitStack
from time import perf_counter
from typing import Any

from celery import Celery, signals

from openempathic import file_broker, logs, redis_broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openempathic.settings")


@signals.setup_logging.connect
def log_as_the_site_does(**_told: Any) -> None:
    """Keep Celery from setting up its own log: Django has read LOGGING already."""


file_broker.use()
redis_broker.use()
app = Celery("openempathic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


# What is under way in this process; a pool's child does one thing at a time.
_under_way = ExitStack()
_began: dict[str, float] = {}


@signals.celeryd_init.connect
def count_from_nothing(sender: str, **_told: Any) -> None:
    """Let the pool count in files of its own, before its children are made."""
    from django.conf import settings

    from openempathic.metrics import counting

    counting.count_as(f"worker-{sender}", var=settings.VAR)


@signals.task_prerun.connect
def begin(task_id: str, kwargs: dict[str, Any], **_told: Any) -> None:
    """Whatever the task logs is about it, and about the clip or run that its words name."""
    _under_way.close()
    ids = {name: kwargs.get(name) for name in ("clip_id", "run_id")}
    _under_way.enter_context(logs.about(task_id=task_id, **ids))
    _began[task_id] = perf_counter()


@signals.task_postrun.connect
def count(task_id: str, task: Any, state: str | None = None, **_told: Any) -> None:
    """One more task that ended, however it did."""
    from openempathic.metrics import tasks

    seconds = perf_counter() - _began.pop(task_id, perf_counter())
    tasks.count(task=task.name, state=state or "UNKNOWN", seconds=seconds)
    _under_way.close()
