"""Whatever is done to the sealed log shows, and what is not sealed yet is said not to be."""

import random
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from contributions.consenting import consent
from contributions.models import ConsentEvent, ConsentText, CurrentConsent, Purpose
from openempathic import audit
from openempathic.audit import sealing, tasks
from openempathic.audit.models import AuditEvent, AuditSeal
from tests import worlds

BATCH = 7
EVENTS = 40


@pytest.fixture
def log(db, monkeypatch):
    """Forty sealed events in batches of seven, and three that are not sealed."""
    monkeypatch.setattr(sealing, "EVENTS_A_SEAL", BATCH)
    otto = worlds.person("otto")
    acts(EVENTS, by=otto)
    sealing.seal_new(now=later())
    acts(3, by=otto)
    return list(AuditEvent.objects.order_by("pk"))


def acts(count, *, by):
    with transaction.atomic():
        for number in range(count):
            audit.record("thing.done", subject=by, by=by, number=number)


def later():
    return timezone.now() + timedelta(hours=1)


def verified(**options):
    told = StringIO()
    call_command("verify_records", stdout=told, **options)
    return told.getvalue()


def refused(**options):
    told = StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command("verify_records", stdout=told, **options)
    assert refusal.value.returncode == 1
    return told.getvalue()


def test_every_event_is_sealed_once_and_in_order(log):
    seals = list(AuditSeal.objects.all())

    assert [seal.event_count for seal in seals] == [7, 7, 7, 7, 7, 5]
    assert [seal.previous_sha256 for seal in seals] == ["", *(seal.sha256 for seal in seals[:-1])]
    assert list(sealing.broken_seals()) == []


def test_sealing_again_changes_nothing(log):
    sealing.seal_new(now=later())
    count = AuditSeal.objects.count()

    assert sealing.seal_new(now=later()) == 0
    assert AuditSeal.objects.count() == count


def test_an_event_waits_until_no_elder_neighbour_can_come_in(db):
    acts(1, by=worlds.person("otto"))

    tasks.seal()

    assert not AuditSeal.objects.exists()


def test_the_beat_knows_the_task(settings):
    scheduled = [entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()]

    assert tasks.seal.name in scheduled


def test_what_is_not_sealed_yet_is_said_and_the_last_digest_is_told(log):
    told = verified()

    assert "Not sealed yet: 3 events" in told
    assert AuditSeal.objects.last().sha256 in told
    assert "Every seal and every chain of consents holds." in told


def test_an_account_that_is_deleted_breaks_no_seal(log):
    log[0].actor.delete()

    assert list(sealing.broken_seals()) == []
    assert AuditEvent.objects.filter(actor__isnull=True).count() == 0


def edited(log, chance):
    event = chance.choice(log)
    column, value = chance.choice(
        [
            ("act", "thing.undone"),
            ("subject_id", "999"),
            ("subject_type", "accounts.group"),
            ("agent", "worker:nobody"),
            ("actor_id", 999),
            ("facts", {"number": -1}),
            ("at", event.at + timedelta(microseconds=chance.randint(1, 10**9))),
        ]
    )
    AuditEvent.objects.filter(pk=event.pk).update(**{column: value})


def removed(log, chance):
    gone = chance.sample(log, chance.randint(1, 3))
    AuditEvent.objects.filter(pk__in=[event.pk for event in gone]).delete()


def reordered(log, chance):
    one, other = chance.sample(log, 2)
    for event, number in ((one, other.pk), (other, one.pk)):
        AuditEvent.objects.filter(pk=event.pk).delete()
        event.pk = number
    for event in (one, other):
        at = event.at
        event.save(force_insert=True)
        AuditEvent.objects.filter(pk=event.pk).update(at=at)


def replaced(log, chance):
    """One is taken out and a new one put in its place, so that the count is right."""
    event = chance.choice(log)
    AuditEvent.objects.filter(pk=event.pk).delete()
    AuditEvent.objects.create(pk=event.pk, act="thing.invented", subject_type="x", subject_id="1", agent="nobody")


def seal_edited(log, chance):
    seal = chance.choice(list(AuditSeal.objects.all()))
    column, value = chance.choice(
        [
            ("first_event", seal.first_event - 1),
            ("last_event", seal.last_event - 1),
            ("event_count", seal.event_count + 1),
            ("previous_sha256", f"{chance.getrandbits(256):064x}"),
            ("sha256", f"{chance.getrandbits(256):064x}"),
            ("sealed_at", seal.sealed_at + timedelta(seconds=1)),
        ]
    )
    AuditSeal.objects.filter(pk=seal.pk).update(**{column: value})


def seal_removed(log, chance):
    # All but the last: that a log cut off at its end cannot show it by itself is said, not hidden.
    chance.choice(list(AuditSeal.objects.all())[:-1]).delete()


@pytest.mark.parametrize("tamper", [edited, removed, reordered, replaced, seal_edited, seal_removed])
def test_whatever_is_done_to_the_sealed_log_is_found(log, tamper):
    sealed = log[:EVENTS]
    for seed in range(60):
        with transaction.atomic():
            tamper(sealed, random.Random(seed))
            assert list(sealing.broken_seals()), f"{tamper.__name__}, seed {seed}"
            transaction.set_rollback(True)
        # The rows are as they were; the objects, which a tampering may have changed, are read again.
        sealed = list(AuditEvent.objects.order_by("pk")[:EVENTS])

    assert list(sealing.broken_seals()) == []


def test_an_event_slipped_in_between_two_batches_is_found(db, monkeypatch):
    monkeypatch.setattr(sealing, "EVENTS_A_SEAL", BATCH)
    acts(2 * BATCH + 1, by=worlds.person("otto"))
    # A transaction that is rolled back leaves such a gap in PostgreSQL's numbers.
    unused = AuditEvent.objects.order_by("pk")[BATCH]
    number = unused.pk
    unused.delete()
    sealing.seal_new(now=later())

    assert list(sealing.broken_seals()) == []
    AuditEvent.objects.create(pk=number, act="thing.invented", subject_type="x", subject_id="1", agent="nobody")
    assert list(sealing.broken_seals())


def test_a_log_cut_off_at_its_end_is_found_by_the_digest_that_was_kept(log):
    last = AuditSeal.objects.last()
    kept = last.sha256
    AuditEvent.objects.filter(pk__gte=last.first_event).delete()
    last.delete()

    assert "holds" in verified()
    assert "cut off" in refused(seal=kept)


def test_the_command_names_the_batch_that_was_changed(log):
    AuditEvent.objects.filter(pk=log[10].pk).update(act="thing.undone")

    told = refused()

    assert f"BROKEN seal {AuditSeal.objects.all()[1].pk}" in told
    assert told.count("BROKEN") == 1


def test_a_consent_that_was_changed_is_found(vera):
    assert "holds" in verified()
    ConsentEvent.objects.filter(position=0).update(kind="REFUSED")

    assert "the consents do not hold from event 0" in refused()


def test_a_fold_that_says_more_than_the_events_is_found(vera):
    CurrentConsent.objects.update(is_given=False)

    assert "what stands now is not what the events say" in refused()


@pytest.mark.parametrize("ended_by", ["deciding", "withdrawing"])
def test_a_chain_that_was_cut_at_its_end_is_found_through_the_log(vera, ended_by):
    voice = consent.contributor_for(vera)
    if ended_by == "withdrawing":
        consent.withdraw(voice, Purpose.TRAIN_MODELS, by=vera, locale="en")
    end = voice.consent_events.last()
    CurrentConsent.objects.filter(event=end).delete()
    ConsentEvent.objects.filter(pk=end.pk).delete()
    for purpose, is_given in consent.folded(voice).items():
        event = voice.consent_events.filter(purpose=purpose).last()
        fold = {"is_given": is_given, "event": event}
        CurrentConsent.objects.update_or_create(contributor=voice, purpose=purpose, defaults=fold)

    told = refused()

    assert "is gone or was changed" in told
    assert told.count("BROKEN") == 1


def test_words_that_were_changed_after_people_agreed_are_found(vera):
    ConsentText.objects.filter(pk=ConsentText.objects.first().pk).update(body="You gave us everything.")

    assert "its words were changed" in refused()
