"""The listening page: one clip, everything that may be said of it, and nothing lost of what was filled in."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions.leaving import withdrawal
from contributions.listening import ratings
from contributions.models import Arm, Clip, ListenerPass, Prompt, Rating, RatingTurn, RatingVoid
from tests import listeners, worlds
from tests.contributions.test_pages import Boxes

EVERYTHING = {
    "is_usable": "yes",
    "emotion": "other",
    "other_word": "homesick",
    "secondary_emotions": ["sadness", "calm"],
    "intensity": "0",
    "valence": "2",
    "arousal": "7",
    "dominance": "1",
    "styles": ["whisper", "sigh"],
    "description": "She almost laughs, and then she does not.",
}


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


def main_of(answer):
    """The page's own part, without head and foot."""
    return answer.content.decode().partition("<main")[2].partition("</main>")[0]


def words_of(answer):
    """What stands there to be read."""
    return " ".join(re.sub(r"<[^>]+>", " ", main_of(answer)).split())


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


def chosen_on(page):
    """Name and value of every field that is ticked."""
    fields = (field for field in Boxes(page).found if "checked" in field and "name" in field)
    return {(field["name"], field["value"]) for field in fields}


def still_filled_in(answer):
    """Whether the form of the page holds everything again."""
    page = main_of(answer)
    wanted = {(name, each) for name, said in EVERYTHING.items() for each in ([said] if isinstance(said, str) else said)}
    typed = {("other_word", "homesick"), ("description", EVERYTHING["description"])}
    return wanted - typed <= chosen_on(page) and "homesick" in page and EVERYTHING["description"] in page


def still_told(answer):
    """Whether the page tells everything that was said, where the form can be of no use any more."""
    told = words_of(answer)
    return all(word in told for word in ("homesick", "sadness", "calm", "whispers", EVERYTHING["description"]))


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
