"""Which releases and checkpoints held a clip, and the mark on each checkpoint that has heard one withdrawn since.

A checkpoint counts as having heard every clip of its release. Those that were dropped while it trained are counted too:
it heard them until then. Withdrawn means taken back, or no longer allowed for training.
"""

import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, QuerySet
from django.urls import reverse

from contributions.models import Clip, Purpose, Release, ReleaseClip
from contributions.releasing.shards import canonical
from openempathic import signatures, storage
from openempathic.registry.models import Checkpoint

log = logging.getLogger(__name__)

FORMAT = "openempathic-withdrawn/1"
MARK = "withdrawn.json"


def clips_heard_by(checkpoint: Checkpoint) -> set[UUID]:
    """Every clip that the checkpoint's release holds, as its manifest says."""
    return set(ReleaseClip.objects.filter(release__digest=checkpoint.release_digest).values_list("clip_id", flat=True))


def releases_holding(clip: Clip) -> QuerySet[Release]:
    """The releases that the clip is or was in."""
    return Release.objects.filter(members__clip=clip).order_by("frozen_at")


def checkpoints_that_heard(clip: Clip) -> QuerySet[Checkpoint]:
    """The checkpoints that learnt from a release with the clip."""
    digests = releases_holding(clip).order_by().values("digest")
    return Checkpoint.objects.filter(release_digest__in=digests).order_by("published_at")


def withdrawn_heard_by(checkpoint: Checkpoint) -> int:
    """How many clips that the checkpoint has heard were withdrawn since."""
    return withdrawn_by_release([checkpoint.release_digest]).get(checkpoint.release_digest, 0)


def withdrawn_by_release(digests: Iterable[str]) -> dict[str, int]:
    """The same for many checkpoints in one question, by the digest of their release; none is left out."""
    allowed = Clip.objects.covered_by(Purpose.TRAIN_MODELS).values("pk")
    gone = ReleaseClip.objects.filter(release__digest__in=list(digests)).exclude(clip__in=allowed)
    return dict(gone.values_list("release__digest").annotate(count=Count("pk")).order_by())


def mark_due() -> int:
    """Write withdrawn.json beside each checkpoint whose mark is no longer true; returns how many were written.

    What storage refuses now is made good by the next call.
    """
    checkpoints = list(Checkpoint.objects.all())
    counts = withdrawn_by_release({checkpoint.release_digest for checkpoint in checkpoints})
    written = 0
    for checkpoint in checkpoints:
        if counts.get(checkpoint.release_digest, 0) != checkpoint.withdrawn_marked:
            try:
                mark(checkpoint)
                written += 1
            except storage.StorageError as fault:
                log.error("Checkpoint %s is not marked yet: %s", checkpoint.version, fault)
    return written


def mark(checkpoint: Checkpoint) -> None:
    """Say beside the checkpoint, signed, how many withdrawn clips it has heard; then remember that it is said.

    Who finds that another marked it meanwhile says it again: the last to write is always one who knew the number.
    """
    while True:
        seen = Checkpoint.objects.values_list("withdrawn_marked", flat=True).get(pk=checkpoint.pk)
        count = withdrawn_heard_by(checkpoint)
        storage.put(f"{checkpoint.prefix}/{MARK}", canonical(signatures.sign(said(checkpoint, count))))
        unchanged = Checkpoint.objects.filter(pk=checkpoint.pk, withdrawn_marked=seen)
        if unchanged.update(withdrawn_marked=count) == 1:
            log.info("Checkpoint %s is marked: %s clips it heard were withdrawn.", checkpoint.version, count)
            return


def said(checkpoint: Checkpoint, count: int) -> dict[str, Any]:
    """What the mark says."""
    return {
        "format": FORMAT,
        "checkpoint": checkpoint.digest,
        "release": checkpoint.release_digest,
        "clips_withdrawn": count,
        "feed": settings.SITE_URL + reverse("tombstones"),
    }
