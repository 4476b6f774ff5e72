"""Whether the records of consent are as they were written: texts, chains, folds, and what the log knows of them."""

import hashlib
from collections.abc import Iterator

from contributions.consenting import consent
from contributions.models import ConsentEvent, ConsentText, Contributor
from openempathic.audit.models import AuditEvent


def broken_records() -> Iterator[str]:
    """A sentence for everything that does not hold; none when all does."""
    yield from changed_texts()
    for contributor in Contributor.objects.filter(consent_events__isnull=False).distinct().iterator():
        yield from broken_chain(contributor)
    yield from lost_ends()


def changed_texts() -> Iterator[str]:
    """Texts whose words are no longer those that people agreed to."""
    for text in ConsentText.objects.iterator():
        if hashlib.sha256(text.body.encode()).hexdigest() != text.sha256:
            yield f"consent text {text.pk} ({text}): its words were changed"


def broken_chain(contributor: Contributor) -> Iterator[str]:
    """What does not hold of one contributor's events."""
    if event := consent.broken_link(contributor):
        yield f"contributor {contributor.pk}: the consents do not hold from event {event.position} ({event.pk}) on"
    for event in contributor.consent_events.select_related("text"):
        if event.text is not None and event.text.sha256 != event.text_sha256:
            yield f"contributor {contributor.pk}: event {event.position} names another text than was shown"
    deciding = {purpose: event.pk for purpose, event in consent.deciding_events(contributor).items()}
    stands_on = dict(contributor.current_consents.values_list("purpose", "event_id"))
    # The receipt shows the event that an answer stands on: another one, of other words, would prove the wrong thing.
    if consent.current(contributor) != consent.folded(contributor) or stands_on != deciding:
        yield f"contributor {contributor.pk}: what stands now is not what the events say"


def lost_ends() -> Iterator[str]:
    """Decisions in the log whose last event is gone: a chain that was cut at its end still looks whole by itself."""
    decided = AuditEvent.objects.filter(facts__has_key="last_sha256").order_by("pk")
    known = set(ConsentEvent.objects.values_list("sha256", flat=True))
    for act in decided.iterator():
        if act.facts["last_sha256"] not in known:
            yield f"contributor {act.subject_id}: an event decided at {act.at.isoformat()} is gone or was changed"
