"""How much is enough: a hint to rest, and the day's end.

The numbers are of docs/guides/volunteer.md: a hint after 30 takes in one sitting, and so many clips a day as the site's
settings say. Nobody is stopped by the hint.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from contributions.models import Contributor

TAKES_TO_A_BREAK = 30
# So long without a take, and the next one begins a new sitting.
REST = timedelta(minutes=20)
# The hint stays for so many takes, so that one that was still on its way does not hide it.
HINTED_FOR = 3
DAY = timedelta(days=1)


def taken_today(contributor: Contributor, *, now: Any) -> int:
    """Clips taken in within the last day, whatever became of them."""
    return contributor.clips.filter(stored_at__gte=now - DAY).count()


def left_today(contributor: Contributor, *, now: datetime) -> int:
    """How many clips the day still has room for."""
    return max(0, settings.CLIPS_PER_DAY - taken_today(contributor, now=now))


def sitting(contributor: Contributor, *, now: datetime) -> int:
    """How many takes were given since the person last rested."""
    takes, later = 0, now
    today = contributor.clips.filter(stored_at__gte=now - DAY).order_by("-stored_at")
    for stored_at in today.values_list("stored_at", flat=True)[: settings.CLIPS_PER_DAY]:
        if later - stored_at > REST:
            break
        takes, later = takes + 1, stored_at
    return takes


def is_break_due(contributor: Contributor, *, now: datetime) -> bool:
    """Whether to hint that a rest would do good."""
    takes = sitting(contributor, now=now)
    return takes >= TAKES_TO_A_BREAK and takes % TAKES_TO_A_BREAK < HINTED_FOR
