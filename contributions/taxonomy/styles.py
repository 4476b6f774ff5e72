"""The manners in which a voice carries a feeling, such as a whisper: a data file, read once. Needs no Django."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "styles.toml"


@dataclass(frozen=True)
class Style:
    """A manner of speaking, and what a speaker calls it of themselves, by language."""

    name: str
    display: dict[str, str]


@cache
def styles() -> tuple[Style, ...]:
    """Every style, in the order in which it is offered."""
    return tuple(Style(**entry) for entry in tomllib.loads(FILE.read_text(encoding="utf-8"))["style"])


@cache
def names() -> frozenset[str]:
    """The stored names."""
    return frozenset(style.name for style in styles())
