"""When a checkpoint has heard too many clips that were withdrawn since: noticed, and its files offered no longer.

The limit is a share of the clips that it heard. Past it a run is due (training.schedule), and it is delisted
once another is champion, or after OE_DELIST_DAYS where none came. The row says since when; the beat looks at the rows.
What was downloaded before we cannot call back: the page says why it is gone.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now

from contributions.models import ReleaseClip
from contributions.releasing import lineage
from openempathic import audit
from openempathic.registry import champion
from openempathic.registry.models import Checkpoint

log = logging.getLogger(__name__)

AGENT = "delisting"


def is_past_limit(checkpoint: Checkpoint) -> bool:
    """Whether more of what it heard was withdrawn than the limit allows."""
    return bool(past_limit([checkpoint]))


def look() -> int:
    """Note which checkpoints are past the limit now, and delist those whose time has come; returns how many."""
    listed = list(offered())
    over = past_limit(listed)
    for checkpoint in listed:
        if (checkpoint.pk in over) != (checkpoint.past_limit_at is not None):
            note(checkpoint, is_over=checkpoint.pk in over)
    count = sum(delist(checkpoint) for checkpoint in due())
    if count:
        champion.follow()
    return count


def offered() -> QuerySet[Checkpoint]:
    """The checkpoints that anybody may download."""
    return Checkpoint.objects.filter(status__in=champion.SERVING, delisted_at=None)


def past_limit(checkpoints: list[Checkpoint]) -> set[int]:
    """Those of which too large a share of the clips is withdrawn, in two questions."""
    digests = {checkpoint.release_digest for checkpoint in checkpoints}
    members = ReleaseClip.objects.filter(release__digest__in=digests).values_list("release__digest")
    heard = dict(members.annotate(count=Count("pk")).order_by())
    gone = lineage.withdrawn_by_release(digests)
    over = {digest for digest, count in gone.items() if count > settings.WITHDRAWN_SHARE_MAX * heard[digest]}
    return {checkpoint.pk for checkpoint in checkpoints if checkpoint.release_digest in over}


def note(checkpoint: Checkpoint, *, is_over: bool) -> None:
    """Write down since when it is past the limit, or that it is no longer, since people allowed it again."""
    with transaction.atomic():
        mine = offered().filter(pk=checkpoint.pk, past_limit_at__isnull=is_over)
        if mine.update(past_limit_at=Now() if is_over else None) == 1:
            act = "checkpoint.past_limit" if is_over else "checkpoint.within_limit"
            audit.record(act, subject=checkpoint, by=AGENT, digest=checkpoint.digest)


def due() -> QuerySet[Checkpoint]:
    """Those past the limit that are champion no more, and a champion that nothing has replaced for too long."""
    too_long = Q(past_limit_at__lte=Now() - timedelta(days=settings.DELIST_DAYS))
    return offered().filter(past_limit_at__isnull=False).filter(too_long | ~Q(status=Checkpoint.Status.CHAMPION))


def delist(checkpoint: Checkpoint) -> bool:
    """Offer its files no longer; whether it was us who did it. A champion goes on suggesting until the next one."""
    with transaction.atomic():
        if due().filter(pk=checkpoint.pk).update(delisted_at=Now()) != 1:
            return False
        audit.record("checkpoint.delisted", subject=checkpoint, by=AGENT, digest=checkpoint.digest)
    log.info("Checkpoint %s is delisted: too much of what it heard was withdrawn.", checkpoint.version)
    return True
