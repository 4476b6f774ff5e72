"""What people see: every sentence they may rely on, and nothing before its time."""

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings
from django.contrib.staticfiles import finders
from django.urls import reverse

from contributions.consenting import consent
from contributions.models import Prompt, Purpose
from tests import worlds

SCRIPTS_BYTES_MAX = 60_000
FIRST_LOAD_BYTES_MAX = 150_000
REFERENCE = re.compile(r'(?:href|src)="/static/([^"]+)"|": "/static/([^"]+)"')


class Boxes(HTMLParser):
    """The fields of a page: by name, the attributes of each."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag in ("input", "button", "textarea"):
            self.found.append(dict(attrs))

    def checked(self):
        return {field["name"]: field.get("value") for field in self.found if "checked" in field and "name" in field}

    def values(self, name):
        return [field.get("value") for field in self.found if field.get("name") == name]


@pytest.fixture
def stock(db):
    worlds.stocked()


@pytest.fixture
def newcomer(stock, client):
    someone = worlds.person("nora")
    client.force_login(someone)
    return someone


@pytest.fixture
def vera_in_the_studio(vera, client):
    client.force_login(vera)
    client.post(reverse("choose-language"), {"language": "en"})
    return vera


@pytest.fixture
def clip(vera):
    return worlds.screened_clip(vera)


def page(client, name, *args, **query):
    """The text of a page that answers 200."""
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def consented(text, **also):
    """What the browser posts for the consent page, with every box ticked that is named."""
    shown = {f"shown_{purpose}": Boxes(text).values(f"shown_{purpose}")[0] for purpose in Purpose}
    return shown | {name: "on" for name, is_ticked in also.items() if is_ticked}


# Everybody


def test_the_first_page_tells_how_far_it_has_come(client, clip):
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page(client, "home")))

    assert "clip waits for listeners 1" in told
    assert "language 1" in told
    assert "of accepted speech so far 0 seconds" in told


@pytest.mark.parametrize("name", ["privacy", "terms"])
@pytest.mark.parametrize("language", dict(settings.LANGUAGES))
def test_the_plain_pages_are_there_in_every_language_of_the_site(client, db, name, language):
    client.cookies["django_language"] = language
    text = page(client, name)

    assert f'<article class="prose" lang="{language}"' in text
    assert len(text) > 3000


def test_arabic_runs_from_right_to_left(client, db):
    client.cookies["django_language"] = "ar"

    assert '<html lang="ar" dir="rtl">' in page(client, "home")


@pytest.mark.parametrize(("address", "status"), [("/nothing/", 404), ("/sign-in/forged/", 410)])
def test_an_error_has_a_page_of_our_own(client, db, address, status):
    answer = client.get(address)

    assert answer.status_code == status
    assert "Open Empathic" in answer.content.decode()


def test_a_broken_site_still_shows_a_page_without_knowing_anything(db):
    from django.template.loader import render_to_string

    assert "Something broke on our side" in render_to_string("500.html")


def test_otto_reads_why_a_moderators_page_is_closed_to_him(client, stock):
    client.force_login(worlds.person("otto"))
    answer = client.get(reverse("moderate"))

    assert answer.status_code == 403
    assert "This page is for moderators" in answer.content.decode()


@pytest.mark.parametrize("name", ["home", "choose-language", "studio", "account_login", "account_signup"])
def test_nothing_on_a_page_runs_or_styles_itself_inline(client, vera_in_the_studio, name):
    if name.startswith("account"):
        client.logout()
    answer = client.get(reverse(name))
    text = answer.content.decode()
    scripts = re.findall(r"<script([^>]*)>", text)
    nonce = re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])

    assert not re.search(r"\son[a-z]+=|\sstyle=|<style|javascript:", text)
    assert all("src=" in script or f'nonce="{nonce[1]}"' in script for script in scripts)


@pytest.mark.parametrize("name", ["home", "choose-language", "consent", "studio", "listen", "runs"])
def test_the_first_load_of_a_page_stays_small(client, clip, name):
    cleo = worlds.volunteer("cleo")
    cleo.role = "CURATOR"
    cleo.save(update_fields=["role"])
    client.force_login(cleo)
    client.post(reverse("choose-language"), {"language": "en"})
    text = page(client, name)
    files = {found[0] or found[1] for found in REFERENCE.findall(text)}

    # The page travels as it is, since compressing secrets beside what a stranger sends gives them away; files do not.
    sizes = {file: len(gzip.compress(Path(finders.find(file)).read_bytes())) for file in files}
    assert files
    assert len(text.encode()) + sum(sizes.values()) < FIRST_LOAD_BYTES_MAX
    assert sum(size for file, size in sizes.items() if file.endswith(".js")) < SCRIPTS_BYTES_MAX


def test_every_module_that_a_script_imports_is_in_the_import_map(client, vera_in_the_studio):
    text = page(client, "studio")
    mapped = dict(re.findall(r'"((?:audio|elements)/[a-z-]+)": "/static/([^"]+)"', text))

    for name, file in mapped.items():
        imports = re.findall(r'(?:from|import) "([^"]+)"', Path(finders.find(file)).read_text())
        assert set(imports) <= set(mapped), name


# A volunteer's way


def test_a_stranger_chooses_a_language_and_is_asked_only_then_how_to_take_part(client, stock):
    answer = client.post(reverse("choose-language"), {"language": "ar"}, follow=True)

    assert "/contribute/as/" in answer.redirect_chain[-1][0]
    assert client.session["spoken_language"] == "ar"


def test_only_languages_with_sentences_are_offered(client, stock):
    Prompt.objects.filter(language="de").update(is_offered=False)

    spoken = Boxes(page(client, "choose-language").partition("<main")[2].partition("</main>")[0])

    assert set(spoken.values("language")) == {"ar", "en", "es", "fr", "hi", "pl", "sw"}
    assert client.post(reverse("choose-language"), {"language": "de"}).status_code == 200


def test_no_box_is_ticked_for_a_newcomer(client, newcomer):
    boxes = Boxes(page(client, "consent"))

    assert boxes.checked() == {}
    assert {field["name"] for field in boxes.found if field.get("type") == "checkbox"} == {
        "is_adult",
        *(f"given_{purpose}" for purpose in Purpose),
    }


@pytest.mark.parametrize("ticked", [{"is_adult": True}, {"given_STORE_AND_REVIEW": True}, {"given_TRAIN_MODELS": True}])
def test_an_answer_without_age_or_the_required_purpose_keeps_nothing(client, newcomer, ticked):
    answer = client.post(reverse("consent"), consented(page(client, "consent"), **ticked))

    assert answer.status_code == 200
    assert consent.current(consent.contributor_for(newcomer)) == {}
    assert 'role="alert"' in answer.content.decode()


def test_only_what_was_ticked_is_allowed(client, newcomer):
    ticked = {"is_adult": True, "given_STORE_AND_REVIEW": True}
    answer = client.post(reverse("consent"), consented(page(client, "consent"), **ticked))

    assert answer.status_code == 302
    assert consent.current(consent.contributor_for(newcomer)) == {
        purpose: purpose == Purpose.STORE_AND_REVIEW for purpose in Purpose
    }


def test_an_answer_to_other_words_is_not_taken(client, newcomer):
    said = consented(page(client, "consent"), is_adult=True, given_STORE_AND_REVIEW=True)
    answer = client.post(reverse("consent"), said | {"shown_STORE_AND_REVIEW": "1:" + "0" * 64})

    assert "The words changed while this page was open" in answer.content.decode()
    assert Boxes(answer.content.decode()).checked() == {}
    assert consent.current(consent.contributor_for(newcomer)) == {}


def test_vera_finds_what_she_allowed_ticked_and_may_take_training_back(client, vera):
    client.force_login(vera)
    text = page(client, "consent")
    assert set(Boxes(text).checked()) == {"is_adult", "given_STORE_AND_REVIEW", "given_TRAIN_MODELS"}

    client.post(reverse("consent"), consented(text, is_adult=True, given_STORE_AND_REVIEW=True))
    assert not consent.covers(consent.contributor_for(vera), Purpose.TRAIN_MODELS)


def test_the_studio_sends_those_who_allow_nothing_to_the_consent_page(client, newcomer):
    client.post(reverse("choose-language"), {"language": "en"})

    assert client.get(reverse("studio")).url == reverse("consent")


def test_the_next_sentence_is_a_part_of_the_page_and_another_one(client, vera_in_the_studio):
    shown = re.search(r'data-prompt="([^"]+)"', page(client, "studio"))[1]
    part = page(client, "studio", prompt="next", besides=shown)

    assert "<html" not in part
    assert re.search(r'data-prompt="([^"]+)"', part)[1] != shown


def test_a_sentence_that_vera_spoke_comes_again_only_after_the_others(client, vera_in_the_studio):
    spoken = worlds.stored_clip(vera_in_the_studio).prompt_id
    others = {re.search(r'data-prompt="([^"]+)"', page(client, "studio", prompt="next"))[1] for _ in range(20)}

    assert spoken not in others


# Words


@pytest.mark.parametrize("language", [tag for tag, _ in settings.LANGUAGES if tag != "en"])
def test_every_sentence_is_translated_with_the_values_it_names(language):
    with (settings.LOCALE_PATHS[0] / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        messages = [message for message in read_po(file, locale=language) if message.id]

    assert len(messages) > 300
    for message in messages:
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        meanings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(meanings), message.id
        assert not message.fuzzy, message.id
        assert all(named(meaning) <= named(sources[-1]) for meaning in meanings), message.id
        assert named(meanings[-1]) == named(sources[-1]), message.id


def named(sentence):
    return set(re.findall(r"%\(\w+\)s|%%|</?\w+>", sentence))


def test_who_runs_the_site_stands_at_the_foot_of_every_page(client, db, settings):
    settings.OPERATOR = "Example Foundation, hello@example.org"

    assert "This site is run by Example Foundation, hello@example.org." in client.get("/").content.decode()
