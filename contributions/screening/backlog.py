"""What waits for machines and for people, how fast it is done, and when it may be done.

Every number here costs the same however much was ever given: what waits is counted up to a bound, and the pace is told
from the newest acts alone. What it does not know: how much will come in meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from contributions.models import Clip, Examination, Purpose, Rating, Suggestion, Verdict
from contributions.screening import verdicts

COUNTED_MAX = 10_000
# The newest acts that the pace is told from: two thousand in five minutes are 400 a minute, to three digits.
ACTS_LOOKED_AT = 2_000
OWNERS_LOOKED_AT = 200
WINDOWS = (timedelta(minutes=5), timedelta(hours=1), timedelta(days=1))
# A first act alone tells no pace: it is taken to have lasted at least this long.
SHORTEST_SPAN = timedelta(minutes=1)
STALLED_AFTER = timedelta(minutes=1)
S = Clip.Status


@dataclass(frozen=True)
class Pace:
    """How much was done a minute in the last such stretch of time."""

    window: timedelta
    per_minute: float


@dataclass(frozen=True)
class Queue:
    """One thing that clips wait for; `is_more` where there are more than were counted."""

    name: str
    waiting: int
    is_more: bool
    oldest_at: datetime | None
    last_done_at: datetime | None
    paces: tuple[Pace, ...]
    # Null where nothing was done lately: then nobody can say.
    minutes_left: float | None


@dataclass(frozen=True)
class Workers:
    """The processes that hold a clip just now, and whether work lies there that none of them takes up."""

    busy: tuple[str, ...]
    are_stalled: bool


def queues(*, now: datetime) -> tuple[Queue, ...]:
    """Screening, suggestions, ears and moderators, in the order in which a clip meets them."""
    suggestions = owed_suggestions()
    ears = covered(S.IN_REVIEW)
    return (
        queue("screening", owed_clips(), "stored_at", screenings(), now=now),
        queue("suggestions", suggestions, "clip__stored_at", suggested(), now=now),
        queue("ears", ears, "stored_at", heard(), now=now, acts_each=settings.RATINGS_REQUIRED),
        queue("moderators", covered(*verdicts.WAITING), "stored_at", decided(), now=now),
    )


def owed_clips() -> QuerySet[Clip]:
    """Clips that a worker owes a screening."""
    return Clip.objects.filter(status=S.STORED, next_attempt_at__isnull=False)


def owed_suggestions() -> QuerySet[Suggestion]:
    """Suggestions that a worker owes."""
    return Suggestion.objects.filter(scores__isnull=True, next_attempt_at__isnull=False)


def covered(*statuses: str) -> QuerySet[Clip]:
    """Clips of these statuses that people may hear now."""
    return Clip.objects.filter(status__in=statuses).covered_by(Purpose.STORE_AND_REVIEW)


def screenings() -> list[datetime]:
    """When the last clips were screened, the newest first."""
    done = Examination.objects.filter(agent="screening").order_by("-pk")
    return list(done.values_list("examined_at", flat=True)[:ACTS_LOOKED_AT])


def suggested() -> list[datetime | None]:
    """When the last suggestions were made, the newest first."""
    made = Suggestion.objects.filter(made_at__isnull=False).order_by("-made_at")
    return list(made.values_list("made_at", flat=True)[:ACTS_LOOKED_AT])


def heard() -> list[datetime]:
    """When the last blind answers were given, the newest first."""
    given = Rating.objects.filter(phase=Rating.Phase.BLIND).order_by("-rated_at")
    return list(given.values_list("rated_at", flat=True)[:ACTS_LOOKED_AT])


def decided() -> list[datetime]:
    """When the last verdicts were given, the newest first."""
    return list(Verdict.objects.order_by("-pk").values_list("decided_at", flat=True)[:ACTS_LOOKED_AT])


def queue(
    name: str, waiting: QuerySet[Any], came_at: str, moments: Sequence[Any], *, now: datetime, acts_each: int = 1
) -> Queue:
    """One queue; `moments` are when the last of it was done, the newest first, and each clip takes so many acts."""
    count = waiting[: COUNTED_MAX + 1].count()
    known = min(count, COUNTED_MAX)
    paces = tuple(Pace(window, per_minute(moments, window=window, now=now)) for window in WINDOWS)
    speed = lately(moments, now=now)
    return Queue(
        name=name,
        waiting=known,
        is_more=count > COUNTED_MAX,
        oldest_at=waiting.order_by(came_at).values_list(came_at, flat=True).first() if count else None,
        last_done_at=moments[0] if moments else None,
        paces=paces,
        minutes_left=known * acts_each / speed if speed else None,
    )


def per_minute(moments: Sequence[datetime], *, window: timedelta, now: datetime) -> float:
    """How many a minute over the whole window; where it holds more than were looked at, over what these took."""
    inside = [at for at in moments if at > now - window]
    if len(inside) == ACTS_LOOKED_AT:
        window = max(now - inside[-1], SHORTEST_SPAN)
    return len(inside) / (window.total_seconds() / 60)


def lately(moments: Sequence[datetime], *, now: datetime) -> float | None:
    """The speed to reckon with: since the first act of the shortest window that holds any; None where none does."""
    for window in WINDOWS:
        inside = [at for at in moments if at > now - window]
        if inside:
            span = max(now - inside[-1], SHORTEST_SPAN)
            return len(inside) / (span.total_seconds() / 60)
    return None


def workers(*, now: datetime) -> Workers:
    """Who works just now; where work fell due a while ago and nobody takes it up, it says so."""
    held = [rows.filter(lease_expires_at__gt=now) for rows in (owed_clips(), owed_suggestions())]
    owners = {name for rows in held for name in rows.values_list("lease_owner", flat=True)[:OWNERS_LOOKED_AT]}
    late = now - STALLED_AFTER
    is_late = any(rows.filter(next_attempt_at__lte=late).exists() for rows in (owed_clips(), owed_suggestions()))
    newest = [moments[0] for moments in (screenings()[:1], suggested()[:1]) if moments]
    is_quiet = not any(at and at > now - WINDOWS[0] for at in newest)
    # A lease's owner ends with the token of its one claim.
    busy = sorted({owner.rpartition(":")[0] for owner in owners})
    return Workers(tuple(busy), are_stalled=is_late and is_quiet and not busy)
