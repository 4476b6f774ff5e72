"""How Vera speaks: an acted sentence, her own words, or the same words with another feeling; and when it is enough."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions.asking import pacing
from contributions.models import Clip, Prompt
from contributions.screening import examination
from tests import worlds
from tests.contributions.audio import sounds

STUDIO = reverse("studio")
HALF_A_MINUTE = sounds.wav(sounds.tone(seconds=30)[:, None])


@pytest.fixture
def studio(vera, client):
    client.force_login(vera)
    client.post(reverse("choose-language"), {"language": "en"})
    return lambda **asked: client.get(STUDIO, asked)


def invitation():
    return Prompt.objects.filter(language="en", kind="OWN_WORDS").first()


def of(answer):
    """The prompt that a page shows."""
    return Prompt.objects.get(pk=re.search(r'data-prompt="([^"]+)"', answer.content.decode())[1])


def given(someone, times, *, ago=timedelta(0), apart=timedelta(seconds=20)):
    """So many takes, the last one so long ago."""
    clips = [worlds.stored_clip(someone) for _ in range(times)]
    for number, clip in enumerate(reversed(clips)):
        Clip.objects.filter(pk=clip.pk).update(stored_at=timezone.now() - ago - number * apart)


# Modes


def test_a_newcomer_acts_sentences(studio):
    assert of(studio()).kind == "ACTED"


def test_the_chosen_mode_is_remembered_and_marked_on_the_page(studio):
    assert of(studio(prompt="next", mode="OWN_WORDS")).kind == "OWN_WORDS"
    page = studio()

    assert of(page).kind == "OWN_WORDS"
    assert re.search(r'value="OWN_WORDS"[^>]*checked', page.content.decode())
    assert of(studio(prompt="next", mode="ACTED")).kind == "ACTED"


def test_a_mode_that_nobody_knows_changes_nothing(studio):
    assert of(studio(prompt="next", mode="SUNG")).kind == "ACTED"


def test_own_words_remind_to_keep_names_and_private_things_out(studio):
    page = studio(mode="OWN_WORDS").content.decode()

    assert "give no names" in page
    assert "Say it with" not in page


def test_the_page_tells_how_long_what_is_asked_may_take(studio):
    assert 'data-longest-seconds="60"' in studio(prompt="next", mode="OWN_WORDS").content.decode()
    assert 'data-longest-seconds="20"' in studio(prompt="next", mode="ACTED").content.decode()


def test_after_a_take_the_same_words_come_with_another_feeling(studio, vera):
    said = Prompt.objects.filter(sentence="our-dinner", language="en").first()
    worlds.stored_clip(vera, prompt=said)
    answer = studio(prompt="next", mode="CONTRAST", besides=said.pk, after=said.pk)

    assert of(answer).sentence == said.sentence
    assert of(answer) != said
    assert "The same words, now with" in answer.content.decode()


def test_where_there_is_nothing_to_tell_there_is_something_to_act(studio):
    Prompt.objects.filter(kind="OWN_WORDS").update(is_offered=False)

    assert of(studio(mode="OWN_WORDS")).kind == "ACTED"


def test_the_sentences_in_hand_are_of_the_chosen_mode(studio, client):
    studio(mode="OWN_WORDS")
    prompts = client.get(reverse("upcoming-prompts")).json()["prompts"]

    assert {Prompt.objects.get(pk=each["prompt"]).kind for each in prompts} == {"OWN_WORDS"}


def test_who_left_out_and_reported_everything_is_brought_to_change_that(studio, client):
    Prompt.objects.exclude(pk=invitation().pk).update(is_offered=False)
    client.post(reverse("prompt-report", args=[invitation().pk]), {"reason": "WRONG"})

    assert studio().url == reverse("feelings")


# The clip


def test_the_clip_keeps_how_it_came_about(vera):
    told = worlds.stored_clip(vera, prompt=invitation())
    acted = worlds.stored_clip(vera)

    assert (told.mode, acted.mode) == ("OWN_WORDS", "ACTED")


def test_nobody_writes_down_what_was_told_in_own_words(vera):
    told = worlds.stored_clip(vera, prompt=invitation())

    assert (told.transcript, told.intended_emotion, told.intended_intensity) == ("", invitation().emotion, None)


def test_what_is_told_may_take_longer_than_a_sentence(vera):
    told = worlds.stored_clip(vera, HALF_A_MINUTE, prompt=invitation())
    acted = worlds.stored_clip(vera, HALF_A_MINUTE)
    for clip in (told, acted):
        examination.examine_due(clip.pk)
        clip.refresh_from_db()

    assert told.status_reason != "TOO_LONG"
    assert acted.status_reason == "TOO_LONG"


# Enough


def test_after_thirty_takes_in_one_sitting_a_break_is_hinted_at_and_nothing_is_closed(studio, vera):
    given(vera, 29)
    assert "a break and a glass of water" not in studio(prompt="next").content.decode()
    given(vera, 1)
    answer = studio(prompt="next").content.decode()

    assert "a break and a glass of water" in answer
    assert "data-prompt=" in answer


def test_a_rest_begins_a_new_sitting(vera):
    given(vera, 20, ago=timedelta(hours=1))
    given(vera, 10)

    assert pacing.sitting(worlds.voice_of(vera), now=timezone.now()) == 10


def test_the_days_end_is_said_kindly_where_the_next_sentence_would_be(studio, vera, settings):
    settings.CLIPS_PER_DAY = 2
    given(vera, 2)
    page, part = studio().content.decode(), studio(prompt="next").content.decode()

    for shown in (page, part):
        assert "data-enough" in shown
        assert "data-prompt=" not in shown
    assert "<html" not in part


def test_tomorrow_there_is_room_again(studio, vera, settings):
    settings.CLIPS_PER_DAY = 2
    given(vera, 2, ago=timedelta(hours=25))

    assert "data-prompt=" in studio().content.decode()


def test_no_more_sentences_are_kept_in_hand_than_the_day_has_room_for(studio, vera, client, settings):
    settings.CLIPS_PER_DAY = 5
    given(vera, 2)
    studio()

    assert len(client.get(reverse("upcoming-prompts")).json()["prompts"]) == 3
