"""Screening judges physics, once, whoever is killed; emotion passes."""

from unittest.mock import Mock

import pytest

from contributions import states
from contributions.audio import decode, dnsmos, examiner
from contributions.models import Clip, Examination
from contributions.screening import examination, rules, verdicts
from contributions.taxonomy import measures
from openempathic import leases, storage
from openempathic.audit.models import AuditEvent
from tests import worlds
from tests.contributions.audio import sounds

SILENCE = sounds.wav(sounds.tone(seconds=2, amplitude=0)[:, None])
TOO_LONG = sounds.wav(sounds.tone(seconds=25)[:, None])


def test_veras_speech_goes_to_review_with_archive_and_outline(vera):
    clip = worlds.screened_clip(vera)

    assert clip.status == Clip.Status.IN_REVIEW
    assert clip.duration_seconds > 1
    assert storage.read(clip.archive)[:4] == b"fLaC"
    assert storage.stat(clip.peaks).byte_count > 100
    assert storage.read(clip.spectrogram)[:4] == b"\x89PNG"


def test_every_measure_is_kept_with_the_examiners_version_and_the_rules_version(vera):
    worlds.screened_clip(vera)

    found = Examination.objects.get()
    assert (found.agent, found.version, found.rules) == ("screening", examiner.VERSION, rules.current())
    assert set(found.measures) == set(measures.KNOWN)


def test_a_moderator_can_hear_and_see_what_is_unusable(vera):
    clip = worlds.screened_clip(vera, SILENCE)

    assert clip.status == Clip.Status.UNUSABLE
    assert storage.read(clip.archive)[:4] == b"fLaC"
    assert storage.read(clip.spectrogram)[:4] == b"\x89PNG"


@pytest.mark.parametrize("sound", [worlds.ANGER, SILENCE], ids=["speech", "silence"])
def test_all_that_is_derived_is_made_again_from_the_original_to_the_byte(vera, milo, sound):
    clip = worlds.screened_clip(vera, sound)
    keys = (clip.archive, clip.peaks, clip.spectrogram)
    first = [storage.read(key) for key in keys]
    storage.erase(f"{clip.prefix}/archive.flac")
    Clip.objects.filter(pk=clip.pk).update(status=Clip.Status.STORED, next_attempt_at=leases.Now())

    assert examination.examine_due(clip.pk) is not None

    assert [storage.read(key) for key in keys] == first
    one, other = Examination.objects.order_by("pk")
    assert (one.measures, one.reason, one.warnings) == (other.measures, other.reason, other.warnings)


def test_a_fault_that_milo_heard_and_let_pass_does_not_stop_the_clip_again(vera, milo):
    clip = worlds.screened_clip(vera, SILENCE)
    for target in (Clip.Status.ACCEPTED, Clip.Status.DISPUTED, Clip.Status.STORED):
        decided(clip, by=milo, target=target)

    examination.examine_due(clip.pk)

    clip.refresh_from_db()
    last = clip.examinations.last()
    assert (clip.status, last.is_usable) == (Clip.Status.IN_REVIEW, True)
    assert {"SILENT", "NO_SPEECH"} & set(last.notes)


def decided(clip, *, by, target):
    """What a moderator's verdict, or doubt, makes of the clip."""
    clip.refresh_from_db()
    if clip.status == Clip.Status.ACCEPTED:
        states.move(clip, to=target, by=by)
        return
    verdicts.decide(clip, by=by, decision=verdicts.Decision(to_status=target), seen=verdicts.mark_of(clip))


def test_advice_is_asked_only_of_a_clip_that_a_rule_stumbled_over(vera, monkeypatch):
    asked = []
    monkeypatch.setattr(dnsmos, "overall", lambda waveform: asked.append(len(waveform)) or 1.5)

    worlds.screened_clip(vera)
    assert not asked
    found = worlds.screened_clip(vera, SILENCE).examinations.get()

    assert (len(asked), found.measures["dnsmos_overall"]) == (1, 1.5)
    assert "POOR_SOUND" in found.notes


@pytest.mark.parametrize("sound", sorted(worlds.SOUNDS.glob("*.wav")), ids=lambda path: path.stem)
def test_no_emotion_is_rejected(vera, sound):
    assert worlds.screened_clip(vera, sound).status == Clip.Status.IN_REVIEW


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"this is no sound", "NOT_AUDIO"),
        (b"ffconcat version 1.0\nfile s.mp3", "NOT_AUDIO"),
        (SILENCE, "SILENT"),
        (TOO_LONG, "TOO_LONG"),
    ],
)
def test_a_physical_fault_is_named(vera, body, reason):
    clip = worlds.screened_clip(vera, body)

    assert (clip.status, clip.status_reason) == (Clip.Status.UNUSABLE, reason)
    assert Examination.objects.get().reason == reason


def test_a_clip_is_screened_once(vera):
    clip = worlds.screened_clip(vera)

    assert examination.examine_due(clip.pk) is None
    assert Examination.objects.count() == 1


def test_a_worker_that_slept_past_its_lease_writes_nothing(vera, settings, monkeypatch):
    clip = worlds.stored_clip(vera)
    settings.LEASE_SECONDS = -1
    honest = examination.screen

    def taken_over_meanwhile(clip, folder):
        finding = honest(clip, folder)
        monkeypatch.setattr(examination, "screen", honest)
        settings.LEASE_SECONDS = 60
        assert examination.examine_due(clip.pk) is not None
        return finding

    monkeypatch.setattr(examination, "screen", taken_over_meanwhile)

    assert examination.examine_due(clip.pk) is None
    assert Examination.objects.count() == 1
    assert AuditEvent.objects.filter(act="clip.in_review").count() == 1


def test_withdrawal_during_screening_wins(vera, monkeypatch):
    clip = worlds.stored_clip(vera)
    honest = examination.screen

    def withdrawn_meanwhile(clip, folder):
        states.move(Clip.objects.get(pk=clip.pk), to=Clip.Status.WITHDRAWN, by=vera)
        return honest(clip, folder)

    monkeypatch.setattr(examination, "screen", withdrawn_meanwhile)
    examination.examine_due(clip.pk)
    clip.refresh_from_db()

    assert clip.status == Clip.Status.WITHDRAWN
    assert not Examination.objects.exists()


def test_three_failed_attempts_bring_a_clip_to_a_moderator(vera, monkeypatch):
    clip = worlds.stored_clip(vera)

    def broken(*_args, **_options):
        raise decode.DecodingFailed("the machine's fault")

    monkeypatch.setattr(decode, "decode", broken)
    for _attempt in range(3):
        Clip.objects.update(next_attempt_at=leases.Now())
        with pytest.raises(decode.DecodingFailed):
            examination.examine_due(clip.pk)

    assert examination.examine_due(clip.pk) is None
    assert examination.quarantine_exhausted() == 1
    clip.refresh_from_db()
    assert (clip.status, clip.status_reason) == (Clip.Status.QUARANTINED, "ATTEMPTS_FAILED")


def test_a_store_that_is_away_for_long_is_not_held_against_a_clip(vera, monkeypatch):
    clip = worlds.stored_clip(vera)
    monkeypatch.setattr(examination, "RETRY_SECONDS", 0)
    monkeypatch.setattr(storage, "fetch", Mock(side_effect=storage.StorageUnreachable("away")))
    for _attempt in range(2 * examination.ATTEMPTS_MAX):
        with pytest.raises(storage.StorageUnreachable):
            examination.examine_due(clip.pk)
    monkeypatch.undo()

    assert examination.quarantine_exhausted() == 0
    assert examination.examine_due(clip.pk) is not None


def test_a_failed_attempt_is_due_again(vera, monkeypatch):
    clip = worlds.stored_clip(vera)
    monkeypatch.setattr(examination, "RETRY_SECONDS", 0)
    monkeypatch.setattr(storage, "fetch", Mock(side_effect=storage.StorageUnreachable("away")))
    with pytest.raises(storage.StorageUnreachable):
        examination.examine_due(clip.pk)
    monkeypatch.undo()

    assert examination.examine_due(clip.pk) is not None


@pytest.fixture
def seeking(settings):
    """A site that looks for twins, as every real one does."""
    settings.SEEK_DUPLICATES = True


def test_the_same_file_a_second_time_waits_for_a_moderator_with_its_twin(vera, seeking):
    first, second = worlds.screened_clip(vera), worlds.screened_clip(vera)

    assert (first.status, second.status) == (Clip.Status.IN_REVIEW, Clip.Status.QUARANTINED)
    assert second.status_reason == "DUPLICATE_BYTES"
    screening, same = second.examinations.order_by("pk")
    assert (screening.agent, screening.is_usable) == ("screening", True)
    assert (same.agent, same.twin, same.score, same.is_usable) == ("duplicates", first, 1.0, False)
    assert storage.read(second.archive)[:4] == b"fLaC"


def test_the_same_sound_from_another_person_in_another_container_is_found(vera, seeking):
    first = worlds.screened_clip(vera)
    vilma = worlds.volunteer("vilma")

    second = worlds.screened_clip(vilma, sounds.encoded(sounds.spoken(worlds.ANGER.stem), "webm-opus"))

    assert (second.status, second.status_reason) == (Clip.Status.QUARANTINED, "DUPLICATE_SOUND")
    assert second.examinations.last().twin == first


def test_of_two_twins_that_are_screened_at_the_same_moment_one_waits(vera, monkeypatch, seeking):
    first, second = worlds.stored_clip(vera), worlds.stored_clip(vera)
    honest = examination.screen

    def overtaken(clip, folder):
        found = honest(clip, folder)
        monkeypatch.setattr(examination, "screen", honest)
        assert examination.examine_due(second.pk) is not None
        return found

    monkeypatch.setattr(examination, "screen", overtaken)
    examination.examine_due(first.pk)

    assert sorted(Clip.objects.values_list("status", flat=True)) == ["IN_REVIEW", "QUARANTINED"]
    assert Examination.objects.filter(agent="duplicates").count() == 1


def test_twins_that_milo_heard_and_let_pass_are_not_held_against_the_clip_again(vera, milo, seeking):
    _first, second = worlds.screened_clip(vera), worlds.screened_clip(vera)
    for target in (Clip.Status.ACCEPTED, Clip.Status.DISPUTED, Clip.Status.STORED):
        decided(second, by=milo, target=target)

    examination.examine_due(second.pk)

    second.refresh_from_db()
    assert second.status == Clip.Status.IN_REVIEW
