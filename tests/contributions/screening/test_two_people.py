"""Where a child or personal data may be heard one moderator's word is a proposal, until another says the same."""

import pytest

from contributions.listening import ratings, reports
from contributions.listening.ratings import Answer
from contributions.models import RatingVoid
from contributions.screening import suspicions, verdicts
from contributions.screening.verdicts import Decision
from openempathic.accounts.models import Role
from tests import worlds
from tests.contributions.screening.test_verdicts import ACCEPT, AGAIN, IT_IS_FINE, SILENCE, S, decided, placed


@pytest.fixture
def mona(_stocked):
    return worlds.person("mona", Role.MODERATOR)


@pytest.fixture
def silent(vera):
    return worlds.screened_clip(vera, SILENCE)


def doubtful(vera, reason="MINOR"):
    """A clip that was refused because a child, or personal data, may be heard."""
    return placed(worlds.stored_clip(vera), S.REJECTED, reason)


@pytest.mark.parametrize("reason", suspicions.DELICATE)
@pytest.mark.parametrize("decision", [IT_IS_FINE, ACCEPT, AGAIN], ids=lambda each: each.to_status)
def test_one_proposes_and_another_seconds_before_anybody_hears_it_again(vera, milo, mona, reason, decision):
    clip = doubtful(vera, reason)
    first = decided(clip, milo, decision)
    assert (clip.status, first.is_proposal, first.proposal) == (S.REJECTED, True, None)
    second = decided(clip, mona, decision)

    assert (clip.status, second.is_proposal, second.proposal) == (decision.to_status, False, first)


def test_refusing_needs_one(vera, milo):
    clip = placed(worlds.stored_clip(vera), S.QUARANTINED, "PERSONAL_DATA")
    decided(clip, milo, Decision(S.REJECTED, reason="PERSONAL_DATA"))

    assert clip.status == S.REJECTED


def test_nobody_seconds_themselves(vera, milo):
    clip = doubtful(vera)
    decided(clip, milo, ACCEPT)

    with pytest.raises(verdicts.OwnProposal):
        decided(clip, milo, ACCEPT)
    assert decided(clip, milo, IT_IS_FINE).is_proposal
    with pytest.raises(verdicts.OwnProposal):
        decided(clip, milo, IT_IS_FINE)
    assert clip.status == S.REJECTED


def test_another_way_is_another_proposal_which_the_first_may_second(vera, milo, mona):
    clip = doubtful(vera)
    decided(clip, milo, ACCEPT)
    assert decided(clip, mona, IT_IS_FINE).is_proposal
    assert clip.status == S.REJECTED
    decided(clip, milo, IT_IS_FINE)

    assert clip.status == S.IN_REVIEW


def test_what_somebody_proposed_who_has_left_is_nobodys_word(vera, milo, mona):
    clip = doubtful(vera)
    decided(clip, milo, ACCEPT)
    milo.delete()

    assert decided(clip, mona, ACCEPT).is_proposal
    assert clip.status == S.REJECTED


def test_a_proposal_overturns_no_machine(silent, milo):
    placed(silent, S.QUARANTINED, "MINOR")
    decided(silent, milo, IT_IS_FINE)

    assert verdicts.overturned(silent) == frozenset()


@pytest.mark.parametrize("sign", ["report", "rating", "verdict"])
def test_every_sign_calls_for_two_until_two_have_agreed(vera, milo, mona, sign):
    clip = worlds.screened_clip(vera)
    third = worlds.person("mila", Role.MODERATOR)
    if sign == "report":
        reports.report(clip, by=third, reason="MINOR")
    elif sign == "rating":
        turn = worlds.heard(ratings.open_turn(third))
        ratings.rate(turn, by=third, answer=Answer(is_usable=False, unusable_reason="PERSONAL_DATA"))
    else:
        decided(placed(clip, S.QUARANTINED), third, Decision(S.REJECTED, reason="MINOR"))
    clip.refresh_from_db()
    placed(clip, S.QUARANTINED, "REPORTED")
    assert suspicions.is_suspected(clip)

    decided(clip, milo, IT_IS_FINE)
    assert clip.status == S.QUARANTINED
    decided(clip, mona, IT_IS_FINE)
    assert clip.status == S.IN_REVIEW
    assert not suspicions.is_suspected(clip)


def test_a_new_sign_calls_for_two_again(vera, milo, mona):
    clip = doubtful(vera)
    decided(clip, milo, IT_IS_FINE)
    decided(clip, mona, IT_IS_FINE)
    reports.report(clip, by=worlds.person("mila", Role.MODERATOR), reason="MINOR")
    clip.refresh_from_db()

    assert clip.status == S.QUARANTINED
    assert decided(clip, milo, ACCEPT).is_proposal


def test_an_answer_that_counts_no_more_calls_for_nobody(vera, milo, cleo):
    clip = worlds.screened_clip(vera)
    turn = worlds.heard(ratings.open_turn(milo))
    rating = ratings.rate(turn, by=milo, answer=Answer(is_usable=False, unusable_reason="MINOR"))
    RatingVoid.objects.create(rating=rating, reason="SPAM", voided_by=cleo)

    assert not suspicions.is_suspected(placed(clip, S.QUARANTINED, "REPORTED"))


def test_reports_are_answered_by_the_second_word_and_not_by_the_first(vera, milo, mona):
    clip = worlds.screened_clip(vera)
    reports.report(clip, by=worlds.person("mila", Role.MODERATOR), reason="MINOR")
    clip.refresh_from_db()
    decided(clip, milo, IT_IS_FINE)
    assert reports.unanswered(clip).count() == 1
    decided(clip, mona, Decision(S.IN_REVIEW, answer="A grown woman."))

    assert reports.unanswered(clip).count() == 0
