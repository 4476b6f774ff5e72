"""Every sentence that a person may read is in the catalogues of every language the site is written in."""

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation.template import templatize

from tests.house.sources import ROOT

ROOMS = ("platform/openempathic", "contributions", "training")
CALLS = ["_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"]
# What Django's own templatize leaves of a template: gettext(u'...') among letters that hide the rest.
IN_TEMPLATE = re.compile(r"""n?gettext\(u('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")


def in_templates() -> Iterator[tuple[str, Path]]:
    """Every sentence of a template, a plural one by its singular."""
    for path in (ROOT / "frontend/templates").rglob("*.html"):
        for quoted in IN_TEMPLATE.findall(templatize(path.read_text())):
            yield ast.literal_eval(quoted), path


def in_code() -> Iterator[tuple[str, Path]]:
    """Every sentence of our Python, a plural one by its singular."""
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        for _line, _call, said, _comments in extract_python(io.BytesIO(path.read_bytes()), CALLS, [], {}):
            first = said if isinstance(said, str) else next(iter(said or ()), None)
            if isinstance(first, str):
                yield first, path


def plain(sentence: str) -> str:
    """The sentence with a per cent as people write it, however the catalogue doubles it."""
    return sentence.replace("%%", "%")


@pytest.mark.parametrize("language", [tag for tag, _ in settings.LANGUAGES if tag != "en"])
def test_every_sentence_of_the_site_is_in_the_catalogue(language):
    with (settings.LOCALE_PATHS[0] / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        messages = [message.id for message in read_po(file, locale=language) if message.id]
    known = {plain(said if isinstance(said, str) else said[0]) for said in messages}
    used = [*in_templates(), *in_code()]

    assert len(used) > 400
    assert {f"{path.relative_to(ROOT)}: {said}" for said, path in used if plain(said) not in known} == set()
