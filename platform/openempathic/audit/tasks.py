"""What Celery runs for the log."""

from celery import shared_task


@shared_task
def seal() -> None:
    """Seal the events that have settled."""
    from django.utils import timezone

    from openempathic.audit import sealing

    sealing.seal_new(now=timezone.now())
