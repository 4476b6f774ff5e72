"""How any worker owns a row for a while: claim, heartbeat, fence.

The row is the obligation and Celery only nudges: a row whose `next_attempt_at` has come is due, whatever the
broker lost. A claim is one UPDATE that succeeds for exactly one worker, on SQLite and PostgreSQL alike, and every
later write passes through `fenced()`, so that a worker that slept past its lease changes nothing.
Times are the database's own: workers' clocks are never compared.
"""

import os
import socket
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now


class Leased(models.Model):
    """A row that a worker must act on."""

    lease_owner = models.CharField(max_length=120, blank=True, default="")
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Null: nothing is owed.
    next_attempt_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        abstract = True


@dataclass(frozen=True)
class Claim:
    """The right to act on one row until the lease runs out."""

    model: type[Leased]
    pk: object
    owner: str
    fence: int
    seconds: int


class LeaseLost(Exception):
    """Somebody else owns the row now: what was computed must not be written."""


def claim(rows: QuerySet, pk: object, *, owner: str, seconds: int) -> Claim | None:
    """Take the row if it is among `rows` and free; return None when another worker was faster."""
    token = f"{owner}:{uuid.uuid4().hex}"
    taken = rows.filter(is_free(), pk=pk).update(
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        lease_owner=token,
        lease_expires_at=Now() + timedelta(seconds=seconds),
    )
    if taken != 1:
        return None
    fence = rows.model._base_manager.values_list("fence", flat=True).get(pk=pk, lease_owner=token)
    return Claim(model=rows.model, pk=pk, owner=token, fence=fence, seconds=seconds)


def is_free() -> Q:
    """Whether nobody holds the row now."""
    return Q(lease_expires_at__isnull=True) | Q(lease_expires_at__lte=Now())


def claim_owed(rows: QuerySet, pk: object, *, by: str) -> Claim | None:
    """Take the row for this process, whose work `by` names, if it is among `rows`, free, and owed something."""
    owed = rows.filter(next_attempt_at__isnull=False)
    return claim(owed, pk, owner=this_process(by), seconds=settings.LEASE_SECONDS)


def fenced(held: Claim) -> QuerySet:
    """The row while the claim still holds, else nothing."""
    return held.model._base_manager.filter(pk=held.pk, fence=held.fence, lease_owner=held.owner)


def heartbeat(held: Claim) -> None:
    """Hold the row for another lease, or raise LeaseLost."""
    if fenced(held).update(lease_expires_at=Now() + timedelta(seconds=held.seconds)) != 1:
        raise LeaseLost(f"{held.model.__name__} {held.pk} was taken over")


def give_back(held: Claim, *, retry_in_seconds: float | None = None, is_forgiven: bool = False) -> None:
    """Let the row go: done for good, or due again after a pause; a forgiven attempt is not counted."""
    due = None if retry_in_seconds is None else Now() + timedelta(seconds=retry_in_seconds)
    attempts = F("attempts") - 1 if is_forgiven else F("attempts")
    fenced(held).update(lease_owner="", lease_expires_at=None, next_attempt_at=due, attempts=attempts)


def due(rows: QuerySet, *, at_most: int) -> list[object]:
    """Free rows whose moment has come, each promised to one sweep: its next moment is set before it is returned.

    Whoever holds a row needs no nudge, and one that is sent meanwhile would put the next off: a killed worker's row
    would wait for half a lease more after its lease has run out.
    """
    waiting = rows.filter(is_free(), next_attempt_at__lte=Now())
    # A nudge that the broker lost is sent again after this long; one that arrives twice finds the row claimed.
    pause = timedelta(seconds=settings.LEASE_SECONDS / 2)
    promised = []
    for pk in waiting.order_by("next_attempt_at").values_list("pk", flat=True)[:at_most]:
        # Two sweeps may read the same row: whoever moves its moment on first nudges it, the other finds it not due.
        if waiting.filter(pk=pk).update(next_attempt_at=Now() + pause) == 1:
            promised.append(pk)
    return promised


def this_process(name: str) -> str:
    """Who holds a lease, for the operator who reads the row."""
    return f"{name}@{socket.gethostname()[:40]}:{os.getpid()}"
