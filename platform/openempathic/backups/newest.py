"""How old the newest backup is: for the metrics, and for whoever asks whether backups are still made."""

from datetime import datetime, timedelta

from django.conf import settings

from openempathic.backups.models import Backup


def age_seconds(now: datetime) -> float | None:
    """How far back a restore would lead at worst; None where no backup was ever finished."""
    newest = Backup.objects.order_by("-begun_at").values_list("begun_at", flat=True).first()
    return None if newest is None else (now - newest).total_seconds()


def is_late(now: datetime) -> bool:
    """Whether the newest backup is twice as old as it should ever be, or there is none."""
    age = age_seconds(now)
    return age is None or age > 2 * timedelta(hours=settings.BACKUP_HOURS).total_seconds()
