"""Milo hears what a machine refused and decides; his word stands, and neither a speaker nor a rater has a say."""

import json
import zipfile
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions import permissions
from contributions.consenting import consent
from contributions.leaving import exports, withdrawal
from contributions.listening import prelabelling, ratings
from contributions.listening.ratings import Answer
from contributions.models import Clip, Examination, Purpose, RatingTurn, Suggestion, Verdict
from contributions.screening import examination, verdicts
from contributions.screening.verdicts import Decision
from openempathic import storage
from openempathic.accounts.models import Role
from openempathic.audit.models import AuditEvent
from openempathic.registry.models import Checkpoint
from tests import worlds
from tests.contributions.audio import sounds

SILENCE = sounds.wav(sounds.tone(seconds=2, amplitude=0)[:, None])
S = Clip.Status
IT_IS_FINE, ACCEPT, AGAIN = Decision(S.IN_REVIEW), Decision(S.ACCEPTED), Decision(S.STORED)
NO = Decision(S.REJECTED, reason="TOO_NOISY", note="a hum")


@pytest.fixture
def mona(_stocked):
    return worlds.person("mona", Role.MODERATOR)


@pytest.fixture
def silent(vera):
    return worlds.screened_clip(vera, SILENCE)


def placed(clip, status, reason=""):
    """The clip in that status, however hard to reach by the acts, with sound that can be played."""
    storage.put(clip.archive, b"fLaC")
    Clip.objects.filter(pk=clip.pk).update(status=status, status_reason=reason)
    clip.refresh_from_db()
    return clip


def decided(clip, by, decision):
    verdict = verdicts.decide(clip, by=by, decision=decision, seen=verdicts.mark_of(clip))
    clip.refresh_from_db()
    return verdict


def test_milo_overturns_a_machine_and_the_log_says_so(silent, milo, mona):
    storage.put(silent.archive, b"fLaC")
    verdict = decided(silent, milo, Decision(S.IN_REVIEW, note="a whisper"))

    assert (silent.status, silent.status_reason) == (S.IN_REVIEW, "")
    assert (verdict.from_status, verdict.to_status, verdict.note) == (S.UNUSABLE, S.IN_REVIEW, "a whisper")
    assert verdict.examination == Examination.objects.get()
    event = AuditEvent.objects.latest("pk")
    assert (event.act, event.actor, event.facts["source"]) == ("clip.in_review", milo, "UNUSABLE")
    assert "whisper" not in str(event.facts)
    # He knows what the machine found: somebody else listens blind.
    assert ratings.open_turn(milo) is None
    assert ratings.open_turn(mona).clip == silent


@pytest.mark.parametrize("source", verdicts.DECIDABLE)
@pytest.mark.parametrize("decision", [IT_IS_FINE, ACCEPT, AGAIN, NO], ids=lambda each: each.to_status)
def test_every_verdict_on_everything_that_waits(vera, milo, source, decision):
    clip = placed(worlds.stored_clip(vera), source)
    if source == decision.to_status:
        with pytest.raises(verdicts.IncompleteVerdict):
            decided(clip, milo, decision)
        return
    decided(clip, milo, decision)

    assert (clip.status, clip.status_reason) == (decision.to_status, decision.reason)


@pytest.mark.parametrize("status", [each for each in S if each not in (*verdicts.DECIDABLE, "WITHDRAWN", "PURGED")])
def test_nothing_is_decided_about_a_clip_that_waits_for_no_moderator(vera, milo, status):
    clip = placed(worlds.stored_clip(vera), status)

    assert not permissions.decidable_by(milo).exists()
    with pytest.raises(verdicts.DecidedMeanwhile):
        decided(clip, milo, NO)
    assert not Verdict.objects.exists()


def test_a_clip_that_goes_on_is_owed_what_every_clip_in_review_is_owed(silent, milo):
    champion = Checkpoint.objects.create(
        digest="a" * 64, status="CHAMPION", preset="nano", release_digest="b" * 64, run_id=silent.pk, files={}
    )
    decided(placed(silent, S.UNUSABLE, "SILENT"), milo, IT_IS_FINE)
    prelabelling.owe_backlog()

    owed = Suggestion.objects.get()
    assert (owed.clip, owed.checkpoint) == (silent, champion)
    assert owed.next_attempt_at is not None


def test_a_clip_that_is_screened_again_is_due_at_once_with_all_its_attempts(vera, milo):
    clip = placed(worlds.stored_clip(vera), S.QUARANTINED, "ATTEMPTS_FAILED")
    Clip.objects.filter(pk=clip.pk).update(attempts=3, next_attempt_at=None, lease_expires_at=timezone.now())
    decided(clip, milo, AGAIN)

    assert examination.examine_due(clip.pk) is not None
    clip.refresh_from_db()
    assert clip.status == S.IN_REVIEW


def test_a_clip_without_sound_is_accepted_by_nobody_but_may_be_refused_or_screened_again(vera, milo):
    clip = worlds.screened_clip(vera, b"this is no sound")

    for decision in (IT_IS_FINE, ACCEPT):
        with pytest.raises(verdicts.NothingToHear):
            decided(clip, milo, decision)
    decided(clip, milo, Decision(S.REJECTED, reason="NOT_AUDIO"))
    assert (clip.status, clip.status_reason) == (S.REJECTED, "NOT_AUDIO")


@pytest.mark.parametrize("reason", ["", "BORING", "CLIPPED"])
def test_a_refusal_needs_a_reason_that_a_listener_or_the_machine_gave(silent, milo, reason):
    with pytest.raises(verdicts.IncompleteVerdict):
        decided(silent, milo, Decision(S.REJECTED, reason=reason))


@pytest.mark.parametrize("to_status", ["", "DISPUTED", "WITHDRAWN", "PURGED", "LOST"])
def test_a_verdict_leads_nowhere_else(silent, milo, to_status):
    with pytest.raises(verdicts.IncompleteVerdict):
        decided(silent, milo, Decision(to_status))


def test_the_machine_may_be_confirmed_in_its_own_words(silent, milo):
    decided(silent, milo, Decision(S.REJECTED, reason="SILENT"))

    assert (silent.status, silent.status_reason) == (S.REJECTED, "SILENT")
    assert verdicts.overturned(silent) == frozenset()


# Who has no say


def test_otto_decides_nothing(silent, otto):
    with pytest.raises(verdicts.MayNotDecide):
        decided(silent, otto, NO)


def test_nobody_decides_about_their_own_voice_nor_about_one_they_claimed(silent, vera, milo):
    vera.role = Role.MODERATOR
    vera.save(update_fields=["role"])
    gina = worlds.guest()
    guests_clip = placed(worlds.stored_clip(gina), S.QUARANTINED)
    gina.claimed_by = milo
    gina.save(update_fields=["claimed_by"])

    for clip, speaker in ((silent, vera), (guests_clip, milo)):
        assert clip not in permissions.decidable_by(speaker)
        with pytest.raises(verdicts.OwnClip):
            decided(clip, speaker, NO)


def test_whoever_rated_a_clip_does_not_decide_about_it(vera, milo, mona, settings):
    settings.RATINGS_REQUIRED = 2
    clip = worlds.screened_clip(vera)
    for listener, answer in (
        (milo, Answer(is_usable=True, emotion="anger")),
        (mona, Answer(is_usable=False, unusable_reason="TOO_NOISY")),
    ):
        ratings.rate(worlds.heard(ratings.open_turn(listener)), by=listener, answer=answer)
    clip.refresh_from_db()
    assert clip.status == S.DISPUTED
    cleo = worlds.person("cleo", Role.CURATOR)

    assert not permissions.decidable_by(milo).exists()
    with pytest.raises(verdicts.OwnRating):
        decided(clip, milo, ACCEPT)
    assert list(permissions.decidable_by(cleo)) == [clip]
    decided(clip, cleo, ACCEPT)
    assert clip.status == S.ACCEPTED


# Meanwhile


def test_the_second_of_two_moderators_overrules_nobody(silent, milo, mona):
    storage.put(silent.archive, b"fLaC")
    seen = verdicts.mark_of(silent)
    stale = Clip.objects.get(pk=silent.pk)
    decided(silent, mona, NO)

    with pytest.raises(verdicts.DecidedMeanwhile):
        verdicts.decide(stale, by=milo, decision=IT_IS_FINE, seen=seen)
    silent.refresh_from_db()
    assert (silent.status, Verdict.objects.get().decided_by) == (S.REJECTED, mona)


def test_a_clip_that_was_screened_again_meanwhile_is_looked_at_again(silent, milo, mona):
    seen = verdicts.mark_of(silent)
    decided(silent, mona, AGAIN)
    examination.examine_due(silent.pk)
    silent.refresh_from_db()
    assert silent.status == S.UNUSABLE

    with pytest.raises(verdicts.DecidedMeanwhile):
        verdicts.decide(silent, by=milo, decision=NO, seen=seen)


def test_withdrawal_wins_over_a_verdict(silent, vera, milo):
    seen = verdicts.mark_of(silent)
    withdrawal.withdraw(Clip.objects.get(pk=silent.pk), by=vera)

    with pytest.raises(verdicts.TakenBack):
        verdicts.decide(silent, by=milo, decision=NO, seen=seen)
    assert not permissions.decidable_by(milo).exists()
    assert not Verdict.objects.exists()


def test_without_leave_to_store_and_review_nothing_is_shown_or_decided(silent, vera, milo):
    voice = consent.contributor_for(vera)
    voice.current_consents.filter(purpose=Purpose.STORE_AND_REVIEW).update(is_given=False)

    assert not permissions.decidable_by(milo).exists()
    with pytest.raises(verdicts.TakenBack):
        decided(silent, milo, NO)


# What stands


def test_what_a_moderator_heard_stands_until_a_moderator_thinks_again(silent, milo, mona):
    storage.put(silent.archive, b"fLaC")
    assert verdicts.overturned(silent) == frozenset()

    decided(silent, milo, IT_IS_FINE)
    assert verdicts.overturned(silent) >= {"SILENT", "NO_SPEECH"}

    decided(placed(silent, S.QUARANTINED, "REPORTED"), mona, Decision(S.REJECTED, reason="SILENT"))
    assert verdicts.overturned(silent) == frozenset()


def test_a_machine_does_not_find_the_same_fault_again(silent, milo, mona):
    decided(placed(silent, S.UNUSABLE, "SILENT"), milo, IT_IS_FINE)
    decided(placed(silent, S.QUARANTINED, "REPORTED"), mona, AGAIN)
    examination.examine_due(silent.pk)
    silent.refresh_from_db()

    assert silent.status == S.IN_REVIEW
    assert verdicts.opinion_on(silent) is None


def test_screening_again_by_itself_overturns_nothing(silent, milo):
    decided(silent, milo, AGAIN)
    examination.examine_due(silent.pk)
    silent.refresh_from_db()

    assert (silent.status, silent.status_reason) == (S.UNUSABLE, "SILENT")


def test_what_listeners_say_after_a_verdict_settles_the_clip_as_ever(silent, milo, mona):
    decided(placed(silent, S.UNUSABLE, "SILENT"), milo, IT_IS_FINE)
    RatingTurn.objects.all().delete()
    worlds.rated(silent, by=mona)
    silent.refresh_from_db()

    assert silent.status == S.ACCEPTED


def test_only_so_many_are_counted(vera, milo):
    for _each in range(3):
        placed(worlds.stored_clip(vera), S.QUARANTINED)
    placed(worlds.stored_clip(vera), S.REJECTED)

    assert verdicts.waiting_count(milo, at_most=100) == 3
    assert verdicts.waiting_count(milo, at_most=2) == 2


def test_a_verdict_is_written_once(silent, milo):
    verdict = decided(silent, milo, NO)
    verdict.note = "another word"

    with pytest.raises(Exception, match="never changed"):
        verdict.save()
    assert verdict.decided_at <= timezone.now() + timedelta(minutes=1)


def test_milo_decides_nothing_about_what_is_like_a_clip_of_his(vera, milo, mona):
    consent.decide(
        consent.contributor_for(milo),
        given={Purpose.STORE_AND_REVIEW},
        shown=consent.texts("en"),
        locale="en",
        is_adult=True,
        by=milo,
    )
    his = worlds.stored_clip(milo)
    hers = placed(worlds.screened_clip(vera), S.QUARANTINED, "SAME_BYTES")
    Examination.objects.update(twin=his)

    assert list(permissions.decidable_by(mona)) == [hers]
    assert not permissions.decidable_by(milo).exists()
    with pytest.raises(verdicts.OwnClip):
        decided(hers, milo, NO)


def test_milo_hears_what_he_may_decide_about_and_what_it_is_like_and_no_more(vera, otto, milo):
    first, other = worlds.stored_clip(vera), worlds.stored_clip(vera)
    placed(first, S.IN_REVIEW)
    placed(other, S.IN_REVIEW)
    again = placed(worlds.screened_clip(otto), S.QUARANTINED, "SAME_BYTES")
    Examination.objects.update(twin=first)

    assert set(permissions.audible_to(milo, [])) == {first, again}
    withdrawal.withdraw(first, by=vera)
    assert set(permissions.audible_to(milo, [])) == {again}
    assert set(permissions.audible_to(otto, [consent.contributor_for(otto)])) == {again}


def test_what_milo_wrote_of_a_clip_is_in_veras_archive_without_his_name_and_goes_with_the_clip(silent, vera, milo):
    decided(silent, milo, NO)
    with zipfile.ZipFile(exports.export(consent.contributor_for(vera), by=vera)) as archive:
        (told,) = json.loads(archive.read(f"{silent.prefix}/verdicts.json"))
    assert (told["to_status"], told["reason"], told["note"]) == (S.REJECTED, "TOO_NOISY", "a hum")
    assert "milo" not in str(told)

    withdrawal.withdraw(silent, by=vera)
    assert withdrawal.purge_due(silent.pk) is not None
    assert (Verdict.objects.get().note, Verdict.objects.get().reason) == ("", "TOO_NOISY")


# Languages


def test_a_moderator_of_other_languages_decides_nothing_here(client, silent, milo):
    storage.put(silent.archive, b"fLaC")
    milo.moderated_languages = ["pl"]
    milo.save(update_fields=["moderated_languages"])
    client.force_login(milo)

    assert not permissions.decidable_by(milo).exists()
    for door in ("moderate-clip", "moderate-history", "clip-audio", "clip-spectrogram", "clip-report"):
        assert client.get(reverse(door, args=[silent.pk])).status_code == 404, door
    assert client.post(reverse("moderate-verdict", args=[silent.pk]), {"to_status": "ACCEPTED"}).status_code == 404
    with pytest.raises(verdicts.MayNotDecide):
        decided(silent, milo, NO)
    milo.moderated_languages = ["en"]
    milo.save(update_fields=["moderated_languages"])
    decided(silent, milo, NO)
    assert silent.status == S.REJECTED
