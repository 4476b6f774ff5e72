"""Sealing the log: each batch of events under one digest, each digest over the one before.

A seal shows any event that was edited, removed, added or put in another's place since, and any seal but the last that
was. What it cannot show: a change to events not sealed yet, and a log cut off at its end together with its last seals,
or all sealed anew by somebody who rules the database. For these, keep the last seal's digest elsewhere from time to
time; `manage.py verify_records --seal DIGEST` then says whether it still stands in the chain.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Min, QuerySet

from openempathic.audit.models import AuditEvent, AuditSeal
from openempathic.signatures import canonical

EVENTS_A_SEAL = 1000
# An event's number is drawn before its transaction commits: one that is younger may still get an elder neighbour.
SETTLED_AFTER = timedelta(minutes=2)


@dataclass(frozen=True)
class Broken:
    """A seal that does not hold, and why."""

    seal: AuditSeal
    why: str

    def __str__(self) -> str:
        return f"{self.seal}: {self.why}"


def seal_new(*, now: datetime) -> int:
    """Seal every event that has settled and is not sealed yet; returns how many were."""
    sealed = 0
    while batch := unsealed(settled_by=now - SETTLED_AFTER):
        last = AuditSeal.objects.last()
        seal = AuditSeal(
            first_event=batch[0].pk,
            last_event=batch[-1].pk,
            event_count=len(batch),
            previous_sha256=last.sha256 if last else "",
            sealed_at=now,
        )
        seal.sha256 = digest(seal, batch)
        try:
            with transaction.atomic():
                seal.save(force_insert=True)
        except IntegrityError:
            # Another worker sealed after the same seal: the events are in its batch or the next one's.
            break
        sealed += len(batch)
    return sealed


def unsealed(*, settled_by: datetime) -> list[AuditEvent]:
    """The events after the last seal, in order, up to the first that may still get an elder neighbour."""
    waiting = after_the_last_seal()
    unsettled = waiting.filter(at__gt=settled_by).aggregate(first=Min("pk"))["first"]
    settled = waiting if unsettled is None else waiting.filter(pk__lt=unsettled)
    return list(settled[:EVENTS_A_SEAL])


def after_the_last_seal() -> QuerySet[AuditEvent]:
    """The events that no seal covers yet."""
    last = AuditSeal.objects.last()
    return AuditEvent.objects.filter(pk__gt=last.last_event if last else 0).order_by("pk")


def digest(seal: AuditSeal, events: list[AuditEvent]) -> str:
    """sha256 over the canonical seal, its predecessor's digest, and each canonical event, a line each."""
    head = {
        "first_event": seal.first_event,
        "last_event": seal.last_event,
        "event_count": seal.event_count,
        "previous_sha256": seal.previous_sha256,
        "sealed_at": seal.sealed_at.isoformat(),
    }
    lines = [canonical(head), *(canonical(event.payload()) for event in events)]
    return hashlib.sha256(b"\n".join(lines)).hexdigest()


def broken_seals() -> Iterator[Broken]:
    """Every seal that does not hold, in order; none when all that was sealed is as it was."""
    before, reached = "", 0
    for seal in AuditSeal.objects.iterator():
        if seal.previous_sha256 != before:
            yield Broken(seal, "it does not follow the seal before it: one was removed, added or moved")
        # From the last batch's end, not from this one's start: nothing may be slipped in between two batches.
        events = list(AuditEvent.objects.filter(pk__gt=reached, pk__lte=seal.last_event).order_by("pk"))
        if len(events) != seal.event_count:
            yield Broken(seal, f"it sealed {seal.event_count} events, and {len(events)} are there")
        elif digest(seal, events) != seal.sha256:
            yield Broken(seal, "an event, or the seal itself, was changed")
        before, reached = seal.sha256, seal.last_event
