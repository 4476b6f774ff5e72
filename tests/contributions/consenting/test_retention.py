"""The clock of retention: wound by visits, warned of in time, and what is over when it has run out."""

import io
import logging
import os
import uuid
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from contributions import intake, tasks
from contributions.consenting import consent, retention
from contributions.leaving import withdrawal
from contributions.models import Clip, ConsentEvent, Contributor, Prompt
from openempathic import storage
from openempathic.accounts import invitations
from openempathic.accounts.models import Invitation, Role, User
from openempathic.audit.models import AuditEvent
from tests import harvest, worlds

NOW = timezone.now()
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _ten_days(settings):
    """Long enough to tell days apart; the warning of 30 days comes on top where there is an account."""
    settings.RETENTION_DAYS = 100


def voice_of(person):
    return consent.contributor_for(person)


def unseen(voice, days):
    """The voice, last seen so many days ago."""
    Contributor.objects.filter(pk=voice.pk).update(last_interaction_at=NOW - days * DAY, created_at=NOW - days * DAY)
    voice.refresh_from_db()
    return voice


def guest(days=0):
    return unseen(Contributor.objects.create(guest_serial=1, split="train"), days)


def consenting_guest(days=0):
    someone = Contributor.objects.create(guest_serial=1, split="train")
    shown = consent.texts("es")
    given = {text.purpose for text in shown}
    consent.decide(someone, given=given, shown=shown, locale="es", is_adult=True, by=someone.actor)
    return unseen(someone, days)


def clip_of(voice):
    body = worlds.ANGER.read_bytes()
    announced = worlds.announced(body, prompt_id=Prompt.objects.filter(language="en").first().pk)
    return intake.intake(
        uuid.uuid4(), contributor=voice, body=io.BytesIO(body), announced=announced, by=voice.actor
    ).clip


def statuses():
    return set(Clip.objects.values_list("status", flat=True))


# The clock


def test_a_visit_winds_the_clock_and_forgets_the_warning(vera):
    voice = unseen(voice_of(vera), 99)
    Contributor.objects.update(retention_warned_at=NOW - DAY)
    voice.refresh_from_db()

    retention.touch(voice, now=NOW)

    kept = Contributor.objects.get(pk=voice.pk)
    assert (kept.last_interaction_at, kept.retention_warned_at) == (NOW, None)
    assert (voice.last_interaction_at, voice.retention_warned_at) == (NOW, None)


def test_a_busy_day_costs_one_write(vera, django_assert_num_queries):
    voice = unseen(voice_of(vera), 2)

    with django_assert_num_queries(1):
        retention.touch(voice, now=NOW)
        for hours in (1, 5, 23):
            retention.touch(voice, now=NOW + timedelta(hours=hours))


def test_an_older_visit_never_sets_the_clock_back(vera):
    voice = unseen(voice_of(vera), 50)
    late = Contributor.objects.get(pk=voice.pk)
    retention.touch(voice, now=NOW)

    retention.touch(late, now=NOW - 3 * DAY)

    assert Contributor.objects.get(pk=voice.pk).last_interaction_at == NOW


def test_a_visit_winds_the_clock_of_every_voice_that_the_person_owns(vera):
    claimed = unseen(Contributor.objects.create(guest_serial=1, claimed_by=vera, split="train"), 60)
    other = guest(60)

    retention.touch(unseen(voice_of(vera), 60), now=NOW)

    seen = Contributor.objects.in_bulk()
    assert seen[claimed.pk].last_interaction_at == NOW
    assert seen[other.pk].last_interaction_at == NOW - 60 * DAY


def test_a_sign_in_is_a_visit(client, vera):
    unseen(voice_of(vera), 99)
    Contributor.objects.update(retention_warned_at=NOW - DAY)

    client.post(reverse("account_login"), {"login": "vera@example.org", "password": "a long enough word"})

    voice = Contributor.objects.get()
    assert voice.last_interaction_at >= NOW
    assert voice.retention_warned_at is None


def test_a_sign_in_without_a_voice_makes_none(client, _stocked):
    client.force_login(worlds.person("nora"))

    assert not Contributor.objects.exists()


def test_the_day_on_which_a_voice_lapses_can_be_told(vera):
    voice = unseen(voice_of(vera), 99)
    assert retention.lapses_at(voice) == NOW + DAY

    voice.retention_warned_at = NOW
    assert retention.lapses_at(voice) == NOW + 30 * DAY


# The warning


def test_a_person_with_an_account_is_warned_once_in_their_language(vera):
    voice = unseen(voice_of(vera), 70)
    ConsentEvent.objects.update(locale="es")

    retention.warn_due(NOW)
    retention.warn_due(NOW + DAY)

    [sent] = mail.outbox
    assert sent.to == ["vera@example.org"]
    assert sent.subject == "Open Empathic: ¿podemos conservar tu voz?"
    assert "/contribute/clips/" in sent.body
    assert "/retention/" in sent.body
    assert Contributor.objects.get(pk=voice.pk).retention_warned_at == NOW
    assert AuditEvent.objects.filter(act="retention.warned", agent="retention").count() == 1


def test_nobody_is_warned_too_early_or_about_nothing(vera, otto):
    unseen(voice_of(vera), 69)
    empty = unseen(voice_of(otto), 90)
    consent.withdraw(empty, consent.REQUIRED, by=otto, locale="en")

    assert retention.warn_due(NOW) == 0
    assert mail.outbox == []


def test_an_account_with_two_voices_gets_one_mail(vera):
    unseen(voice_of(vera), 80)
    claimed = consenting_guest(80)
    Contributor.objects.filter(pk=claimed.pk).update(claimed_by=vera)

    assert retention.warn_due(NOW) == 1

    assert len(mail.outbox) == 1
    assert not Contributor.objects.filter(retention_warned_at=None).exists()


def test_a_mail_that_cannot_be_sent_is_no_warning_and_leaks_no_address(vera, monkeypatch, caplog):
    voice = unseen(voice_of(vera), 200)

    def refused(_mail):
        raise OSError("vera@example.org is not accepted")

    with monkeypatch.context() as broken, caplog.at_level(logging.INFO):
        broken.setattr("django.core.mail.EmailMessage.send", refused)
        retention.keep_the_promise(now=NOW)

    assert Contributor.objects.get(pk=voice.pk).retention_warned_at is None
    assert consent.covers(voice, consent.REQUIRED)
    assert "OSError" in caplog.text
    assert "vera" not in caplog.text
    assert retention.warn_due(NOW) == 1


# Lapsing


def test_a_voice_whose_person_was_warned_and_did_not_come_lapses(vera):
    clip = worlds.stored_clip(vera)
    voice = unseen(voice_of(vera), 100)
    retention.keep_the_promise(now=NOW)
    assert statuses() == {Clip.Status.STORED}

    retention.keep_the_promise(now=NOW + 30 * DAY)

    assert statuses() == {Clip.Status.WITHDRAWN}
    assert set(consent.current(voice).values()) == {False}
    assert consent.current(voice) == consent.folded(voice)
    assert consent.broken_link(voice) is None
    assert User.objects.filter(email="vera@example.org").exists()
    acts = AuditEvent.objects.filter(agent="retention").values_list("act", flat=True)
    assert {"retention.warned", "consent.withdrawn", "clip.withdrawn", "contributor.lapsed"} <= set(acts)
    assert withdrawal.purge_due(clip.pk) is not None
    assert list(storage.keys(f"clips/{clip.pk}/")) == []


@pytest.mark.parametrize("warned_days_ago", [None, 0, 29.9])
def test_nothing_lapses_of_an_account_that_was_not_warned_thirty_days_ago(vera, warned_days_ago):
    voice = unseen(voice_of(vera), 1000)
    if warned_days_ago is not None:
        Contributor.objects.update(retention_warned_at=NOW - timedelta(days=warned_days_ago))

    assert retention.lapse_due(NOW) == 0
    assert consent.covers(voice, consent.REQUIRED)


def test_a_visit_after_the_warning_saves_the_voice(vera):
    voice = unseen(voice_of(vera), 100)
    retention.warn_due(NOW)
    voice.refresh_from_db()
    retention.touch(voice, now=NOW + 29 * DAY)

    retention.keep_the_promise(now=NOW + 31 * DAY)

    assert consent.covers(voice, consent.REQUIRED)


def test_a_visit_between_finding_a_voice_and_holding_it_is_seen(_stocked, monkeypatch):
    voice = consenting_guest(100)
    found = list(retention.run_out(NOW))
    retention.touch(Contributor.objects.get(pk=voice.pk), now=NOW)

    assert found == [voice]
    assert not retention.lapsed(found[0], now=NOW)
    assert consent.covers(voice, consent.REQUIRED)


def test_a_guest_lapses_without_a_warning_on_the_very_day(_stocked):
    voice = consenting_guest()
    clip_of(voice)
    unseen(voice, 99)
    retention.keep_the_promise(now=NOW)
    assert statuses() == {Clip.Status.STORED}

    retention.keep_the_promise(now=NOW + DAY)

    assert statuses() == {Clip.Status.WITHDRAWN}
    assert ConsentEvent.objects.filter(kind="WITHDRAWN", locale="es").exists()
    assert mail.outbox == []


def test_a_mail_server_that_hangs_holds_up_nothing_else(vera, monkeypatch):
    unseen(voice_of(vera), 80)
    voice, passer_by = consenting_guest(100), guest(3)

    def hangs(_now):
        raise TimeoutError("the worker is ended")

    monkeypatch.setattr(retention, "warn_due", hangs)
    with pytest.raises(TimeoutError):
        retention.keep_the_promise(now=NOW)

    assert not consent.covers(voice, consent.REQUIRED)
    assert not Contributor.objects.filter(pk=passer_by.pk).exists()


def test_lapsing_twice_changes_nothing(_stocked):
    voice = consenting_guest(100)
    retention.lapse_due(NOW)
    before = ConsentEvent.objects.count(), AuditEvent.objects.count()

    assert retention.lapse_due(NOW) == 0
    assert (ConsentEvent.objects.count(), AuditEvent.objects.count()) == before
    assert Contributor.objects.filter(pk=voice.pk).exists()


def test_licensed_corpora_never_lapse(db):
    harvest.corpus()
    Contributor.objects.update(last_interaction_at=NOW - 9999 * DAY)

    retention.keep_the_promise(now=NOW)

    assert statuses() == {Clip.Status.ACCEPTED}


def test_a_voice_that_cannot_lapse_now_keeps_no_other_waiting(_stocked, monkeypatch, caplog):
    first, second = consenting_guest(101), consenting_guest(100)
    lapse = consent.lapse

    def fails(voice, **how):
        if voice.pk == first.pk:
            raise OSError("the disk is full")
        return lapse(voice, **how)

    monkeypatch.setattr(consent, "lapse", fails)

    assert retention.lapse_due(NOW) == 1
    assert consent.covers(first, consent.REQUIRED)
    assert not consent.covers(second, consent.REQUIRED)


def test_lapsing_goes_in_batches_the_longest_unseen_first(_stocked):
    voices = [consenting_guest(100 + more) for more in range(3)]

    assert retention.lapse_due(NOW, at_most=2) == 2
    assert [consent.covers(voice, consent.REQUIRED) for voice in voices] == [True, False, False]
    assert retention.lapse_due(NOW, at_most=2) == 1


# What nobody comes back for


def test_a_guest_who_never_answered_is_forgotten_after_a_day(_stocked):
    young, old, answered = guest(0.9), guest(1), consenting_guest(50)

    retention.keep_the_promise(now=NOW)

    assert set(Contributor.objects.values_list("pk", flat=True)) == {young.pk, answered.pk}
    assert AuditEvent.objects.get(act="contributor.abandoned").subject_id == str(old.pk)


def test_a_guest_who_answers_at_the_last_moment_is_not_forgotten(_stocked):
    late = guest(2)
    [found] = retention.abandoned(NOW)
    shown = consent.texts("en")
    consent.decide(late, given={consent.REQUIRED}, shown=shown, locale="en", is_adult=True, by=late.actor)

    assert not retention.forgotten(found, now=NOW)
    assert Contributor.objects.filter(pk=late.pk).exists()


def test_an_account_that_never_gave_anything_stays(_stocked):
    someone = worlds.person("nora")
    unseen(voice_of(someone), 5000)

    retention.keep_the_promise(now=NOW)

    assert Contributor.objects.filter(user=someone).exists()


def test_ended_sessions_and_unused_invitations_are_removed(client, vera, cleo):
    client.force_login(vera)
    taken, _word = invitations.invite("taken@example.org", role=Role.MODERATOR, by=cleo)
    Invitation.objects.filter(pk=taken.pk).update(accepted_at=NOW, accepted_by=vera)
    invitations.invite("nobody@example.org", role=Role.MODERATOR, by=cleo)

    retention.forget_expired(NOW + 13 * DAY)
    assert (Session.objects.count(), Invitation.objects.count()) == (1, 2)

    retention.forget_expired(NOW + 15 * DAY)
    assert Session.objects.count() == 0
    assert list(Invitation.objects.all()) == [taken]


def test_mail_that_was_written_to_files_goes_when_logs_do(settings, tmp_path):
    settings.EMAIL_FOLDER = tmp_path / "mail"
    retention.forget_mail(NOW)
    settings.EMAIL_FOLDER.mkdir()
    for name in ("20200101-000000-1.log", "20200102-000000-2.log", "notes.txt"):
        (settings.EMAIL_FOLDER / name).write_text("To: vera@example.org")
    for name, days in (("20200101-000000-1.log", 15), ("20200102-000000-2.log", 13), ("notes.txt", 99)):
        at = (NOW - days * DAY).timestamp()
        os.utime(settings.EMAIL_FOLDER / name, (at, at))

    assert retention.forget_mail(NOW) == 1
    assert {path.name for path in settings.EMAIL_FOLDER.iterdir()} == {"20200102-000000-2.log", "notes.txt"}


def test_beat_keeps_the_promise(_stocked, settings):
    guest(2)

    tasks.retain()

    assert settings.CELERY_BEAT_SCHEDULE["retain"]["task"] == tasks.retain.name
    assert not Contributor.objects.exists()
