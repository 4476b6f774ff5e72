"""Every page in a language that nobody speaks: what is not in its marks was never given to the translators."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation
from django.utils.translation import trans_real

from contributions import taxonomy
from contributions.api import docs
from contributions.taxonomy import tags
from contributions.taxonomy.styles import wished
from tests.house import test_doors
from tests.house.doors import DOORS, rows

world = test_doors.world
OPEN, CLOSE = "⟦", "⟧"
# The pages think that it is this language, whose dates have no letters but the months' own; its data is not under test.
WORN = "ar"
CONTEXT = "\x04"
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
UNSPOKEN = {"script", "style", "code", "kbd", "pre", "svg"}
SPOKEN_ATTRIBUTES = {"aria-label", "alt", "title", "placeholder", "content", "aria-description"}
LETTER = re.compile(r"[^\W\d_]")
NAMES = {"Open Empathic", "CLARA", "JSON", "UTC"}
# The made-up word by which moderators speak of a listener.
LISTENER = re.compile(r"\b[A-Z][aeiou](?:[a-z][aeiou]){2} \d\d\b")
TEMPLATES_OF_ERRORS = ("400.html", "403_csrf.html", "413.html", "429.html", "500.html")


class Marked(trans_real.TranslationCatalog):
    """A catalogue made on the fly: every sentence it is asked for comes back between marks."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def to_language(self) -> str:
        return WORN

    def language(self) -> str:
        return WORN

    def gettext(self, message: str) -> str:
        self.asked.add(message)
        return OPEN + message.rpartition(CONTEXT)[2] + CLOSE

    def ngettext(self, singular: str, plural: str, number: float) -> str:
        return self.gettext(singular if number == 1 else plural)


class Page(HTMLParser):
    """The words of a page that stand outside the marks; data says of itself that it is, by lang or translate=no."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.depth = 0
        self.stack: list[tuple[str, bool]] = []
        self.feed(text)

    @property
    def is_data(self) -> bool:
        """Whether what stands here is no sentence of ours."""
        return any(is_data for _tag, is_data in self.stack)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attributes}
        is_data = tag in UNSPOKEN or said.get("translate") == "no" or ("lang" in said and tag != "html")
        if tag not in VOID:
            self.stack.append((tag, is_data))
        if not self.is_data and not is_data and (tag != "meta" or said.get("name") == "description"):
            self.outside += [unmarked(said[name])[0] for name in SPOKEN_ATTRIBUTES & said.keys()]

    def handle_endtag(self, tag: str) -> None:
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, text: str) -> None:
        words, self.depth = unmarked(text, self.depth)
        if not self.is_data:
            self.outside.append(words)


def unmarked(text: str, depth: int = 0) -> tuple[str, int]:
    """What of the text stands outside all marks, and how deep its end is inside them."""
    kept = []
    for letter in text:
        depth += (letter == OPEN) - (letter == CLOSE)
        if not depth and letter != CLOSE:
            kept.append(letter)
    return "".join(kept), depth


def untranslated(text: str) -> Iterator[str]:
    """Words of the page that no catalogue was asked for."""
    for words in Page(text).outside:
        rest = LISTENER.sub("", re.sub(r"\S+@\S+|https?://\S+", "", words))
        if LETTER.search(named().sub("", rest)):
            yield " ".join(words.split())


@cache
def named() -> re.Pattern[str]:
    """Any name that no catalogue has, the longest first; made once, since there are a thousand."""
    known = sorted(NAMES | names_of_things(), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, known))})(?!\w)", re.IGNORECASE)


def names_of_things() -> set[str]:
    """What feelings, languages and manners are called: data with translations of its own, tested where it lies."""
    feelings = {display for emotion in taxonomy.emotions() for display in emotion.display.values()}
    words = {word for emotion in taxonomy.emotions() for said in emotion.words.values() for word in said}
    tongues = {name for tongue in taxonomy.languages() for name in (tongue.endonym, tags.name(tongue.tag, WORN))}
    manners = {wish for style in wished() for wish in style.wish.values()}
    return feelings | words | tongues | manners


@pytest.fixture
def marked(monkeypatch):
    catalogue = Marked()
    monkeypatch.setitem(trans_real._translations, WORN, catalogue)
    # What an earlier test read in the language we wear was kept, and so would ours be.
    docs.operations.cache_clear()
    yield catalogue
    docs.operations.cache_clear()


def test_no_page_shows_a_sentence_that_nobody_could_translate(world, marked):
    found = {}
    pages = 0
    for row in rows(DOORS):
        for name in shown_to(row):
            answer = answer_to(world, row, name)
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                pages += 1
                found |= {words: f"{row['method']} {row['door']} as {name}" for words in untranslated(text_of(answer))}

    assert pages > 60
    assert len(marked.asked) > 300
    assert "\n".join(f"{words!r}: {where}" for words, where in sorted(found.items())) == ""


@pytest.mark.parametrize("template", TEMPLATES_OF_ERRORS)
def test_no_page_of_an_error_does_either(db, marked, template):
    with translation.override(WORN):
        assert list(untranslated(render_to_string(template))) == []


def test_a_bare_word_would_be_found():
    page = f'<p>{OPEN}You have <a title="{OPEN}one{CLOSE}">%s{CLOSE}</a></p><p lang="pl">Dzień</p><b title="bare">x</b>'

    assert list(untranslated(page)) == ["bare", "x"]


def answer_to(world: test_doors.World, row: dict[str, str], name: str) -> HttpResponseBase:
    """What the person is shown at the door, in the language of the marks; what they changed is undone."""
    browser = Client()
    browser.cookies["django_language"] = WORN
    with transaction.atomic():
        test_doors.enter(browser, world.people[name])
        answer = test_doors.ask(world, row, browser)
        transaction.set_rollback(True)
    return answer


def shown_to(row: dict[str, str]) -> set[str]:
    """One person for each answer of the door that is no way to another one; a program's doors show no page."""
    if row["door"].startswith("api:"):
        return set()
    return set({row[name]: name for name in test_doors.PEOPLE if row[name].isdigit()}.values())


def text_of(answer: HttpResponseBase) -> str:
    """The page's text."""
    return getattr(answer, "content", b"").decode()
