"""What Celery runs for training: only the moment that opens a run; the run itself belongs to the trainer."""

from celery import shared_task


@shared_task
def open_due_run() -> None:
    """Open a training run if one is due."""
    from django.utils import timezone

    from training import schedule

    schedule.open_due_run(timezone.now())
