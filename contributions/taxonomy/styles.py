"""The manners in which a voice carries a feeling, such as a whisper: a data file, read once. Needs no Django."""

import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "styles.toml"


@dataclass(frozen=True)
class Style:
    """A manner of speaking, what a speaker calls it of themselves, and how one is asked for it, by language.

    It is asked for with these emotions at these intensities; without a wish it is never asked for.
    """

    name: str
    display: dict[str, str]
    wish: dict[str, str] = field(default_factory=dict)
    emotions: tuple[str, ...] = ()
    intensities: tuple[int, ...] = ()

    def fits(self, emotion: str, intensity: int | None) -> bool:
        """Whether one may be asked to say something with this feeling, so strongly, in this manner."""
        return bool(self.wish) and emotion in self.emotions and intensity in self.intensities


@cache
def styles() -> tuple[Style, ...]:
    """Every style, in the order in which it is offered."""
    return tuple(read(entry) for entry in tomllib.loads(FILE.read_text(encoding="utf-8"))["style"])


def read(entry: dict[str, Any]) -> Style:
    """One entry of the file."""
    lists: dict[str, Any] = {name: tuple(entry[name]) for name in ("emotions", "intensities") if name in entry}
    return Style(**{**entry, **lists})


@cache
def wished() -> tuple[Style, ...]:
    """The styles that may be asked for."""
    return tuple(style for style in styles() if style.wish)


@cache
def fitting(emotion: str, intensity: int | None) -> tuple[str, ...]:
    """The names of those that fit a feeling at an intensity."""
    return tuple(style.name for style in wished() if style.fits(emotion, intensity))


@cache
def names() -> frozenset[str]:
    """The stored names."""
    return frozenset(style.name for style in styles())
