"""After an answer, or instead of one: undoing, skipping, what comes next, enough for today, and the second look."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions.leaving import withdrawal
from contributions.listening import ratings
from contributions.models import Arm, Clip, Rating, RatingTurn, RatingVoid
from tests import listeners
from tests.contributions.listening.reading import (
    EVERYTHING,
    main_of,
    still_filled_in,
    words_of,
)
from tests.contributions.test_pages import Boxes


@pytest.fixture
def lena(_stocked):
    return listeners.listener("lena", "en")


@pytest.fixture
def clip(vera):
    return listeners.waiting(vera)


@pytest.fixture
def browser(client, lena):
    client.force_login(lena)
    return client


# Undoing, skipping, what comes next


def test_lena_undoes_her_answer_and_finds_it_filled_in(browser, lena, clip):
    listeners.answered(browser, listeners.heard_turn(browser, lena), **EVERYTHING)
    again = browser.post(reverse("listen-undo"), follow=True)

    assert "Your answer is taken back" in words_of(again)
    assert still_filled_in(again)
    assert RatingVoid.objects.get().reason == "UNDONE"
    listeners.answered(browser, RatingTurn.objects.get(), emotion="fear")
    assert [each.emotion for each in Rating.objects.counting()] == ["fear"]


def test_the_undone_clip_comes_before_one_that_was_fetched_ahead(browser, lena, vera, clip):
    turn = listeners.heard_turn(browser, lena)
    listeners.waiting(vera)
    browser.post(reverse("listen-next"))
    listeners.answered(browser, turn, **EVERYTHING)

    again = browser.post(reverse("listen-undo"), follow=True)

    assert str(turn.clip_id) in main_of(again)
    assert still_filled_in(again)


def test_where_nothing_can_be_undone_that_is_said(browser, clip):
    assert "There is nothing to undo" in words_of(browser.post(reverse("listen-undo"), follow=True))


def test_a_turn_that_is_over_leads_to_the_next(browser, lena, clip):
    turn = listeners.heard_turn(browser, lena)
    listeners.answered(browser, turn)

    assert browser.get(reverse("listen-turn", args=[turn.pk])).url == reverse("listen")


def test_a_clip_that_lena_would_rather_not_hear_does_not_come_again(browser, lena, clip, milo):
    turn = listeners.turn_on_the_page(browser, lena)
    answer = browser.post(reverse("listen-skip", args=[turn.pk]), follow=True)

    assert "Nothing waits for your ears" in words_of(answer)
    assert browser.get(reverse("clip-audio", args=[clip.pk])).status_code == 404
    assert ratings.open_turn(milo).clip_id == clip.pk
    assert not Rating.objects.exists()


def test_the_next_clip_is_opened_ahead_and_comes_next(browser, lena, vera, clip):
    other = listeners.waiting(vera)
    turn = listeners.heard_turn(browser, lena)
    ahead = ({clip.pk, other.pk} - {turn.clip_id}).pop()
    files = browser.post(reverse("listen-next")).json()["files"]

    assert files == [reverse("clip-audio", args=[ahead]), reverse("clip-peaks", args=[ahead])]
    assert all(browser.get(file).status_code == 200 for file in files)
    assert str(turn.clip_id) in main_of(browser.get(reverse("listen")))
    answer = browser.get(listeners.answered(browser, turn).url)
    assert str(ahead) in main_of(answer)


def test_a_turn_opened_ahead_that_ran_out_is_somebody_elses(browser, lena, vera, clip, milo):
    turn = listeners.heard_turn(browser, lena)
    other = listeners.waiting(vera)
    browser.post(reverse("listen-next"))
    past = timezone.now() - timedelta(seconds=1)
    RatingTurn.objects.filter(clip=other).update(lease_expires_at=past)
    type(other.need).objects.filter(pk=other.pk).update(held_until=past)
    assert ratings.open_turn(milo).clip_id == other.pk

    answer = browser.get(listeners.answered(browser, turn).url)
    assert "Nothing waits for your ears" in words_of(answer)


def test_where_nothing_comes_next_nothing_is_fetched(browser, lena, clip):
    listeners.turn_on_the_page(browser, lena)

    assert browser.post(reverse("listen-next")).status_code == 204


# Enough


def test_after_the_days_last_clip_the_page_says_so_kindly(browser, lena, vera, clip, settings):
    settings.RATINGS_PER_DAY = 1
    listeners.waiting(vera)
    turn = listeners.heard_turn(browser, lena)
    assert browser.post(reverse("listen-next")).status_code == 204
    listeners.answered(browser, turn)

    assert "That is all for today" in words_of(browser.get(reverse("listen")))


def test_a_rest_is_suggested_and_nobody_stopped(browser, lena, vera, clip, monkeypatch):
    monkeypatch.setattr("contributions.listening.turns.RATINGS_TO_A_BREAK", 1)
    listeners.answered(browser, listeners.heard_turn(browser, lena))
    listeners.waiting(vera)
    page = browser.get(reverse("listen"))

    assert "a short rest does them good" in words_of(page)
    assert "rating-form" in main_of(page)


# After the blind answer


@pytest.fixture
def shown(browser, lena, clip):
    """Lena's answer to a clip of which a champion heard something, in the arm that shows it."""
    return answered_in(Arm.SHOWN, browser, lena, clip)


def answered_in(arm, browser, lena, clip):
    suggestion = listeners.suggested(clip)
    turn = listeners.heard_turn(browser, lena)
    RatingTurn.objects.filter(pk=turn.pk).update(arm=arm)
    return suggestion, listeners.answered(browser, turn, intensity="2").url


def test_lena_sees_the_suggestion_after_her_answer_and_keeps_her_own(browser, shown):
    suggestion, address = shown
    text = browser.get(address).content.decode()

    assert suggestion.checkpoint.version in text
    assert "71 %" in text
    browser.post(address, {"emotion": "anger"})
    kept = [(each.phase, each.emotion, each.arm) for each in Rating.objects.order_by("rated_at")]
    assert kept == [("BLIND", "anger", ""), ("INFORMED", "anger", "SHOWN")]


def test_the_other_arm_has_the_same_step_without_the_suggestion(browser, lena, clip):
    suggestion, address = answered_in(Arm.HIDDEN, browser, lena, clip)
    text = browser.get(address).content.decode()

    assert suggestion.checkpoint.version not in text
    assert "71" not in words_of(browser.get(address))
    assert Boxes(text).values("emotion").count("sadness") == 1
    browser.post(address, {"emotion": "sadness"})
    assert Rating.objects.get(phase="INFORMED").arm == "HIDDEN"


def test_a_suggestion_is_noted_as_seen_when_its_page_is_shown_and_not_before(browser, shown):
    assert RatingTurn.objects.get().revealed_at is None

    browser.get(shown[1])
    assert RatingTurn.objects.get().revealed_at


def test_without_a_suggestion_there_is_no_step(browser, lena, clip):
    assert listeners.answered(browser, listeners.heard_turn(browser, lena)).url == reverse("listen")


def test_a_change_to_what_we_do_not_know_asks_again(browser, shown):
    answer = browser.post(shown[1], {"emotion": "wrath"})

    assert answer.url == shown[1]
    assert Rating.objects.count() == 1


def test_milo_gives_no_second_answer_to_a_rating_of_lenas(client, shown, milo):
    client.force_login(milo)

    assert client.get(shown[1]).status_code == 404


def test_the_withdrawn_clip_of_a_step_leads_on(browser, vera, clip, shown):
    withdrawal.withdraw(Clip.objects.get(pk=clip.pk), by=vera)

    assert browser.get(shown[1]).url == reverse("listen")
    assert browser.post(shown[1], {"emotion": "fear"}).url == reverse("listen")
    assert Rating.objects.count() == 1
