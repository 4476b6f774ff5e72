"""The workers' door: celery -A openempathic.celery worker."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "openempathic.settings")
app = Celery("openempathic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
