"""Retention: the clock that a person's visits wind, and what happens to a voice whose clock has run out."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from contributions.models import Contributor

# The clock counts years: an hour more or less is worth no write, so a busy day costs one.
TOUCHED_EVERY = timedelta(days=1)


def touch(contributor: Contributor, *, now: datetime) -> None:
    """Wind the clock, for every voice of the same person, and forget a warning; writes at most once a day."""
    stale = Q(last_interaction_at__lte=now - TOUCHED_EVERY) | Q(retention_warned_at__isnull=False)
    is_fresh = contributor.last_interaction_at > now - TOUCHED_EVERY and contributor.retention_warned_at is None
    if is_fresh or contributor.licence_id is not None:
        return
    # Compare-and-set: of two pages opened at once one writes, and an older moment never replaces a newer one.
    mine = voices_of_same_person(contributor).filter(stale, last_interaction_at__lte=now)
    mine.update(last_interaction_at=now, retention_warned_at=None)
    contributor.last_interaction_at, contributor.retention_warned_at = now, None


def voices_of_same_person(contributor: Contributor) -> QuerySet[Contributor]:
    """The voice itself and, where an account owns it, all that the account owns."""
    owner = contributor.user_id or contributor.claimed_by_id
    if owner is None:
        return Contributor.objects.filter(pk=contributor.pk)
    return Contributor.objects.filter(Q(user=owner) | Q(claimed_by=owner))
