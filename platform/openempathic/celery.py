"""The workers' door: celery -A openempathic.celery worker."""

import os
from typing import Any

from celery import Celery, signals

from openempathic import file_broker, redis_broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openempathic.settings")


@signals.setup_logging.connect
def log_as_the_site_does(**_told: Any) -> None:
    """Keep Celery from setting up its own log: Django has read LOGGING already."""


file_broker.use()
redis_broker.use()
app = Celery("openempathic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
