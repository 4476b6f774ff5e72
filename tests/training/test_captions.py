"""Captions are true, repeatable, and never give the test away."""

import json

import numpy as np
import pytest

from training import captions

LANGUAGES = ["ar", "de", "en", "es", "fr", "hi", "pl", "sw"]
CORE = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]


def drawn(count=300, *, seed=0, **about):
    clip = {"emotions": {"anger": 1.0}, "intensity": None, "language": "pl", "texts": []} | about
    random = np.random.default_rng(seed)
    return [captions.training_caption(**clip, random=random) for _ in range(count)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_training_and_evaluation_templates_are_disjoint(language):
    spoken = captions.grammar(language)

    assert len(spoken.evaluation) >= 3
    assert not set(spoken.training) & set(spoken.evaluation)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("emotion", CORE)
def test_no_training_caption_is_an_evaluation_caption(language, emotion):
    learnt = {caption.text for caption in drawn(emotions={emotion: 1.0}, language=language, intensity=3.0)}

    assert not learnt & set(captions.evaluation_captions(emotion, languages=[language, "en"]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_words_for_the_same_emotions_and_no_word_twice(language):
    emotions = captions.grammar(language).emotions

    words = [word for several in emotions.values() for word in several]
    assert emotions.keys() == captions.grammar("en").emotions.keys()
    assert set(CORE) <= emotions.keys()
    assert len(words) == len(set(words))


def test_the_same_seed_tells_the_same_and_another_seed_something_else():
    assert drawn(seed=5) == drawn(seed=5)
    assert drawn(seed=5) != drawn(seed=6)


def test_a_caption_claims_only_what_listeners_heard():
    for caption in drawn(emotions={"anger": 0.7, "sadness": 0.3}, intensity=2.8):
        assert {emotion for emotion, _ in caption.emotions} <= {"anger", "sadness"}
        assert caption.strength in (None, "strong")


def test_a_clip_nobody_rated_for_intensity_gets_no_adverb():
    assert {caption.strength for caption in drawn(intensity=None)} == {None}


def test_a_clips_own_description_is_told_now_and_then():
    own = "a shaking whisper, close to tears"

    told = [caption for caption in drawn(emotions={"sadness": 1.0}, texts=[own]) if caption.text == own]

    assert 20 < len(told) < 120
    assert told[0].emotions == (("sadness", 1.0),)


def test_a_language_without_a_grammar_is_told_in_english():
    assert captions.grammar("vi") is captions.grammar("vi")
    assert captions.grammar("vi") == captions.grammar("en")
    assert captions.grammar("pl-PL") == captions.grammar("pl")
    assert captions.grammar("../secrets") == captions.grammar("en")


def test_a_new_emotion_goes_by_its_own_name():
    assert any("home sick" in text for text in captions.evaluation_captions("home_sick", languages=["pl"]))


def test_labels_have_several_captions_in_the_releases_languages_and_english():
    told = captions.labels(["anger", "fear"], languages=["pl"])

    assert list(told) == ["anger", "fear"]
    assert len(told["anger"]) == 8
    assert any("gniewny" in text for text in told["anger"])
    assert any("angry" in text for text in told["anger"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_has_one_place_for_the_word(language):
    raw = json.loads((captions.GRAMMARS / f"{language}.json").read_text(encoding="utf-8"))

    assert all(template.count("{}") == 1 for template in raw["training"] + raw["evaluation"])
    assert raw["mixture"].count("{}") == 2
    assert raw["intensity"].keys() == {"weak", "strong"}
