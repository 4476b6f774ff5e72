"""Listeners who really come at the same time: one lease for one of them, and every answer counted once."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.utils import timezone

from contributions.leaving import withdrawal
from contributions.listening import ratings
from contributions.models import Clip, ListeningNeed, Rating, RatingTurn, RatingVoid
from tests import worlds
from tests.contributions.listening.crowd import NOISY, angry, clips_of, listeners, needs_as_reckoned

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("milo", "mona", "mira", "moe", "molly", "max")


@pytest.fixture
def crowd():
    worlds.stocked()
    return listeners(*NAMES)


def at_once(act, each):
    """What the act gives for each of them, all begun in the same moment, each on a connection of its own."""
    barrier = threading.Barrier(len(each))

    def one(item):
        try:
            barrier.wait(timeout=30)
            return act(item)
        except ratings.NotRateable as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(each)) as pool:
        return list(pool.map(one, each))


def test_one_clip_goes_to_one_of_those_who_come_at_once(crowd):
    (clip,) = clips_of("vera")
    turns = [turn for turn in at_once(ratings.open_turn, crowd) if turn]

    assert [turn.clip_id for turn in turns] == [clip.pk]
    assert ListeningNeed.objects.get().held_by_id == turns[0].rater_id


def test_as_many_clips_as_listeners_go_to_one_each(crowd):
    clips = clips_of("vera", count=len(crowd))
    turns = at_once(ratings.open_turn, crowd)

    assert {turn.clip_id for turn in turns} == {clip.pk for clip in clips}
    held = dict(ListeningNeed.objects.filter(held_until__gt=timezone.now()).values_list("clip", "held_by"))
    assert held == {turn.clip_id: turn.rater_id for turn in turns}


def test_two_pages_of_one_listener_show_one_clip_and_take_one_answer(crowd):
    clips_of("vera")
    milo = crowd[0]
    first, second = at_once(ratings.open_turn, [milo, milo])
    assert first == second
    worlds.heard(first)
    kept = at_once(lambda answer: ratings.rate(first, by=milo, answer=answer), [angry(), angry("fear")])

    assert sorted(type(each).__name__ for each in kept) == ["AlreadyRated", "Rating"]
    assert Rating.objects.count() == 1


def test_of_answers_that_come_at_once_each_counts_the_others(crowd, settings):
    settings.RATINGS_REQUIRED = len(crowd)
    (clip,) = clips_of("vera")
    turns = []
    for listener in crowd:
        turns.append(worlds.heard(ratings.open_turn(listener)))
        ListeningNeed.objects.update(held_by=None, held_until=None)
        RatingTurn.objects.filter(pk=turns[-1].pk).update(closed_at=None)
    kept = at_once(lambda turn: ratings.rate(turn, by=turn.rater, answer=angry()), turns)

    assert all(isinstance(each, Rating) for each in kept)
    clip.refresh_from_db()
    assert clip.status == Clip.Status.ACCEPTED
    assert ListeningNeed.objects.get().given == len(crowd)
    needs_as_reckoned([clip])


def test_withdrawn_while_it_is_answered_undone_and_voided_it_is_gone_and_wants_nobody(crowd):
    (clip,) = clips_of("vera")
    milo, mona = crowd[:2]
    rating = ratings.rate(worlds.heard(ratings.open_turn(milo)), by=milo, answer=angry())
    turn = worlds.heard(ratings.open_turn(mona))

    def voided():
        RatingVoid.objects.create(rating=rating, reason="SPAM")
        ratings.settle_again(rating.clip, by="test")

    acts = [
        lambda: ratings.rate(turn, by=mona, answer=NOISY),
        voided,
        lambda: withdrawal.end(Clip.objects.get(pk=clip.pk), by="contributor"),
    ]
    at_once(lambda act: act(), acts)

    clip.refresh_from_db()
    assert clip.status == Clip.Status.WITHDRAWN
    assert not ListeningNeed.objects.exists()
    if connection.vendor == "postgresql":
        assert RatingVoid.objects.count() == 1
