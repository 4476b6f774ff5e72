"""Emotions, languages, prompts and the texts people agree to: data files, read once.

Needs no Django. It does not know whether a word means the same to speakers of two languages; listeners tell.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PURPOSES = ("STORE_AND_REVIEW", "TRAIN_MODELS", "RELEASE_DATASET", "DEMOGRAPHICS", "CONTACT")
PAGES = ("privacy", "terms", "retention", "machine_notice")
SOURCE_LANGUAGE = "en"  # of which the other texts are translations


class UnknownLanguage(LookupError):
    """We know no language by this tag."""


class UnknownEmotion(LookupError):
    """We know no emotion by this name."""


class NotWritten(LookupError):
    """This text does not exist in this language."""


@dataclass(frozen=True)
class Emotion:
    """An emotion, what it is called (`display`) and how a voice that carries it is described (`words`), by language."""

    name: str
    family: str | None
    is_core: bool
    display: dict[str, str]
    words: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Language:
    """A language by its BCP 47 tag; `direction` is "ltr" or "rtl"."""

    tag: str
    endonym: str
    english: str
    direction: str


@dataclass(frozen=True)
class Prompt:
    """A sentence to say, the emotion and intensity (1 to 3) to say it with, and a scene to get into it.

    Prompts that share `sentence` share their text: heard side by side, only the emotion differs. Across languages
    the same `sentence` says the same thing. Of a neutral prompt, the intensity is the strength of the voice, so that
    a loud voice is not taken for an angry one.
    """

    id: str
    language: str
    sentence: str
    text: str
    emotion: str
    intensity: int
    scene: str


@dataclass(frozen=True)
class OwnWords:
    """An invitation to tell something in one's own words, and the emotion that it is likely to bring along."""

    slug: str
    language: str
    emotion: str
    text: str


@dataclass(frozen=True)
class ConsentWording:
    """What a contributor reads before agreeing to one purpose; `sha256` is of the body, in UTF-8."""

    purpose: str
    language: str
    version: str
    valid_from: date
    material_change: bool
    translation_of: str | None
    body: str
    sha256: str


@dataclass(frozen=True)
class ProhibitedUse:
    """Something that nobody may do with what comes from here: a stored name, its words by language, and the law."""

    id: str
    words: dict[str, str]
    law: str | None = None


@cache
def emotions() -> tuple[Emotion, ...]:
    """Every emotion, the seven core ones first."""
    return tuple(
        Emotion(
            name=entry["name"],
            family=entry.get("family"),
            is_core=entry["is_core"],
            display=entry["display"],
            words={tag: tuple(words) for tag, words in entry["words"].items()},
        )
        for entry in _table("emotions.toml")["emotion"]
    )


def core_emotions() -> tuple[Emotion, ...]:
    """The seven that benchmarks share."""
    return tuple(emotion for emotion in emotions() if emotion.is_core)


def emotion(name: str) -> Emotion:
    """The emotion of this stored name; raises UnknownEmotion."""
    for known in emotions():
        if known.name == name:
            return known
    raise UnknownEmotion(name)


@cache
def languages() -> tuple[Language, ...]:
    """Every language a clip may be in, by tag."""
    return tuple(Language(**entry) for entry in _table("languages.toml")["language"])


def language(tag: str) -> Language:
    """The language of exactly this tag; raises UnknownLanguage."""
    for known in languages():
        if known.tag == tag:
            return known
    raise UnknownLanguage(tag)


@cache
def prompt_languages() -> tuple[str, ...]:
    """The tags of the languages that have prompts."""
    return tuple(sorted(path.stem for path in (FOLDER / "prompts").glob("*.toml")))


@cache
def prompts(tag: str) -> tuple[Prompt, ...]:
    """The prompts of a language, none where nobody has written any; raises UnknownLanguage."""
    language(tag)
    if tag not in prompt_languages():
        return ()
    return tuple(
        Prompt(
            id=f"{tag}-{sentence['slug']}-{way['emotion']}",
            language=tag,
            sentence=sentence["slug"],
            text=sentence["text"],
            **way,
        )
        for sentence in _prompt_file(tag)["sentence"]
        for way in sentence["way"]
    )


@cache
def own_words(tag: str) -> tuple[OwnWords, ...]:
    """What a language invites to tell freely, nothing where nobody has written any; raises UnknownLanguage."""
    language(tag)
    if tag not in prompt_languages():
        return ()
    return tuple(OwnWords(language=tag, **entry) for entry in _prompt_file(tag).get("own_words", ()))


def prompt_status(tag: str) -> str | None:
    """How far a language's sentences are: "pilot" until a native moderator confirms them, then "active".

    None where nobody has written any; raises UnknownLanguage.
    """
    language(tag)
    return str(_prompt_file(tag)["status"]) if tag in prompt_languages() else None


@cache
def consent_languages() -> tuple[str, ...]:
    """The tags of the languages in which one can agree."""
    return tuple(sorted(path.name for path in (FOLDER / "consent").iterdir() if path.is_dir()))


@cache
def consent_wording(purpose: str, tag: str) -> ConsentWording:
    """What to read for a purpose in a language; raises NotWritten."""
    facts, body = _front_matter(_text(f"consent/{tag}/{purpose.lower()}.md"))
    return ConsentWording(
        purpose=purpose,
        language=tag,
        version=facts["version"],
        valid_from=date.fromisoformat(facts["valid_from"]),
        material_change=facts["material_change"] == "true",
        translation_of=None if tag == SOURCE_LANGUAGE else SOURCE_LANGUAGE,
        body=body,
        sha256=hashlib.sha256(body.encode()).hexdigest(),
    )


def consent_wordings() -> tuple[ConsentWording, ...]:
    """Every consent text in every language it is offered in."""
    return tuple(consent_wording(purpose, tag) for tag in consent_languages() for purpose in PURPOSES)


@cache
def page(name: str, tag: str) -> str:
    """A page in plain words in a language, as Markdown of headings, paragraphs and lists; raises NotWritten.

    What stands in braces is for the reader's page to fill in: periods from the settings, the prohibited uses.
    """
    return _text(f"pages/{tag}/{name}.md")


@cache
def prohibited_uses() -> tuple[ProhibitedUse, ...]:
    """What nobody may do with recordings or models from here, in the order in which it is told."""
    return tuple(ProhibitedUse(**entry) for entry in _table("prohibited_uses.toml")["use"])


@cache
def _prompt_file(tag: str) -> dict[str, Any]:
    return _table(f"prompts/{tag}.toml")


def _table(path: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / path).read_text(encoding="utf-8"))


def _text(path: str) -> str:
    """A text file below our folder; raises NotWritten also for a name that would lead out of it."""
    if ".." in path or not (FOLDER / path).is_file():
        raise NotWritten(path)
    return (FOLDER / path).read_text(encoding="utf-8")


def _front_matter(text: str) -> tuple[dict[str, str], str]:
    """The `key: value` lines between the two rulers, and the text after them."""
    _, head, body = text.split("---\n", 2)
    pairs = (line.split(":", 1) for line in head.splitlines())
    return {key.strip(): value.strip().strip('"') for key, value in pairs}, body.strip() + "\n"
