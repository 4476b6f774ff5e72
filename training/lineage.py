"""The mark on each checkpoint that has heard a clip withdrawn since; which it heard, contributions reckons.

What is reckoned there is asked for here too, by those who write of runs and checkpoints.
"""

import logging
from typing import Any

from django.conf import settings
from django.urls import reverse

from contributions.releasing.lineage import (
    checkpoints_that_heard,
    clips_heard_by,
    releases_holding,
    withdrawn_by_release,
    withdrawn_heard_by,
)
from contributions.releasing.shards import canonical
from openempathic import signatures, storage
from openempathic.registry.models import Checkpoint

log = logging.getLogger(__name__)

__all__ = [
    "checkpoints_that_heard",
    "clips_heard_by",
    "mark_due",
    "releases_holding",
    "withdrawn_by_release",
    "withdrawn_heard_by",
]

FORMAT = "openempathic-withdrawn/1"
MARK = "withdrawn.json"


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
