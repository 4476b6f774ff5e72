"""What Celery runs: ids in, one call, the heavy room imported inside."""

from celery import shared_task

NUDGES_A_SWEEP = 500


@shared_task
def sweep() -> None:
    """Nudge a worker for every row that is due; the only place that talks to the broker."""
    from contributions.listening import prelabelling
    from contributions.models import (
        CheckpointNews,
        Clip,
        Dataset,
        ReleaseNews,
        ReleaseOrder,
        Suggestion,
        TakingBack,
        VoidOrder,
    )
    from contributions.screening import examination
    from openempathic import leases

    examination.quarantine_exhausted()
    prelabelling.give_up_exhausted()
    prelabelling.owe_backlog()
    for pk in leases.due(Clip.objects.filter(status=Clip.Status.STORED), at_most=NUDGES_A_SWEEP):
        screen.delay(clip_id=str(pk))
    for pk in leases.due(Clip.objects.filter(status=Clip.Status.WITHDRAWN), at_most=NUDGES_A_SWEEP):
        purge.delay(clip_id=str(pk))
    for pk in leases.due(TakingBack.objects.all(), at_most=NUDGES_A_SWEEP):
        carry.delay(row_id=pk)
    for pk in leases.due(CheckpointNews.objects.filter(told_at=None), at_most=NUDGES_A_SWEEP):
        tell.delay(row_id=pk)
    for pk in leases.due(Suggestion.objects.filter(scores__isnull=True), at_most=NUDGES_A_SWEEP):
        prelabel.delay(suggestion_id=pk)
    for pk in leases.due(VoidOrder.objects.filter(finished_at=None), at_most=NUDGES_A_SWEEP):
        void.delay(order_id=str(pk))
    for pk in leases.due(ReleaseOrder.objects.filter(finished_at=None), at_most=NUDGES_A_SWEEP):
        freeze.delay(order_id=str(pk))
    for pk in leases.due(Dataset.objects.all(), at_most=NUDGES_A_SWEEP):
        read_dataset.delay(release_id=str(pk))
    for pk in leases.due(ReleaseNews.objects.filter(told_at=None), at_most=NUDGES_A_SWEEP):
        tell_of_withdrawals.delay(row_id=pk)


@shared_task
def screen(*, clip_id: str) -> None:
    """Screen one clip, if it is still owed."""
    from contributions.screening import examination

    examination.examine_due(clip_id)


@shared_task
def prelabel(*, suggestion_id: int) -> None:
    """Let the champion listen to one clip, if it is still owed."""
    from contributions.listening import prelabelling

    prelabelling.prelabel_due(suggestion_id)


@shared_task
def try_refused() -> None:
    """Try again the checkpoints that a worker had to refuse."""
    from contributions.listening import prelabelling

    prelabelling.try_refused()


@shared_task
def void(*, order_id: str) -> None:
    """Carry out one order that a listener's answers count no more, if it is still owed."""
    from contributions.listening import voids

    voids.carry_out_due(order_id)


@shared_task
def purge(*, clip_id: str) -> None:
    """Erase one withdrawn clip, if it is still owed."""
    from contributions.leaving import withdrawal

    withdrawal.purge_due(clip_id)


@shared_task
def carry(*, row_id: int) -> None:
    """Bring one purpose, licence or account that was taken back to the ledger and to every release, if still owed."""
    from contributions.leaving import withdrawal

    withdrawal.carry_due(row_id)


@shared_task
def look_again() -> None:
    """Look again at the prefixes of purged clips that are due for it."""
    from contributions.leaving import strays

    strays.look_due()


# Whoever lists a large store takes hours; what one does not come to, the next finds as old.
@shared_task(acks_late=False, time_limit=6 * 3600)
def erase_orphans() -> None:
    """Erase what uploads that died left in storage, and nobody came back for."""
    from contributions.leaving import orphans

    orphans.erase_old()


@shared_task
def verify_releases() -> None:
    """Look at every release for sound that may not be there."""
    from contributions.leaving import strays

    strays.look_at_releases()


# All that was ever sealed is read: on a large site that takes longer than other tasks may.
@shared_task(acks_late=False, time_limit=6 * 3600)
def verify_records() -> None:
    """Look whether the log and the consents are as they were written, and tell what is not."""
    from django.utils import timezone

    from contributions.consenting import verification

    verification.verify(now=timezone.now())


@shared_task
def retain() -> None:
    """Warn, lapse and forget what the retention page says is due by now."""
    from django.utils import timezone

    from contributions.consenting import retention

    retention.keep_the_promise(now=timezone.now())


@shared_task
def count_coverage() -> None:
    """Count again what was given, for whoever asks what is missing."""
    from django.utils import timezone

    from contributions.asking import coverage

    coverage.count(at=timezone.now())


# Late and again would be later still: what is lost the next beat begins anew.
@shared_task(acks_late=False, time_limit=1800)
def reckon_labels() -> None:
    """Make labels and agreement anew in the languages where somebody rated since."""
    from django.utils import timezone

    from contributions.listening import labels

    labels.catch_up(now=timezone.now())


@shared_task
def reckon_figures() -> None:
    """Reckon again what the dashboards show of queue, throughput and coverage."""
    from django.utils import timezone

    from contributions.listening import figures

    figures.reckon_soon(at=timezone.now())


@shared_task
def reckon_confusion() -> None:
    """Reckon again what was heard where what was asked for, which looks at every settled clip."""
    from django.utils import timezone

    from contributions.listening import figures

    figures.reckon_later(at=timezone.now())


@shared_task
def propose_gold() -> None:
    """Make gold of the clips that enough listeners heard alike, in every language."""
    from contributions.listening import gold

    gold.propose_all()


# What it does not come to before its time runs out, the next one begins with.
@shared_task(acks_late=False, time_limit=1800)
def reckon_standings() -> None:
    """Reckon again how each listener hears beside the others, and what suggestions do to their answers."""
    from contributions.listening import assistance, standings

    assistance.reckon_all()
    standings.reckon_all()


@shared_task
def owe_news() -> None:
    """Owe the news of every new checkpoint to those whose clips it heard and who want mail."""
    from django.utils import timezone

    from contributions import news

    news.owe(now=timezone.now())


@shared_task
def tell(*, row_id: int) -> None:
    """Tell one person of one checkpoint, if it is still owed."""
    from contributions import news

    news.tell_due(row_id)


# A large release takes hours; the lease says who is at it, and who finds it held leaves it alone.
@shared_task(acks_late=False, time_limit=24 * 3600)
def freeze(*, order_id: str) -> None:
    """Make the release that one order asks for, if it is still owed."""
    from contributions.releasing import orders

    orders.freeze_due(order_id)


@shared_task(time_limit=1800)
def read_dataset(*, release_id: str) -> None:
    """Read again what the pages tell of one release, if it is still owed."""
    from contributions.releasing import datasets

    datasets.read_due(release_id)


@shared_task
def owe_withdrawn_news() -> None:
    """Owe whatever follows from clips that left datasets: their pages anew, and mail to who took files of them."""
    from django.utils import timezone

    from contributions.releasing import datasets, withdrawn_news

    datasets.owe_reading()
    withdrawn_news.owe(now=timezone.now())


@shared_task
def tell_of_withdrawals(*, row_id: int) -> None:
    """Tell one person that clips left a release of which they have files, if it is still owed."""
    from contributions.releasing import withdrawn_news

    withdrawn_news.tell_due(row_id)
