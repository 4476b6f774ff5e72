"""What Celery runs for accounts."""

from celery import shared_task


@shared_task
def forget_tries() -> None:
    """Erase counts of tries that ended most of a day ago."""
    from django.utils import timezone

    from openempathic.accounts import limits

    limits.forget_old(now=timezone.now())
