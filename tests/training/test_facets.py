"""What is known of a clip is told, and what nobody said is not known."""

import pytest

from tests.training.clips import clip
from training import facets


def test_nothing_is_known_of_a_clip_of_which_nothing_was_told():
    assert facets.known(clip(), bins={}) == {}


def test_everything_that_was_told_is_known():
    about = clip(intensity=3.0, gender="female", styles=["cry", "whisper"], transcript="To ja!")

    assert facets.known(about, bins={"pitch": "high", "rate": "middle"}) == {
        "strength": {"strong"},
        "voice": {"female"},
        "style": {"cry", "whisper"},
        "transcript": {"to ja"},
        "pitch": {"high"},
        "rate": {"middle"},
    }


def test_every_facet_that_can_be_known_or_claimed_is_a_facet():
    assert {*facets.CLAIMED, "emotion", "mixture"} == set(facets.FACETS)
    assert set(facets.PROSODY) < set(facets.BESIDE_EMOTION) < set(facets.CLAIMED)


def test_a_gender_is_no_voice_unless_it_is_a_womans_or_a_mans():
    for said in ("", None, "non-binary", "Female"):
        assert "voice" not in facets.known(clip(gender=said), bins={})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Idź już!", "idź, już"),
        ("STRASSE", "straße"),
        ("  Where…  are you? ", "where are you"),
        ("वह आया।", "वह आया"),
        ("أين أنت؟", "أين أنت"),
    ],
)
def test_two_transcripts_of_the_same_words_are_the_same(one, other):
    assert facets.spoken_words(one) == facets.spoken_words(other)


def test_other_words_are_other_words():
    assert facets.spoken_words("की") != facets.spoken_words("का")
    assert facets.spoken_words("kto") != facets.spoken_words("ktoś")
    assert facets.spoken_words(" … ") is facets.spoken_words(None) is None


@pytest.mark.parametrize(
    ("rated", "told"),
    [(None, None), (0.0, "weak"), (1.2, "weak"), (1.25, "middling"), (2.25, "middling"), (3, "strong")],
)
def test_a_strength_is_the_class_of_an_intensity(rated, told):
    assert facets.strength_of(rated) == told
