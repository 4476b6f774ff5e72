"""Language tags: one way to write each, a clear no to what is none, and names that people use themselves."""

import subprocess
import sys

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as any_

from contributions import taxonomy
from contributions.taxonomy import UnknownLanguage, tags


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("pt_br", "pt-BR"),
        ("EN-us", "en-US"),
        ("iw", "he"),
        ("ar-Arab", "ar"),
        ("ZH-hant-tw", "zh-Hant-TW"),
        ("sl-nedis", "sl-nedis"),
        ("es-419", "es-419"),
        ("sw", "sw"),
    ],
)
def test_a_tag_is_written_one_way_however_it_was_said(said, written):
    assert tags.normalised(said) == written
    assert tags.normalised(written) == written


@pytest.mark.parametrize(
    "said",
    [
        *("", "e", "english", "en-", "../en", "en\n", "٣", "Deutsch", "xx", "en-AB", "de-x-foo", "en-u-ca-gregory"),
        *("de_DE.UTF-8", "en" + "-a" * 40, "*", "en;q=1"),
    ],
)
def test_what_is_no_tag_is_refused(said):
    with pytest.raises(tags.Malformed):
        tags.normalised(said)


@given(any_.text(max_size=40))
def test_nothing_else_than_a_refusal_comes_of_any_letters(said):
    try:
        written = tags.normalised(said)
    except tags.Malformed:
        return
    assert tags.normalised(written) == written
    assert len(written) <= tags.LETTERS_MAX


def test_a_variety_of_a_language_of_ours_may_be_spoken_and_a_strange_language_not_yet():
    assert (tags.spoken("de_at"), tags.listed("de-AT").tag) == ("de-AT", "de")
    for strange in ("tlh", "mul", "und", "qaa"):
        with pytest.raises(UnknownLanguage):
            tags.spoken(strange)


def test_what_is_within_what():
    assert tags.is_within("en-US", "en")
    assert tags.is_within("en", "en")
    assert not tags.is_within("en", "en-US")
    assert not tags.is_within("enm", "en")


def test_every_language_of_the_data_files_is_written_so_and_runs_as_its_script_does():
    for language in taxonomy.languages():
        assert tags.normalised(language.tag) == language.tag
        assert tags.direction(language.tag) == language.direction, language.tag


@pytest.mark.parametrize(
    ("tag", "way"), [("pa-Arab", "rtl"), ("pa", "ltr"), ("ur", "rtl"), ("dv", "rtl"), ("az", "ltr")]
)
def test_the_script_says_which_way_it_runs(tag, way):
    assert tags.direction(tag) == way


def test_a_language_is_named_in_the_readers_words_and_in_its_own():
    assert [tags.name("pt-BR", reader) for reader in ("de", "sw")] == ["Portugiesisch (Brasilien)", "Kireno (Brazil)"]
    assert (tags.own_name("ar"), tags.own_name("cs")) == ("العربية", "čeština")
    assert tags.own_name("de-AT") == "Deutsch (Österreich)"


@pytest.mark.parametrize("reader", dict(settings.LANGUAGES))
def test_every_language_has_a_name_in_every_language_of_the_site(reader):
    names = [tags.name(language.tag, reader) for language in taxonomy.languages()]

    assert len(set(names)) == len(names)
    assert all(names)


def test_tags_need_no_django():
    alone = (
        "import sys; from contributions.taxonomy import tags; tags.normalised('de'); assert 'django' not in sys.modules"
    )

    assert subprocess.run([sys.executable, "-c", alone], check=False).returncode == 0
