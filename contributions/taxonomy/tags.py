"""Language tags after BCP 47: written one way, told from words that are none, and named in any reader's language.

A tag here is a language with, if need be, a script, a region or a variant: `pt-BR`, `zh-Hant`. Extensions and private
subtags are refused, since they mean nothing to whoever reads a release. The names are those of the Unicode CLDR, as
langcodes brings them. Needs no Django. It does not know whether a voice really speaks what the tag says.
"""

from __future__ import annotations

from functools import lru_cache

import langcodes
from langcodes.tag_parser import LanguageTagError

from contributions import taxonomy

# As long as the columns that hold one; the longest tag of RFC 5646 without extensions (4.4.1).
LETTERS_MAX = 35
# Scripts that run from right to left (Unicode, Bidi_Class R and AL) and that a living language is written in.
FROM_RIGHT = frozenset({"Adlm", "Arab", "Aran", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"})


class Malformed(ValueError):
    """This is no language tag that everybody could read."""


@lru_cache(maxsize=1000)
def normalised(said: str) -> str:
    """The tag as BCP 47 writes it, `pt-BR` for `pt_br` and `he` for `iw`; raises Malformed."""
    if not said.isascii() or not 0 < len(said) <= LETTERS_MAX:
        raise Malformed(said)
    try:
        tag = langcodes.standardize_tag(said)
        language = langcodes.get(tag)
    except LanguageTagError as fault:
        raise Malformed(said) from fault
    if language.private or language.extensions or not langcodes.tag_is_valid(tag):
        raise Malformed(said)
    return tag


def spoken(said: str) -> str:
    """The normalised tag of a language that a clip may be in; raises Malformed, or UnknownLanguage."""
    tag = normalised(said)
    listed(tag)
    return tag


def listed(tag: str) -> taxonomy.Language:
    """The language of ours that the tag is a variety of, or is itself; raises UnknownLanguage."""
    try:
        return taxonomy.language(tag)
    except taxonomy.UnknownLanguage:
        return taxonomy.language(tag.split("-")[0])


def is_within(tag: str, wider: str) -> bool:
    """Whether the one tag says the same language as the other, or says more exactly which."""
    return tag == wider or tag.startswith(f"{wider}-")


def direction(tag: str) -> str:
    """Either "rtl" or "ltr", as the script runs that the language is written in."""
    return "rtl" if langcodes.get(tag).maximize().script in FROM_RIGHT else "ltr"


@lru_cache(maxsize=1000)
def name(tag: str, reader: str) -> str:
    """What the language is called in the reader's language, in English where nobody has named it there."""
    return langcodes.get(tag).display_name(reader)


@lru_cache(maxsize=1000)
def own_name(tag: str) -> str:
    """What the language is called by those who speak it."""
    known = listed(tag)
    return known.endonym if known.tag == tag else langcodes.get(tag).autonym()
