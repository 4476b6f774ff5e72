"""What Celery runs for training: when a run opens, and what becomes of checkpoints; the run itself is the trainer's."""

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


@shared_task
def repair_checkpoints() -> None:
    """Let storage say what the rows say, where a process died between both."""
    from training import publication

    publication.repair()


@shared_task
def delist_checkpoints() -> None:
    """Offer no longer what has heard too many clips that were withdrawn since."""
    from training import delisting

    delisting.look()
