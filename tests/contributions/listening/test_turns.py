"""A turn: begun, heard to its end, renewed, fetched ahead; and the day's end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contributions.listening import gold, queue, ratings, turns
from contributions.models import Clip, GoldItem, ListeningNeed, Rating, RatingTurn
from tests import harvest, worlds
from tests.contributions.listening.crowd import angry, answered, clips_of, listeners

pytestmark = pytest.mark.usefixtures("_stocked")


@pytest.fixture
def milo():
    return listeners("milo")[0]


def begun(turn, *, seconds_ago):
    RatingTurn.objects.filter(pk=turn.pk).update(opened_at=timezone.now() - timedelta(seconds=seconds_ago))


def lasting(clip, seconds):
    Clip.objects.filter(pk=clip.pk).update(duration_seconds=seconds)


# Heard


def test_an_answer_before_the_clip_was_played_is_refused_and_the_turn_stays(milo):
    clips_of("vera")
    turn = ratings.open_turn(milo)

    with pytest.raises(ratings.NotHeard):
        ratings.rate(turn, by=milo, answer=angry())
    assert not Rating.objects.exists()
    assert ratings.open_turn(milo) == turn
    assert ratings.rate(worlds.heard(turn), by=milo, answer=angry())


@pytest.mark.parametrize(("seconds_ago", "is_heard"), [(0, False), (8.5, False), (9.5, True), (600, True)])
def test_no_clip_of_ten_seconds_is_heard_in_less_than_nine(milo, seconds_ago, is_heard):
    (clip,) = clips_of("vera")
    lasting(clip, 10.0)
    turn = ratings.open_turn(milo)
    begun(turn, seconds_ago=seconds_ago)

    if is_heard:
        ratings.note_heard(turn, by=milo)
    else:
        with pytest.raises(ratings.HeardTooSoon):
            ratings.note_heard(turn, by=milo)
    turn.refresh_from_db()
    assert (turn.heard_at is not None) == is_heard


def test_the_first_time_it_was_heard_is_the_one_that_is_kept(milo):
    clips_of("vera")
    turn = worlds.heard(ratings.open_turn(milo))
    first = RatingTurn.objects.get().heard_at
    ratings.note_heard(turn, by=milo)

    assert RatingTurn.objects.get().heard_at == first


def test_nobody_hears_for_somebody_else(milo):
    clips_of("vera")
    turn = ratings.open_turn(milo)

    with pytest.raises(ratings.NotYourTurn):
        ratings.note_heard(turn, by=listeners("mona")[0])


def test_the_clock_of_a_clip_begins_when_it_is_seen_and_stands_once_it_was_heard(milo):
    (clip,) = clips_of("vera")
    lasting(clip, 10.0)
    turn = ratings.open_turn(milo)
    begun(turn, seconds_ago=60)
    # The page is loaded anew.
    turn = ratings.open_turn(milo)
    with pytest.raises(ratings.HeardTooSoon):
        ratings.note_heard(turn, by=milo)

    begun(turn, seconds_ago=30)
    ratings.note_heard(turn, by=milo)
    rating = ratings.rate(ratings.open_turn(milo), by=milo, answer=angry())
    assert 29 < rating.seconds < 60


# One after the other


def test_a_page_loaded_twice_shows_the_same_clip(milo):
    clips_of("vera", count=3)

    assert len({ratings.open_turn(milo) for _time in range(4)}) == 1


def test_the_next_clip_is_fetched_ahead_and_comes_next(milo):
    clips_of("vera", count=3)
    now = ratings.open_turn(milo)
    ahead = ratings.open_turn(milo, besides=now)

    assert ahead.clip_id != now.clip_id
    assert ratings.open_turn(milo, besides=now) == ahead
    assert ratings.open_turn(milo) == now
    ratings.rate(worlds.heard(now), by=milo, answer=angry())
    assert ratings.open_turn(milo) == ahead
    held = ListeningNeed.objects.filter(held_by=milo, held_until__gt=timezone.now())
    assert [need.clip_id for need in held] == [ahead.clip_id]


def test_what_is_fetched_ahead_is_nobody_elses(milo):
    clips_of("vera", count=2)
    now = ratings.open_turn(milo)
    ratings.open_turn(milo, besides=now)

    assert ratings.open_turn(listeners("mona")[0]) is None


def test_a_turn_on_a_clip_that_wants_nobody_any_more_gives_way_to_the_next(milo):
    first, second = clips_of("vera", count=2)
    ListeningNeed.objects.filter(pk=second.pk).update(is_open=False)
    turn = ratings.open_turn(milo)
    assert turn.clip_id == first.pk
    ListeningNeed.objects.filter(pk=first.pk).update(is_open=False)
    ListeningNeed.objects.filter(pk=second.pk).update(is_open=True)

    assert ratings.open_turn(milo).clip_id == second.pk
    # An answer that was typed meanwhile is kept all the same.
    assert ratings.rate(worlds.heard(turn), by=milo, answer=angry())


def test_whoever_was_away_too_long_finds_their_clip_with_somebody_else(milo):
    first, second = clips_of("vera", count=2)
    ListeningNeed.objects.filter(pk=second.pk).update(is_open=False)
    ratings.open_turn(milo)
    RatingTurn.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    ListeningNeed.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert ratings.open_turn(listeners("mona")[0]).clip_id == first.pk

    assert ratings.open_turn(milo) is None
    ListeningNeed.objects.filter(pk=second.pk).update(is_open=True)
    assert ratings.open_turn(milo).clip_id == second.pk


def test_one_language_may_be_listened_to_after_the_other(milo):
    (german,), (polish,) = clips_of("vera", language="de"), clips_of("nina", language="pl")

    assert ratings.open_turn(milo, language="de").clip == german
    assert ratings.open_turn(milo, language="pl").clip == polish
    assert ratings.open_turn(milo, language="fr") is None


def test_whoever_goes_from_language_to_language_finds_each_clip_where_they_left_it(milo):
    spoken = ("de", "pl", "es", "fr", "en")
    for number, language in enumerate(spoken):
        clips_of(f"vera{number}", count=2, language=language)
    begun_with = [ratings.open_turn(milo, language=language) for language in spoken]

    assert [ratings.open_turn(milo, language=language) for language in spoken] == begun_with


# Gold


def gold_of(clip, **facts):
    return GoldItem.objects.create(clip=clip, language=clip.language, emotions=["anger"], **facts)


def test_now_and_then_the_clip_is_one_of_which_it_is_known_what_people_hear(milo, monkeypatch):
    known, wanted = clips_of("vera", count=2)
    for listener in listeners("mona", "mira", "moe"):
        answered(known, listener, angry())
    item = gold_of(known)
    monkeypatch.setattr(gold, "maybe_gold", lambda _rater, _language: item)
    turn = ratings.open_turn(milo)

    assert (turn.clip_id, turn.is_gold) == (known.pk, True)
    assert not ListeningNeed.objects.filter(held_by=milo).exists()
    assert ratings.open_turn(milo) == turn
    assert ratings.rate(worlds.heard(turn), by=milo, answer=angry()).is_gold
    monkeypatch.setattr(gold, "maybe_gold", lambda _rater, _language: None)
    assert ratings.open_turn(milo).clip_id == wanted.pk


def test_gold_that_somebody_else_listens_to_because_it_wants_ears_is_left_to_them(milo, monkeypatch):
    first, second = clips_of("vera", count=2)
    (mona,) = listeners("mona")
    assert queue.hold(first.pk, by=mona, until=turns.lease_end())
    item = gold_of(first)
    monkeypatch.setattr(gold, "maybe_gold", lambda _rater, _language: item)
    turn = ratings.open_turn(milo)

    assert (turn.clip_id, turn.is_gold) == (second.pk, False)


# The arm


def test_the_arm_is_drawn_once_for_a_clip_and_a_listener(milo, settings):
    clips_of("vera")
    settings.HIDDEN_ARM = 1
    turn = ratings.open_turn(milo)
    assert turn.arm == "HIDDEN"
    settings.HIDDEN_ARM = 0
    RatingTurn.objects.update(closed_at=timezone.now())

    assert ratings.open_turn(milo).arm == "HIDDEN"


def test_a_tenth_of_all_turns_are_in_the_hidden_arm(settings, monkeypatch):
    settings.HIDDEN_ARM = 0.1
    draws = iter(number / 100 for number in range(100))
    monkeypatch.setattr(turns, "by_lot", lambda: next(draws))

    assert [turns.drawn_arm() for _n in range(100)].count("HIDDEN") == 10


# Enough


def test_the_day_is_over_after_so_many_clips_and_undoing_gives_none_back(milo, settings):
    settings.RATINGS_PER_DAY = 2
    clips_of("vera", count=3)
    assert ratings.left_today(milo) == 2
    for left in (1, 0):
        ratings.rate(worlds.heard(ratings.open_turn(milo)), by=milo, answer=angry())
        assert ratings.left_today(milo) == left

    with pytest.raises(ratings.EnoughToday):
        ratings.open_turn(milo)
    turn = ratings.undo(milo)
    assert ratings.left_today(milo) == 0
    # What was begun may be ended.
    assert ratings.open_turn(milo) == turn
    ratings.rate(turn, by=milo, answer=angry("sadness"))
    Rating.objects.update(rated_at=timezone.now() - timedelta(hours=25))
    assert ratings.left_today(milo) == 2


def answers_of(milo, *minutes_ago):
    clips = clips_of("vera", count=len(minutes_ago))
    for clip, minutes in zip(clips, minutes_ago, strict=True):
        rating = harvest.heard(clip, "anger", by=milo)
        Rating.objects.filter(pk=rating.pk).update(rated_at=timezone.now() - timedelta(minutes=minutes))


def test_a_break_is_hinted_at_after_thirty_without_one(milo, monkeypatch):
    monkeypatch.setattr(turns, "RATINGS_TO_A_BREAK", 3)
    assert not ratings.is_break_due(milo)
    answers_of(milo, 1, 2)
    assert not ratings.is_break_due(milo)
    answers_of(milo, 3)
    assert ratings.is_break_due(milo)
    answers_of(milo, 4)
    assert not ratings.is_break_due(milo)


def test_whoever_rested_begins_a_new_sitting(milo, monkeypatch):
    monkeypatch.setattr(turns, "RATINGS_TO_A_BREAK", 3)
    answers_of(milo, 1, 2, 30, 31, 32)

    assert turns.sitting(milo, now=timezone.now()) == 2
    assert not ratings.is_break_due(milo)
