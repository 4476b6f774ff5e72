"""The emotions and languages, and the words Vera agrees to."""

import hashlib
import subprocess
import sys
from collections import Counter

import pytest
from django.conf import settings

from contributions import taxonomy
from contributions.taxonomy import NotWritten, UnknownEmotion, UnknownLanguage, reading

NAMED_LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "pl", "sw")  # those in which the emotions have names
SITE_LANGUAGES = tuple(sorted(dict(settings.LANGUAGES)))
FAMILIES = {
    *("curious", "pensive", "fearful", "happy", "calm", "focused", "surprised", "sad", "romantic", "seductive"),
    *("angry", "determined", "discomposed", "grumpy", "disgusted", "sarcastic"),
}


def test_the_core_emotions_are_those_of_the_benchmarks():
    names = [emotion.name for emotion in taxonomy.core_emotions()]

    assert names == ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]


def test_the_sixteen_families_are_covered_once_each():
    families = [emotion.family for emotion in taxonomy.emotions() if emotion.family]

    assert len(families) == 16
    assert set(families) == FAMILIES


@pytest.mark.parametrize("tag", NAMED_LANGUAGES)
def test_every_emotion_has_a_name_and_words_of_its_own(tag):
    displays = [emotion.display[tag] for emotion in taxonomy.emotions()]
    words = [word for emotion in taxonomy.emotions() for word in emotion.words[tag]]

    assert len(set(displays)) == len(displays)
    assert [word for word, times in Counter(words).items() if times > 1] == []
    assert all(emotion.words[tag] for emotion in taxonomy.emotions())


def test_an_emotion_nobody_defined_is_refused():
    assert taxonomy.emotion("calm").family == "calm"
    with pytest.raises(UnknownEmotion):
        taxonomy.emotion("hangry")


def test_languages_are_known_by_their_tag_and_run_their_own_way():
    tags = [language.tag for language in taxonomy.languages()]

    assert len(set(tags)) == len(tags) >= 25
    assert {language.tag for language in taxonomy.languages() if language.direction == "rtl"} == {
        "ar",
        "fa",
        "he",
        "ur",
    }
    assert {language.direction for language in taxonomy.languages()} == {"ltr", "rtl"}
    assert taxonomy.language("ar").endonym == "العربية"


@pytest.mark.parametrize("tag", ["", "xx", "english", "EN", "en-", "../en", "en\n", "٣"])
def test_a_wrong_language_tag_is_refused(tag):
    with pytest.raises(UnknownLanguage):
        taxonomy.language(tag)


@pytest.mark.parametrize("purpose", taxonomy.PURPOSES)
@pytest.mark.parametrize("tag", SITE_LANGUAGES)
def test_every_consent_is_written_in_every_language_it_is_asked_in(purpose, tag):
    wording = taxonomy.consent_wording(purpose, tag)
    source = taxonomy.consent_wording(purpose, "en")

    assert taxonomy.consent_languages() == SITE_LANGUAGES
    assert (wording.version, wording.valid_from, wording.material_change) == (
        *(source.version, source.valid_from, source.material_change),
    )
    assert wording.body.startswith("# ")
    assert wording.body.count("\n\n") == source.body.count("\n\n")
    assert wording.sha256 == hashlib.sha256(wording.body.encode()).hexdigest()
    assert wording.translation_of == (None if tag == "en" else "en")
    assert wording in taxonomy.consent_wordings()


# What people agreed to under these names; other words need another version, and a line of their own.
AGREED_TO = [
    ("STORE_AND_REVIEW", "ar", "1.0", "3155a2f05aeee514"),
    ("STORE_AND_REVIEW", "en", "1.0", "b48df49ed2a42470"),
    ("STORE_AND_REVIEW", "es", "1.0", "ff765f4d73ea8ebe"),
    ("TRAIN_MODELS", "ar", "1.0", "3b6dc92546482192"),
    ("TRAIN_MODELS", "en", "1.0", "c398a4ae2937e7c0"),
    ("TRAIN_MODELS", "es", "1.0", "ee898f0875a58679"),
    ("RELEASE_DATASET", "ar", "1.0", "d3add459d877b690"),
    ("RELEASE_DATASET", "en", "1.0", "b8dc8fafb5eca857"),
    ("RELEASE_DATASET", "es", "1.0", "e44256466d10f432"),
    ("DEMOGRAPHICS", "ar", "1.0", "7e43bef3cca60463"),
    ("DEMOGRAPHICS", "en", "1.0", "bb25acbddb6a5b93"),
    ("DEMOGRAPHICS", "es", "1.0", "e042ac879c79f717"),
    ("STORE_AND_REVIEW", "ar", "1.1", "af68139b1debd0d2"),
    ("STORE_AND_REVIEW", "en", "1.1", "34ff013d0e6d9938"),
    ("STORE_AND_REVIEW", "es", "1.1", "2162b373ea9d0208"),
    ("RELEASE_DATASET", "ar", "1.1", "492a04f9bdfb7c78"),
    ("RELEASE_DATASET", "en", "1.1", "934b17eae55ee7f0"),
    ("RELEASE_DATASET", "es", "1.1", "c8ab7762c8f8dd86"),
    ("CONTACT", "ar", "1.0", "38886603362621d4"),
    ("CONTACT", "en", "1.0", "42f6baf672f8b781"),
    ("CONTACT", "es", "1.0", "5b0f62c834a5d783"),
    ("STORE_AND_REVIEW", "de", "1.1", "b559f7c82dcd279c"),
    ("STORE_AND_REVIEW", "fr", "1.1", "2e294342ade48eb4"),
    ("STORE_AND_REVIEW", "pl", "1.1", "79a630e4697d8af4"),
    ("TRAIN_MODELS", "de", "1.0", "a450ddf2bf62a860"),
    ("TRAIN_MODELS", "fr", "1.0", "b5b6cf132133f3c4"),
    ("TRAIN_MODELS", "pl", "1.0", "adad34ed12a99503"),
    ("RELEASE_DATASET", "de", "1.1", "0da5bf75ca3c21eb"),
    ("RELEASE_DATASET", "fr", "1.1", "81eb1d61200f5166"),
    ("RELEASE_DATASET", "pl", "1.1", "ab15d7c9845605bc"),
    ("DEMOGRAPHICS", "de", "1.0", "9b766011df1b4887"),
    ("DEMOGRAPHICS", "fr", "1.0", "4d1f962a8e81b425"),
    ("DEMOGRAPHICS", "pl", "1.0", "ef40713c92b68dd9"),
    ("CONTACT", "de", "1.0", "0e11060fac0120ef"),
    ("CONTACT", "fr", "1.0", "334c2dd2ecae3762"),
    ("CONTACT", "pl", "1.0", "5823f0576124ff22"),
    ("STORE_AND_REVIEW", "hi", "1.1", "716927b22ad1cd51"),
    ("STORE_AND_REVIEW", "sw", "1.1", "010b1b908072e5e2"),
    ("TRAIN_MODELS", "hi", "1.0", "00d0865a438758b0"),
    ("TRAIN_MODELS", "sw", "1.0", "0f0f5d579a299568"),
    ("RELEASE_DATASET", "hi", "1.1", "3c70f7452b73e400"),
    ("RELEASE_DATASET", "sw", "1.1", "b89173e6240471df"),
    ("DEMOGRAPHICS", "hi", "1.0", "2aa25f9e8ff682d0"),
    ("DEMOGRAPHICS", "sw", "1.0", "f9eda53649b99f6a"),
    ("CONTACT", "hi", "1.0", "5e6561757122ddc9"),
    ("CONTACT", "sw", "1.0", "b24e98397a935566"),
]


def test_no_words_that_people_agreed_to_are_changed_under_their_name():
    now = {(each.purpose, each.language, each.version): each.sha256[:16] for each in taxonomy.consent_wordings()}
    known = {tuple(name): digest for *name, digest in AGREED_TO}

    assert {name: digest for name, digest in now.items() if known.get(name) != digest} == {}


def test_no_two_consent_texts_are_the_same():
    different = {wording.sha256 for wording in taxonomy.consent_wordings()}

    assert len(different) == len(taxonomy.PURPOSES) * len(SITE_LANGUAGES)


@pytest.mark.parametrize("name", taxonomy.PAGES)
@pytest.mark.parametrize("tag", SITE_LANGUAGES)
def test_privacy_and_terms_say_as_much_in_every_language(name, tag):
    text = taxonomy.page(name, tag)

    for mark in ("## ", "- ", "**"):
        assert text.count(mark) == taxonomy.page(name, "en").count(mark)


@pytest.mark.parametrize(("name", "tag"), [("privacy", "xx"), ("imprint", "en"), ("../en/privacy", "en")])
def test_a_page_nobody_wrote_is_refused(name, tag):
    with pytest.raises(NotWritten):
        taxonomy.page(name, tag)


def test_the_texts_need_no_django():
    program = "import sys, contributions.taxonomy as t; t.consent_wordings(); sys.exit('django' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_texts_are_shown_with_their_headings_lists_and_stress():
    shown = reading.as_html("# A & B\n\nOne\n**two** and *three*.\n\n- four\n  five\n- <script>\n")

    assert shown == (
        "<h1>A &amp; B</h1>\n<p>One <strong>two</strong> and <em>three</em>.</p>\n"
        "<ul><li>four five</li><li>&lt;script&gt;</li></ul>"
    )


def test_a_space_that_must_not_break_is_kept():
    assert reading.as_html("Quoi\u202f?\n«\u00a0Rien\u00a0»") == "<p>Quoi\u202f? «\u00a0Rien\u00a0»</p>"


@pytest.mark.parametrize(
    "wording", taxonomy.consent_wordings(), ids=lambda wording: f"{wording.purpose}-{wording.language}"
)
def test_no_mark_of_the_markup_is_left_to_read(wording):
    shown = reading.as_html(wording.body)

    assert "*" not in shown
    assert "#" not in shown
    assert "\n- " not in shown
