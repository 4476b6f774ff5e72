"""Whoever hears what should not be here says so; a clip that was reported is heard by nobody until somebody decided."""

import pytest
from django.urls import reverse

from contributions import permissions
from contributions.leaving import withdrawal
from contributions.listening import ratings, reports
from contributions.models import Clip, ClipReport, ListenerPass, ListeningNeed, ReportAnswer
from contributions.screening import verdicts
from contributions.screening.verdicts import Decision
from openempathic.accounts.models import Role
from openempathic.audit.models import AuditEvent
from tests import worlds

S = Clip.Status


@pytest.fixture
def mona(_stocked):
    return worlds.person("mona", Role.MODERATOR)


@pytest.fixture
def clip(vera):
    return worlds.screened_clip(vera)


def listener(name):
    """Somebody who passed the tutorial of English."""
    person = worlds.person(name)
    ListenerPass.objects.create(person=person, language="en")
    return person


@pytest.fixture
def lena(_stocked):
    return listener("lena")


@pytest.fixture
def lars(_stocked):
    return listener("lars")


def met(clip, *people):
    """Each of them has had a turn on the clip; the last one's is running."""
    for person in people:
        ListeningNeed.objects.filter(pk=clip.pk).update(held_by=None, held_until=None)
        assert ratings.open_turn(person).clip == clip


def reported(clip, by, reason="OFFENSIVE", words=""):
    kept = reports.report(clip, by=by, reason=reason, words=words)
    clip.refresh_from_db()
    return kept


def decided(clip, by, decision):
    verdict = verdicts.decide(clip, by=by, decision=decision, seen=verdicts.mark_of(clip))
    clip.refresh_from_db()
    return verdict


# Hiding


def test_one_listeners_report_hides_nothing_and_the_second_ones_hides_it_in_the_same_act(clip, lena, lars):
    met(clip, lena, lars)
    reported(clip, lena)
    assert (clip.status, ListeningNeed.objects.filter(pk=clip.pk).count()) == (S.IN_REVIEW, 1)
    reported(clip, lars)

    assert (clip.status, clip.status_reason) == (S.QUARANTINED, "REPORTED")
    assert not ListeningNeed.objects.filter(pk=clip.pk).exists()
    event = AuditEvent.objects.latest("pk")
    assert (event.act, event.agent, event.actor) == ("clip.quarantined", "reports", None)


def test_a_moderators_first_report_hides_it_accepted_or_not(clip, milo, mona):
    worlds.rated(clip, by=mona)
    clip.refresh_from_db()
    assert clip.status == S.ACCEPTED
    reported(clip, milo)

    assert clip.status == S.QUARANTINED


def test_from_that_moment_nobody_but_moderators_hears_it(client, clip, lena, lars, milo):
    met(clip, lena, lars)
    address = reverse("clip-audio", args=[clip.pk])
    client.force_login(lars)
    assert client.get(address).status_code == 200
    reported(clip, lena)
    reported(clip, lars)

    assert client.get(address).status_code == 404
    assert ratings.open_turn(lars) is None
    client.force_login(milo)
    assert client.get(address).status_code == 200


def test_whoever_reported_a_clip_is_not_asked_to_hear_it_again(clip, lena, lars):
    met(clip, lena)
    reported(clip, lena)

    assert ratings.open_turn(lena) is None
    assert ratings.open_turn(lars).clip == clip


def test_nobody_reports_twice_nor_for_no_reason(clip, lena):
    met(clip, lena)
    reported(clip, lena)

    with pytest.raises(reports.AlreadyReported):
        reported(clip, lena, "MINOR")
    for reason in ("", "BORING"):
        with pytest.raises(reports.IncompleteReport):
            reported(clip, lena, reason)
    assert ClipReport.objects.count() == 1


def test_only_who_met_the_clip_or_moderates_its_language_reports_it(clip, vera, lena, milo, mona):
    Clip.objects.filter(pk=clip.pk).update(language="de")
    clip.refresh_from_db()
    mona.moderated_languages = ["pl"]
    mona.save(update_fields=["moderated_languages"])

    for person in (vera, lena, mona):
        with pytest.raises(reports.MayNotReport):
            reported(clip, person)
    assert reported(clip, milo).is_by_moderator


def test_a_clip_that_was_taken_back_is_reported_by_nobody(clip, vera, lena):
    met(clip, lena)
    withdrawal.withdraw(Clip.objects.get(pk=clip.pk), by=vera)

    with pytest.raises(reports.MayNotReport):
        reported(clip, lena)
    assert not ClipReport.objects.exists()


@pytest.mark.parametrize("status", [S.UNUSABLE, S.REJECTED, S.STORED])
def test_what_nobody_hears_any_more_needs_no_report(clip, lena, status):
    met(clip, lena)
    Clip.objects.filter(pk=clip.pk).update(status=status)

    with pytest.raises(reports.NoLongerHeard):
        reported(clip, lena)
    assert not ClipReport.objects.exists()


# Answers


def test_a_verdict_answers_every_open_report_and_a_report_that_was_answered_hides_no_more(
    clip, lena, lars, milo, settings
):
    settings.RATINGS_REQUIRED = 2
    met(clip, lena, lars)
    reported(clip, lena)
    reported(clip, lars)
    verdict = decided(clip, milo, Decision(S.IN_REVIEW, note="for us", answer="It is a play."))

    assert {answer.words for answer in ReportAnswer.objects.filter(verdict=verdict)} == {"It is a play."}
    assert ReportAnswer.objects.count() == 2
    met(clip, third := listener("lotte"))
    reported(clip, third)
    assert clip.status == S.IN_REVIEW


def test_who_reported_a_clip_decides_nothing_about_it(clip, milo, mona):
    reported(clip, milo)

    assert not permissions.decidable_by(milo).exists()
    with pytest.raises(verdicts.OwnReport):
        decided(clip, milo, Decision(S.REJECTED, reason="OFFENSIVE"))
    decided(clip, mona, Decision(S.REJECTED, reason="OFFENSIVE"))
    assert clip.status == S.REJECTED


def test_a_report_that_came_in_while_milo_looked_is_not_answered_unread(clip, lena, lars, milo, mona):
    met(clip, lena, lars)
    reported(clip, mona)
    seen = verdicts.mark_of(clip)
    reported(clip, lena)

    with pytest.raises(verdicts.DecidedMeanwhile):
        verdicts.decide(clip, by=milo, decision=Decision(S.IN_REVIEW), seen=seen)
    assert not ReportAnswer.objects.exists()


def test_a_clip_that_one_listener_reported_is_left_with_the_listeners_and_answered(clip, lena, milo, vera):
    met(clip, lena)
    reported(clip, lena)
    assert list(permissions.reported_to(milo)) == [clip]
    reports.leave(clip, by=milo, words="I hear nothing wrong.")

    clip.refresh_from_db()
    assert clip.status == S.IN_REVIEW
    answer = ReportAnswer.objects.get()
    assert (answer.verdict, answer.words) == (None, "I hear nothing wrong.")
    with pytest.raises(reports.NothingToAnswer):
        reports.leave(clip, by=milo, words="Again.")


def test_nobody_answers_their_own_report_or_one_on_their_own_voice(clip, lena, vera):
    met(clip, lena)
    reported(clip, lena)
    vera.role = lena.role = Role.MODERATOR
    for person in (vera, lena):
        person.save(update_fields=["role"])

        with pytest.raises(reports.MayNotAnswer):
            reports.leave(clip, by=person, words="Nothing.")


def test_what_was_written_goes_with_the_clip(clip, lena, mona, vera):
    met(clip, lena)
    reported(clip, lena, words="He says his name.")
    reports.leave(clip, by=mona, words="No, a street.")
    withdrawal.withdraw(Clip.objects.get(pk=clip.pk), by=vera)
    withdrawal.purge_due(clip.pk)

    assert (ClipReport.objects.get().words, ReportAnswer.objects.get().words) == ("", "")


# Pages


def send(browser, clip, **fields):
    return browser.post(reverse("clip-report", args=[clip.pk]), fields)


def test_lena_reports_and_reads_the_answer_which_names_nobody(client, clip, lena, mona):
    met(clip, lena)
    client.force_login(lena)
    assert send(client, clip, reason="OFFENSIVE", words="It is about us.").headers["Location"] == reverse("listen")
    waiting = client.get(reverse("own-reports")).content.decode()
    assert "It is about us." in waiting
    assert "No moderator has answered yet." in waiting

    reported(clip, other := worlds.person("ines", Role.MODERATOR))
    decided(clip, mona, Decision(S.REJECTED, reason="OFFENSIVE", answer="You were right."))
    assert reports.unread_count(lena) == 1
    told = client.get(reverse("own-reports")).content.decode()
    assert "It was refused: nobody hears it any more." in told
    assert "You were right." in told
    for name in (mona.email, other.email, "mona", str(clip.contributor_id)):
        assert name not in told
    assert reports.unread_count(lena) == 0


def test_a_report_without_a_reason_loses_no_word(client, clip, lena):
    met(clip, lena)
    client.force_login(lena)
    answer = send(client, clip, words="A long story.")

    assert answer.status_code == 422
    assert "A long story." in answer.content.decode()
    assert not ClipReport.objects.exists()


def test_a_second_report_says_that_it_was_there_already(client, clip, lena):
    met(clip, lena)
    reported(clip, lena)
    client.force_login(lena)
    answer = send(client, clip, reason="MINOR", words="A child.")

    assert answer.status_code == 409
    assert "You have reported this clip already." in answer.content.decode()
    assert "A child." in answer.content.decode()


def test_milo_finds_what_one_listener_reported_and_sets_it_aside_for_mona(client, clip, lena, milo, mona):
    met(clip, lena)
    reported(clip, lena, "DANGER", "She cries for help.")
    client.force_login(milo)
    assert "Somebody seems to be in danger" in client.get(reverse("moderate-reports")).content.decode()
    page = client.get(reverse("clip-reports", args=[clip.pk])).content.decode()
    assert "She cries for help." in page
    assert client.get(reverse("clip-audio", args=[clip.pk])).status_code == 200
    answer = client.post(reverse("clip-reports", args=[clip.pk]), {"outcome": "SET_ASIDE", "words": "I hear it too."})

    assert answer.headers["Location"] == reverse("moderate-reports")
    clip.refresh_from_db()
    assert clip.status == S.QUARANTINED
    assert not permissions.decidable_by(milo).exists()
    assert list(permissions.decidable_by(mona)) == [clip]


def test_nobody_elses_report_is_on_the_page_of_ones_own(client, clip, lena, lars):
    met(clip, lena, lars)
    reported(clip, lena, words="Only I wrote this.")
    client.force_login(lars)

    assert "Only I wrote this." not in client.get(reverse("own-reports")).content.decode()
