"""Who did what to what: an event in the same transaction as the act."""

from typing import Any

from django.db import models, transaction


def record(act: str, *, subject: models.Model, by: Any, **facts: Any) -> None:
    """Keep one event of the act; the caller's transaction must be open, so that neither exists without the other.

    `by` is a User or the name of an agent ("worker:screening"). Facts hold ids and codes, never personal data.
    """
    from openempathic.audit.models import AuditEvent

    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An audit event belongs to the transaction of its act")
    actor, agent = (None, by) if isinstance(by, str) else (by, "")
    AuditEvent.objects.create(
        act=act,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        actor=actor,
        agent=agent,
        facts={name: value for name, value in facts.items() if value not in (None, "")},
    )
