"""Gauges of clips and people: what waits and how old it is, who holds a lease, what was done in the last hour.

What waits is counted up to COUNTED_MAX, and what was done is found by index, so that an answer costs about the same
however much was ever given; only the clips by status are all counted, and kept for longer. What these figures do not
know: whether a lease that is held is worked for, and what waits beyond the bound.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from contributions.listening import figures
from contributions.models import (
    CheckpointNews,
    Clip,
    Dataset,
    Figure,
    Rating,
    ReleaseNews,
    ReleaseOrder,
    TakingBack,
    Verdict,
    VoidOrder,
)
from contributions.screening import backlog
from openempathic.audit.models import AuditEvent
from openempathic.metrics import Gauge

COUNTED_MAX = 100_000
# So many clips that wait to be erased are looked up in the log.
PURGES_LOOKED_AT = 500
HOUR = timedelta(hours=1)
S = Clip.Status


def stages() -> dict[str, QuerySet[Any]]:
    """What workers owe, by the name of the work."""
    return {
        "screening": backlog.owed_clips(),
        "suggestions": backlog.owed_suggestions(),
        "purges": Clip.objects.filter(status=S.WITHDRAWN, next_attempt_at__isnull=False),
        "takings_back": TakingBack.objects.filter(next_attempt_at__isnull=False),
        "voids": VoidOrder.objects.filter(finished_at=None, next_attempt_at__isnull=False),
        "releases": ReleaseOrder.objects.filter(finished_at=None, next_attempt_at__isnull=False),
        "dataset_pages": Dataset.objects.filter(next_attempt_at__isnull=False),
        "checkpoint_news": CheckpointNews.objects.filter(told_at=None, next_attempt_at__isnull=False),
        "release_news": ReleaseNews.objects.filter(told_at=None, next_attempt_at__isnull=False),
    }


def queues() -> Iterator[Gauge]:
    """Length, leases, attempts and age of what workers owe."""
    length = Gauge("openempathic_queue_length", f"Rows that workers owe, counted up to {COUNTED_MAX}.", ("stage",))
    held = Gauge("openempathic_leases_held", "Rows that a worker holds now.", ("stage",))
    expired = Gauge(
        "openempathic_leases_expired", "Rows whose worker fell silent and that none took since.", ("stage",)
    )
    tried = Gauge("openempathic_queue_retried", "Owed rows that an attempt has failed at.", ("stage",))
    overdue = Gauge(
        "openempathic_sweep_overdue_seconds",
        "For how long the sweep has left the row alone that is due longest: some seconds, while it goes.",
        ("stage",),
    )
    now = timezone.now()
    for stage, rows in stages().items():
        found = counted(rows)
        length.say(found["length"], stage)
        held.say(found["held"], stage)
        expired.say(found["expired"], stage)
        tried.say(found["tried"], stage)
        overdue.say(max(0.0, seconds_since(found["due_at"], now=now)), stage)
    yield from (length, held, expired, tried, overdue)
    yield from (ages(now=now), review(now=now), reckoned(now=now))


def counted(rows: QuerySet[Any]) -> dict[str, Any]:
    """How many rows, how many held, left or tried, and when the first of them fell due."""
    is_held = Q(lease_expires_at__gt=Now())
    is_left = Q(lease_expires_at__lte=Now())
    return rows.order_by("next_attempt_at")[:COUNTED_MAX].aggregate(
        length=Count("pk"),
        held=Count("pk", filter=is_held),
        expired=Count("pk", filter=is_left),
        tried=Count("pk", filter=Q(attempts__gt=0) & ~is_held),
        due_at=Min("next_attempt_at"),
    )


def ages(*, now: datetime) -> Gauge:
    """Since when what waits longest has waited, where rows tell."""
    age = Gauge(
        "openempathic_queue_oldest_age_seconds",
        "Age of what waits longest: of a screening since its upload, of a purge since it was asked for.",
        ("stage",),
    )
    for stage, rows, came_at in (
        ("screening", backlog.owed_clips(), "stored_at"),
        ("takings_back", TakingBack.objects.filter(next_attempt_at__isnull=False), "taken_back_at"),
    ):
        first = rows.order_by(came_at).values_list(came_at, flat=True).first()
        age.say(seconds_since(first, now=now), stage)
    age.say(seconds_since(oldest_withdrawal(), now=now), "purges")
    return age


def oldest_withdrawal() -> datetime | None:
    """When the first of the clips was taken back that still wait to be erased, among those that came here first."""
    waiting = Clip.objects.filter(status=S.WITHDRAWN, next_attempt_at__isnull=False).order_by("stored_at")
    ids = [str(pk) for pk in waiting.values_list("pk", flat=True)[:PURGES_LOOKED_AT]]
    events = AuditEvent.objects.filter(subject_type="contributions.clip", subject_id__in=ids, act="clip.withdrawn")
    moment: datetime | None = events.aggregate(first=Min("at"))["first"] if ids else None
    return moment


def review(*, now: datetime) -> Gauge:
    """How many clips wait for people, as last reckoned."""
    waiting = Gauge(
        "openempathic_review_waiting_clips",
        "Clips that wait for a listener's ears or, by status, for a moderator, as last reckoned.",
        ("language", "waits_for"),
    )
    for language, content in Figure.objects.filter(name="queue").values_list("language", "content"):
        waiting.say(sum(map(sum, content["needs"].values())), language or "all", "ears")
        for status, by_age in content["set_aside"].items():
            waiting.say(sum(by_age), language or "all", status)
    return waiting


def reckoned(*, now: datetime) -> Gauge:
    """How old the figures of the dashboards are, which beat has made anew every few minutes."""
    age = Gauge(
        "openempathic_figures_age_seconds", "How long ago a figure of the dashboards was last reckoned.", ("figure",)
    )
    for name, at in Figure.objects.filter(language=figures.ALL).values_list("name", "reckoned_at"):
        age.say(seconds_since(at, now=now), name)
    return age


def acts() -> Iterator[Gauge]:
    """What came in and what people did in the last hour."""
    since = timezone.now() - HOUR
    uploads = Gauge(
        "openempathic_uploads_last_hour",
        f"Clips stored in the last hour by status, each up to {COUNTED_MAX}.",
        ("status",),
    )
    # One question for each: asked for several statuses at once, SQLite may rather look at every clip.
    for status in S.values:
        came = Clip.objects.filter(status=status, stored_at__gte=since)
        uploads.say(came.order_by()[:COUNTED_MAX].count(), status)
    ratings = Gauge("openempathic_ratings_last_hour", "Listeners' answers in the last hour.", ("phase",))
    for phase in Rating.Phase.values:
        ratings.say(0, phase)
    given = Rating.objects.filter(rated_at__gte=since).values_list("phase").annotate(times=Count("pk")).order_by()
    for phase, times in given:
        ratings.say(times, phase)
    verdicts = Gauge("openempathic_verdicts_last_hour", "Moderators' verdicts in the last hour.", ("to", "proposed"))
    decided = figures.lately(Verdict.objects.all(), "decided_at", since=since)
    for to, is_proposal, times in (
        decided.values_list("to_status", "is_proposal").annotate(times=Count("pk")).order_by()
    ):
        verdicts.say(times, to, "yes" if is_proposal else "no")
    yield from (uploads, ratings, verdicts)


def clips() -> Iterator[Gauge]:
    """How many clips there are of each status: the one question that looks at all of them, in one index."""
    counts = Gauge("openempathic_clips", "Clips by status.", ("status",))
    for status in S.values:
        counts.say(0, status)
    for status, count in Clip.objects.values_list("status").annotate(count=Count("pk")).order_by():
        counts.say(count, status)
    yield counts


def seconds_since(moment: datetime | None, *, now: datetime) -> float:
    """How long ago, 0 where there is nothing."""
    return (now - moment).total_seconds() if moment else 0.0
