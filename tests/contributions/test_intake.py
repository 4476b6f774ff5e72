"""A clip that was answered with 201 is durable; whatever is refused leaves nothing behind."""

import io
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from contributions import intake
from contributions.consenting import consent
from contributions.models import Clip, Prompt
from openempathic import storage
from openempathic.audit.models import AuditEvent
from tests import worlds

SOUND = worlds.ANGER.read_bytes()


def send(someone, body=SOUND, clip_id=None, **facts):
    return intake.intake(
        clip_id or uuid.uuid4(),
        contributor=consent.contributor_for(someone),
        body=io.BytesIO(body),
        announced=worlds.announced(body, **facts),
        by=someone,
    )


def nothing_is_kept():
    return not Clip.objects.exists() and list(storage.keys("clips/")) == []


def test_veras_clip_is_stored_due_and_audited(vera):
    prompt = Prompt.objects.filter(language="en").first()
    receipt = send(vera, prompt_id=prompt.pk)

    clip = Clip.objects.get()
    assert receipt.is_new
    assert storage.read(clip.original) == SOUND
    assert (clip.status, clip.intended_emotion, clip.transcript) == ("STORED", prompt.emotion, prompt.text)
    assert clip.next_attempt_at is not None
    assert AuditEvent.objects.filter(act="clip.stored", actor=vera).count() == 1


def test_a_retry_answers_the_same_clip(vera):
    first = send(vera)
    second = send(vera, clip_id=first.clip.pk)

    assert (second.clip, second.is_new) == (first.clip, False)
    assert AuditEvent.objects.filter(act="clip.stored").count() == 1


def test_the_same_id_with_other_bytes_is_refused_and_the_first_kept(vera):
    first = send(vera)

    with pytest.raises(intake.AnotherDigest):
        send(vera, body=SOUND + b"x", clip_id=first.clip.pk)
    assert storage.read(first.clip.original) == SOUND


def test_ottos_upload_under_veras_id_is_refused(vera, otto):
    first = send(vera)

    with pytest.raises(intake.AnotherDigest):
        send(otto, clip_id=first.clip.pk)


def test_without_consent_nothing_is_stored(_stocked):
    with pytest.raises(intake.NoConsent):
        send(worlds.person("otto"))
    assert nothing_is_kept()


@pytest.mark.parametrize(
    ("body", "facts", "refusal"),
    [
        (b"", {}, intake.Empty),
        (SOUND, {"byte_count": 0}, intake.Empty),
        (SOUND, {"sha256": "0" * 64}, intake.DigestDiffers),
        (SOUND, {"byte_count": 33 * 1024 * 1024}, intake.TooLarge),
        (SOUND, {"language": "not a tag!"}, intake.MalformedLanguage),
        (SOUND, {"language": ""}, intake.MalformedLanguage),
        (SOUND, {"language": "tlh"}, intake.UnknownLanguage),
        (SOUND, {"prompt_id": "no-such-prompt"}, intake.UnknownPrompt),
    ],
)
def test_bad_input_is_refused_and_nothing_is_kept(vera, body, facts, refusal):
    with pytest.raises(refusal) as caught:
        send(vera, body=body, **facts)

    assert caught.value.message
    assert nothing_is_kept()


def test_a_prompt_of_another_language_is_refused(vera):
    spanish = Prompt.objects.filter(language="es").first()

    with pytest.raises(intake.UnknownPrompt):
        send(vera, language="en", prompt_id=spanish.pk)


def test_a_body_that_lies_about_its_length_is_cut_off(vera, settings):
    settings.UPLOAD_BYTES_MAX = 1000

    with pytest.raises(intake.TooLarge):
        send(vera)
    assert nothing_is_kept()


def test_a_day_has_room_for_so_many_clips(vera, settings):
    settings.CLIPS_PER_DAY = 1
    send(vera)

    with pytest.raises(intake.QuotaSpent):
        send(vera)
    Clip.objects.update(stored_at=timezone.now() - timedelta(days=2))
    assert send(vera).is_new


@pytest.mark.parametrize(
    ("fault", "refusal"),
    [(storage.StorageFull, intake.StorageFullNow), (storage.StorageUnreachable, intake.StorageAway)],
)
def test_when_storage_fails_the_sender_is_told_to_keep_the_take(vera, monkeypatch, fault, refusal):
    def failing(*_args, **_options):
        raise fault("no")

    monkeypatch.setattr(storage, "put", failing)

    with pytest.raises(refusal):
        send(vera)
    assert not Clip.objects.exists()


def test_bytes_whose_row_was_never_written_are_taken_up_by_the_retry(vera):
    clip_id = uuid.uuid4()
    storage.put(f"clips/{clip_id}/original", SOUND)

    assert send(vera, clip_id=clip_id).is_new


def test_consent_withdrawn_during_the_upload_wins(vera, monkeypatch):
    def withdrawn_meanwhile(*_args, **_options):
        consent.CurrentConsent.objects.update(is_given=False)

    monkeypatch.setattr(intake, "check_quota", withdrawn_meanwhile)

    with pytest.raises(intake.NoConsent):
        send(vera)
    assert nothing_is_kept()


@pytest.mark.django_db(transaction=True)
def test_twelve_racing_retries_make_one_clip():
    worlds.stocked()
    vera, clip_id = worlds.volunteer("vera"), uuid.uuid4()

    def race(_number):
        try:
            return send(vera, clip_id=clip_id)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as pool:
        receipts = list(pool.map(race, range(12)))

    assert sum(receipt.is_new for receipt in receipts) == 1
    assert {receipt.clip.pk for receipt in receipts} == {clip_id}
    assert AuditEvent.objects.filter(act="clip.stored").count() == 1
