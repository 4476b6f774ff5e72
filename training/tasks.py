"""What Celery runs for training: the moment that opens a run, and the marks; the run itself belongs to the trainer."""

from celery import shared_task


@shared_task
def open_due_run() -> None:
    """Open a training run if one is due."""
    from django.utils import timezone

    from training import schedule

    schedule.open_due_run(timezone.now())


@shared_task
def mark_checkpoints() -> None:
    """Mark the checkpoints that have heard a clip withdrawn since."""
    from training import lineage

    lineage.mark_due()
