"""The listening page: one clip, everything that may be said of it, and nothing lost of what was filled in."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions.leaving import withdrawal
from contributions.listening import ratings
from contributions.models import ListenerPass, Prompt, Rating, RatingTurn
from tests import listeners, worlds
from tests.contributions.listening.reading import (
    EVERYTHING,
    chosen_on,
    main_of,
    still_filled_in,
    still_told,
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


# Who listens


def test_somebody_who_passed_no_tutorial_is_led_to_them(client, otto, clip):
    client.force_login(otto)

    assert client.get(reverse("listen")).url == reverse("tutorials")


def test_a_stranger_is_asked_to_sign_in(client, clip):
    assert reverse("account_login") in client.get(reverse("listen")).url


def test_what_was_called_review_leads_to_listening_for_good(client, db):
    answer = client.get("/review/")

    assert (answer.status_code, answer.url) == (301, "/listen/")


def test_lena_hears_only_languages_that_she_passed(browser, vera):
    listeners.waiting(vera, language="pl")

    assert "Nothing waits for your ears" in words_of(browser.get(reverse("listen")))


def test_lena_chooses_among_her_languages_and_it_is_remembered(browser, lena, vera):
    ListenerPass.objects.create(person=lena, language="pl")
    listeners.waiting(vera, language="en")
    polish = listeners.waiting(vera, language="pl")

    browser.post(reverse("listen"), {"language": "pl"})
    assert str(polish.pk) in main_of(browser.get(reverse("listen")))
    assert "You hear Polish only" in words_of(browser.get(reverse("listen")))
    browser.post(reverse("listen"), {"language": ""})
    assert "You hear all your languages" in words_of(browser.get(reverse("listen")))


def test_a_language_that_lena_does_not_hear_is_not_remembered(browser, clip):
    browser.post(reverse("listen"), {"language": "pl"})

    assert str(clip.pk) in main_of(browser.get(reverse("listen")))


def test_a_choice_among_one_language_is_none(browser, clip):
    assert "tongues" not in main_of(browser.get(reverse("listen")))


# What the page has


def test_nothing_is_preset(browser, clip):
    assert Boxes(main_of(browser.get(reverse("listen")))).checked() == {}


def test_everything_can_be_said(browser, clip):
    boxes = Boxes(main_of(browser.get(reverse("listen"))))

    assert {"NO_SPEECH", "MINOR", "PERSONAL_DATA"} <= set(boxes.values("unusable_reason"))
    assert len(boxes.values("emotion")) == 19
    assert len(boxes.values("secondary_emotions")) == 17
    assert boxes.values("intensity") == ["0", "1", "2", "3"]
    for name in ("valence", "arousal", "dominance"):
        assert boxes.values(name) == ["1", "2", "3", "4", "5", "6", "7"]
    assert len(boxes.values("styles")) == 10


def test_each_key_stands_for_one_thing(browser, clip):
    page = main_of(browser.get(reverse("listen")))
    # Digits stand for a reason too, while the feelings cannot be seen.
    page = re.sub(r'<fieldset data-if="no">.*?</fieldset>', "", page, flags=re.DOTALL)
    keys = re.findall(r'data-key="([^"]+)"', page)

    assert len(keys) == len(set(keys)) >= 20
    assert {"p", "r", "t", "y", "n", "1", "8", "9", "0", "h", "m", "d", "x", "Enter"} <= set(keys)


def test_every_manner_of_the_taxonomy_has_its_words_for_a_listener():
    from contributions.taxonomy import styles
    from contributions.views import vocabulary

    assert set(vocabulary.MANNERS) == styles.names()


def test_a_quiet_clip_is_played_louder_as_far_as_its_peak_allows(browser, clip):
    # It wants 12 dB, and has 19 dB up to one under full scale.
    assert 'data-gain="3.9811"' in main_of(browser.get(reverse("listen")))


def test_the_words_are_shown_where_they_are_asked_for_in_several_feelings(browser, vera):
    prompts = Prompt.objects.filter(language="en", kind="ACTED")
    many = next(each for each in prompts if ways(each) > 1)
    listeners.waiting(vera, prompt=many)
    page = browser.get(reverse("listen"))

    assert "The words that were to be said" in words_of(page)
    assert "TEXT_NOT_READ" in Boxes(main_of(page)).values("unusable_reason")


def test_words_that_tell_one_feeling_are_not_shown(browser, vera):
    only = next(each for each in Prompt.objects.filter(language="en", kind="ACTED") if ways(each) == 1)
    listeners.waiting(vera, prompt=only)
    page = browser.get(reverse("listen"))

    assert only.text not in page.content.decode()
    assert "TEXT_NOT_READ" not in Boxes(main_of(page)).values("unusable_reason")


def ways(prompt):
    """In how many feelings the sentence is asked for."""
    return Prompt.objects.filter(language="en", sentence=prompt.sentence).values("emotion").distinct().count()


# Hearing


def test_the_questions_open_once_the_clip_was_heard(browser, lena, clip):
    turn = listeners.turn_on_the_page(browser, lena)
    before = main_of(browser.get(reverse("listen")))
    worlds.heard(turn)
    after = main_of(browser.get(reverse("listen")))

    assert "<rating-form hidden>" in re.sub(r"\s+", " ", before)
    assert "<heard-note>" in before
    assert "hidden" not in re.search(r"<rating-form[^>]*>", after)[0]
    assert "<heard-note>" not in after


def test_a_script_tells_that_it_was_heard_and_a_plain_button_does_too(browser, lena, clip):
    turn = listeners.turn_on_the_page(browser, lena)
    address = reverse("listen-heard", args=[turn.pk])
    RatingTurn.objects.update(opened_at=timezone.now() - timedelta(minutes=1))
    assert browser.post(address, headers={"Accept": "application/json"}).status_code == 204
    assert RatingTurn.objects.get().heard_at

    assert browser.post(address).url == reverse("listen")


def test_what_cannot_have_been_played_yet_is_not_heard(browser, lena, clip):
    turn = listeners.turn_on_the_page(browser, lena)
    answer = browser.post(reverse("listen-heard", args=[turn.pk]), headers={"Accept": "application/json"})

    assert answer.status_code == 409
    assert "cannot have been played" in answer.json()["message"]
    assert RatingTurn.objects.get().heard_at is None


# Answering


def test_everything_that_was_said_is_kept(browser, lena, clip):
    listeners.answered(browser, listeners.heard_turn(browser, lena), **EVERYTHING)
    kept = Rating.objects.get()

    assert (kept.emotion, kept.other_word, kept.intensity) == ("other", "homesick", 0)
    assert (kept.valence, kept.arousal, kept.dominance) == (2, 7, 1)
    assert (kept.secondary_emotions, kept.styles) == (["sadness", "calm"], ["whisper", "sigh"])
    assert kept.description == EVERYTHING["description"]


def test_what_was_not_touched_is_not_invented(browser, lena, clip):
    listeners.answered(browser, listeners.heard_turn(browser, lena))
    kept = Rating.objects.get()

    assert (kept.intensity, kept.valence, kept.arousal, kept.dominance) == (None, None, None, None)
    assert (kept.secondary_emotions, kept.styles, kept.description, kept.other_word) == ([], [], "", "")


def test_an_unusable_clip_asks_for_no_second_answer(browser, lena, clip):
    listeners.suggested(clip)
    turn = listeners.heard_turn(browser, lena)
    answer = listeners.answered(browser, turn, is_usable="no", unusable_reason="TOO_NOISY")

    assert answer.url == reverse("listen")
    assert Rating.objects.get().unusable_reason == "TOO_NOISY"


# Refusals, each with everything that was typed


def test_an_answer_without_hearing_comes_back_as_it_was_filled_in(browser, lena, clip):
    answer = listeners.answered(browser, listeners.turn_on_the_page(browser, lena), **EVERYTHING)

    assert answer.status_code == 409
    assert "listen to the clip to its end first" in words_of(answer)
    assert still_filled_in(answer)
    assert not Rating.objects.exists()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"emotion": ""}, "which emotion you heard"),
        ({"is_usable": ""}, "whether the clip is usable"),
        ({"is_usable": "no", "unusable_reason": ""}, "why it is not"),
        ({"emotion": "wrath"}, "which emotion you heard"),
        ({"valence": "8"}, "outside its scale"),
        ({"arousal": "0"}, "outside its scale"),
        ({"dominance": "much"}, "outside its scale"),
        ({"intensity": "4"}, "outside its scale"),
        ({"other_word": "x" * 61}, "longer than we can keep"),
        ({"description": "long " * 500}, "longer than we can keep"),
    ],
)
def test_an_answer_that_can_be_mended_comes_back_as_it_was_filled_in(browser, lena, clip, said, why):
    turn = listeners.heard_turn(browser, lena)
    answer = browser.post(reverse("listen-rating", args=[turn.pk]), EVERYTHING | said)
    page = main_of(answer)

    assert answer.status_code == 422
    assert why in words_of(answer)
    assert {("styles", "whisper"), ("styles", "sigh")} <= chosen_on(page)
    assert (said.get("description") or EVERYTHING["description"]).strip() in page
    assert said.get("other_word", "homesick") in page
    assert not Rating.objects.exists()


def test_an_answer_after_somebody_else_took_the_turn_comes_back_with_the_reason(browser, lena, clip, cleo):
    turn = listeners.heard_turn(browser, lena)
    a_second_ago = timezone.now() - timedelta(seconds=1)
    RatingTurn.objects.filter(pk=turn.pk).update(lease_expires_at=a_second_ago)
    type(clip.need).objects.update(held_until=a_second_ago)
    ratings.open_turn(cleo)
    answer = listeners.answered(browser, turn, **EVERYTHING)

    assert answer.status_code == 409
    assert "ran out" in words_of(answer)
    assert "nothing of it is lost" in words_of(answer)
    assert still_filled_in(answer)


def test_what_was_typed_is_shown_where_vera_took_the_clip_back(browser, lena, vera, clip):
    turn = listeners.heard_turn(browser, lena)
    withdrawal.withdraw(clip, by=vera)
    answer = listeners.answered(browser, turn, **EVERYTHING)

    assert answer.status_code == 409
    assert "no longer in review" in words_of(answer)
    assert still_told(answer)
    assert not Rating.objects.exists()


def test_a_second_answer_from_a_stale_page_is_told_and_the_first_stays(browser, lena, clip):
    turn = listeners.heard_turn(browser, lena)
    listeners.answered(browser, turn, emotion="fear")
    answer = listeners.answered(browser, turn, **EVERYTHING)

    assert answer.status_code == 409
    assert "rated this clip already" in words_of(answer)
    assert still_told(answer)
    assert Rating.objects.get().emotion == "fear"


def test_a_turn_on_a_clip_of_another_language_takes_no_answer(browser, lena, vera):
    polish = listeners.waiting(vera, language="pl")
    forged = RatingTurn.objects.create(
        clip=polish, rater=lena, lease_expires_at=timezone.now() + timedelta(minutes=5), heard_at=timezone.now()
    )
    answer = listeners.answered(browser, forged, **EVERYTHING)

    assert answer.status_code == 409
    assert "in a language that you do not listen to" in words_of(answer)
    assert still_told(answer)
    assert not Rating.objects.exists()


@pytest.mark.parametrize("door", ["listen-rating", "listen-heard", "listen-skip"])
def test_somebody_elses_turn_is_not_there(browser, clip, milo, door):
    turn = worlds.heard(ratings.open_turn(milo))

    assert browser.post(reverse(door, args=[turn.pk]), EVERYTHING).status_code == 404
    assert browser.get(reverse("listen-turn", args=[turn.pk])).status_code == 404
    assert not Rating.objects.exists()
