"""The sealed log is verified by itself every day; what is broken is logged, kept for the figures and mailed once."""

import logging
from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from contributions import tasks
from contributions.consenting import verification
from openempathic import audit, beat
from openempathic.audit import sealing
from openempathic.audit.models import AuditEvent, Verification


@pytest.fixture
def sealed(otto):
    with transaction.atomic():
        for number in range(5):
            audit.record("thing.done", subject=otto, by=otto, number=number)
    sealing.seal_new(now=timezone.now() + timedelta(hours=1))
    return AuditEvent.objects.order_by("pk")


def test_beat_asks_for_it_once_a_day():
    ticks = {name: (task, sweeps) for name, task, sweeps, _expires in beat.TICKS}

    assert ticks["verify-records"] == ("contributions.tasks.verify_records", 24 * 3600 / 2)


def test_a_log_that_holds_is_kept_as_such_and_nobody_is_mailed(sealed, cleo, caplog):
    tasks.verify_records()

    assert Verification.objects.get().broken_count == 0
    assert mail.outbox == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_an_edited_event_is_logged_each_time_and_mailed_to_curators_once(sealed, cleo, milo, caplog):
    sealed.filter(pk=sealed[2].pk).update(act="nothing.done")
    for _day in range(3):
        tasks.verify_records()

    assert [each.broken_count for each in Verification.objects.all()] == [1, 1, 1]
    assert [letter.to for letter in mail.outbox] == [[cleo.email]]
    assert "an event, or the seal itself, was changed" in mail.outbox[0].body
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 3
    assert not any(address in record.getMessage() for record in errors for address in (cleo.email, milo.email))

    sealed.filter(pk=sealed[4].pk).delete()
    AuditEvent.objects.filter(pk=sealed[0].pk).delete()
    tasks.verify_records()
    assert len(mail.outbox) == 2


def test_outcomes_are_forgotten_after_three_months(sealed):
    now = timezone.now()
    for days in (0, 50, 100):
        verification.verify(now=now + timedelta(days=days))

    assert Verification.objects.count() == 2
