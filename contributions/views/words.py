"""What feelings and languages are called in the reader's language."""

from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from contributions import taxonomy
from contributions.taxonomy import tags
from contributions.taxonomy.styles import Style, styles, wished


@dataclass(frozen=True)
class Choice:
    """Something to choose: its stored value, and what it is called."""

    value: str
    label: str


@dataclass(frozen=True)
class Tongue:
    """A language: its tag, its own name, its name in the reader's language, and which way it is written."""

    tag: str
    endonym: str
    label: str
    direction: str


def tongue(tag: str) -> Tongue:
    """The language of the tag, in words."""
    return Tongue(tag, tags.own_name(tag), tags.name(tag, reading()), tags.direction(tag))


def spoken() -> list[tuple[str, str]]:
    """The languages that people are asked to speak, each by its tag and its name, in the order of the names."""
    return sorted(((tag, tongue(tag).label) for tag in taxonomy.prompt_languages()), key=lambda pair: pair[1])


def feeling(name: str) -> Choice:
    """The emotion, or one of the answers that are none, in words."""
    others = {"other": _("another feeling"), "cannot_tell": _("I cannot tell"), "not_sure": _("I am not sure")}
    if name in others:
        return Choice(name, others[name])
    display = taxonomy.emotion(name).display
    return Choice(name, display.get(reading(), display["en"]))


def core_names() -> tuple[str, ...]:
    """The stored names of the seven."""
    return tuple(emotion.name for emotion in taxonomy.core_emotions())


def core_feelings() -> list[Choice]:
    """The seven that are offered first."""
    return [feeling(name) for name in core_names()]


def further_feelings() -> list[Choice]:
    """The rest of the families, and the two ways out."""
    beyond = [emotion.name for emotion in taxonomy.emotions() if not emotion.is_core]
    return [feeling(name) for name in (*beyond, "other", "cannot_tell")]


def style(one: Style) -> Choice:
    """The manner of speaking, as a speaker says it of themselves."""
    return Choice(one.name, one.display.get(reading(), one.display["en"]))


def wished_manners() -> list[Choice]:
    """The manners that may be wished for, as one is asked for them."""
    return [Choice(one.name, one.wish.get(reading(), one.wish["en"])) for one in wished()]


def manner(name: str) -> Choice | None:
    """The manner that is wished for; None for none."""
    return next((each for each in wished_manners() if each.value == name), None)


def how_it_was() -> dict[str, list[Choice]]:
    """What a speaker may say that they felt, the seven first, and in what manner they spoke."""
    beyond = [emotion.name for emotion in taxonomy.emotions() if not emotion.is_core]
    return {
        "core": core_feelings(),
        "further": [feeling(name) for name in (*beyond, "not_sure")],
        "styles": [style(one) for one in styles()],
    }


def reading() -> str:
    """The reader's language, without its region."""
    return (get_language() or "en").split("-")[0]
