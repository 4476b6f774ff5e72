"""What Vera is asked to say, and what she is invited to tell."""

from collections import Counter
from dataclasses import FrozenInstanceError

import pytest

from contributions import taxonomy
from contributions.taxonomy import UnknownLanguage

LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "pl", "sw")
CORE = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
ARABIC, DEVANAGARI, LATIN = ("\u0600", "\u06ff"), ("\u0900", "\u097f"), ("A", "\u024f")
SCRIPTS = {"ar": ARABIC, "hi": DEVANAGARI}
TAKES_OF_EACH = 6  # sentences for each emotion at each intensity
WORDS_MIN, WORDS_MAX = 4, 14


def sentences(tag: str) -> dict[str, list[taxonomy.Prompt]]:
    """The ways to say each sentence of a language."""
    ways: dict[str, list[taxonomy.Prompt]] = {}
    for prompt in taxonomy.prompts(tag):
        ways.setdefault(prompt.sentence, []).append(prompt)
    return ways


def everything_to_read(tag: str) -> list[str]:
    """Every text of a language: the sentences, their scenes and the invitations."""
    said = [(ways[0].text, *(way.scene for way in ways)) for ways in sentences(tag).values()]
    return [text for texts in said for text in texts] + [invitation.text for invitation in taxonomy.own_words(tag)]


def test_a_language_without_prompts_has_none():
    assert taxonomy.prompt_languages() == LANGUAGES
    assert (taxonomy.prompts("it"), taxonomy.own_words("it"), taxonomy.prompt_status("it")) == ((), (), None)


@pytest.mark.parametrize("read", [taxonomy.prompts, taxonomy.own_words, taxonomy.prompt_status])
@pytest.mark.parametrize("tag", ["", "xx", "EN", "../en", "en\n"])
def test_there_is_nothing_to_say_in_a_language_nobody_knows(tag, read):
    with pytest.raises(UnknownLanguage):
        read(tag)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_language_is_a_pilot_until_somebody_who_grew_up_with_it_confirms_it(tag):
    assert taxonomy.prompt_status(tag) == "pilot"


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_emotion_is_asked_for_as_often_at_every_intensity(tag):
    spread = Counter((prompt.emotion, prompt.intensity) for prompt in taxonomy.prompts(tag))

    assert spread == {(emotion, intensity): TAKES_OF_EACH for emotion in CORE for intensity in (1, 2, 3)}


@pytest.mark.parametrize("tag", LANGUAGES)
def test_forty_sentences_and_more_are_said_with_two_to_four_feelings(tag):
    contrasted = [ways for ways in sentences(tag).values() if len(ways) > 1]

    assert len(contrasted) >= 40
    assert max(len(ways) for ways in contrasted) <= 4
    assert max(len(ways[0].text.split()) for ways in contrasted) <= 12


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_sentence_keeps_its_words_and_changes_its_feeling(tag):
    for ways in sentences(tag).values():
        assert len({way.text for way in ways}) == 1
        assert len({way.emotion for way in ways}) == len(ways)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_nothing_is_written_twice(tag):
    texts = Counter(text.casefold() for text in everything_to_read(tag))

    assert [text for text, times in texts.items() if times > 1] == []


def test_every_prompt_has_an_id_of_its_own_that_can_stand_in_an_address():
    ids = [prompt.id for tag in LANGUAGES for prompt in taxonomy.prompts(tag)]

    assert len(set(ids)) == len(ids)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz-") for name in ids)
    assert max(len(name) for name in ids) <= 60


def test_the_same_is_asked_in_every_language():
    asked = {
        frozenset((way.sentence, way.emotion, way.intensity) for way in taxonomy.prompts(tag)) for tag in LANGUAGES
    }
    invited = {frozenset((own.slug, own.emotion) for own in taxonomy.own_words(tag)) for tag in LANGUAGES}

    assert (len(asked), len(invited)) == (1, 1)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_sentence_can_be_said_in_one_breath(tag):
    for ways in sentences(tag).values():
        assert 15 <= len(ways[0].text) <= 90
        assert WORDS_MIN <= len(ways[0].text.split()) <= WORDS_MAX, ways[0]


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_scene_is_one_sentence(tag):
    for prompt in taxonomy.prompts(tag):
        ends = [mark for mark in prompt.scene if mark in ".?!؟।"]
        assert len(ends) == 1, prompt
        assert prompt.scene.endswith(ends[0])


@pytest.mark.parametrize("tag", LANGUAGES)
def test_everything_is_written_in_its_own_script_and_without_figures(tag):
    first, last = SCRIPTS.get(tag, LATIN)
    for text in everything_to_read(tag):
        assert all(first <= letter <= last for letter in text if letter.isalpha()), text
        assert not any(letter.isdigit() for letter in text), text
        assert text == text.strip()
        assert "  " not in text, text


@pytest.mark.parametrize("tag", LANGUAGES)
def test_twenty_invitations_and_more_are_spread_over_the_emotions(tag):
    invitations = taxonomy.own_words(tag)
    spread = Counter(invitation.emotion for invitation in invitations)

    assert len({invitation.slug for invitation in invitations}) == len(invitations) >= 20
    assert set(spread) == set(CORE)
    assert min(spread.values()) >= 2
    assert all(invitation.language == tag for invitation in invitations)


def test_what_was_read_is_read_once_and_cannot_be_changed():
    assert taxonomy.own_words("en") is taxonomy.own_words("en")
    with pytest.raises(FrozenInstanceError):
        taxonomy.prompts("en")[0].text = "other words"
    with pytest.raises(FrozenInstanceError):
        taxonomy.own_words("en")[0].text = "other words"
