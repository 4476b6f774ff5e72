"""Strays: sound of a clip that is gone, put back by a late worker or with a backup of storage; found and erased.

The row is the obligation here too: a purged clip is due again soon after its purge, when a worker that was slow or
killed half-way may have written after the purger looked, and once a day for good. What we do not know: when the bytes
came; they lay there since the last look at most.
"""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from contributions.leaving import withdrawal
from contributions.models import Clip, Release, Suggestion
from contributions.releasing import rewriting
from openempathic import audit, storage

log = logging.getLogger(__name__)

AT_ONCE = 200


def look_due(*, at_most: int = AT_ONCE) -> int:
    """Look at the prefixes of purged clips that are due; how many had strays."""
    due = Clip.objects.filter(Q(next_attempt_at=None) | Q(next_attempt_at__lte=Now()), status=Clip.Status.PURGED)
    return sum(look(clip) for clip in due.order_by("next_attempt_at")[:at_most])


def look(clip: Clip) -> bool:
    """Erase what lies under the purged clip's prefix, and say when to look again; whether anything did."""
    # Erased without asking: a listing does not tell of what a killed writer left unfinished.
    count = storage.erase(f"{clip.prefix}/")
    Suggestion.objects.filter(clip=clip).delete()
    pauses = withdrawal.LOOKS_SECONDS
    pause = pauses[min(clip.attempts + 1, len(pauses) - 1)]
    # A daily look for a lifetime would outgrow the column.
    looks = min(clip.attempts + 1, len(pauses))
    purged = Clip.objects.filter(pk=clip.pk, status=Clip.Status.PURGED)
    purged.update(attempts=looks, next_attempt_at=Now() + timedelta(seconds=pause))
    if count:
        log.error("%s was purged, and %s objects of it were there again. They are erased.", clip, count)
        with transaction.atomic():
            audit.record("clip.strays_erased", subject=clip, by=f"worker:{withdrawal.AGENT}", objects=count)
    return bool(count)


def look_at_releases() -> int:
    """Look at every release, kept or not, for what may not stay; how many had such."""
    if erased := withdrawal.erase_unkept():
        log.error("Of %s releases that were never kept, sound was left that may not stay. It is erased.", erased)
    return erased + rewrite_unclean()


def rewrite_unclean() -> int:
    """Rewrite the releases whose files do not say, or are not, what the database knows; how many."""
    told = {key.split("/")[1] for key in storage.keys("releases/") if key.endswith(f"/{rewriting.TOMBSTONES}")}
    count = 0
    for release in Release.objects.iterator():
        rewriting.take_out_uncovered(release)
        if release.digest in told:
            rewriting.take_out_told(release)
        if not rewriting.is_clean(release):
            rewriting.forget_withdrawn(release)
            count += 1
    return count
