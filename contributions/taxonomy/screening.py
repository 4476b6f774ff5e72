"""What a measure of a clip means: the rules of screening as they come with us, read once. Needs no Django."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "screening.toml"


class Comparison(StrEnum):
    """On which side of its threshold a measure breaks a rule."""

    BELOW = "BELOW"
    ABOVE = "ABOVE"
    BEYOND = "BEYOND"  # above in magnitude


class Consequence(StrEnum):
    """What follows where a rule is broken, from nothing to the gravest."""

    OFF = "OFF"
    NOTE = "NOTE"  # a moderator reads it
    WARN = "WARN"  # its speaker is told too, and it is heard all the same
    UNUSABLE = "UNUSABLE"  # nobody's ear is spent on it


@dataclass(frozen=True)
class Rule:
    """One threshold on one measure: what it means to cross it, of which clips, and where the number comes from.

    A curator may set the threshold from `lowest` to `highest`, and the consequence up to `at_most`.
    """

    name: str
    reason: str
    measure: str
    comparison: Comparison
    threshold: float
    lowest: float
    highest: float
    consequence: Consequence
    at_most: Consequence
    source: str
    modes: tuple[str, ...] = ()
    not_for: tuple[str, ...] = ()

    def is_for(self, mode: str, styles: Collection[str]) -> bool:
        """Whether it is asked of a clip of the mode, spoken in these manners."""
        is_on = self.consequence is not Consequence.OFF
        return is_on and (not self.modes or mode in self.modes) and not set(self.not_for).intersection(styles)

    def is_broken_by(self, measures: Mapping[str, Any]) -> bool:
        """Whether the clip of these measures crosses the threshold; one that could not be measured does not."""
        value = measures.get(self.measure)
        if value is None:
            return False
        if self.comparison is Comparison.BELOW:
            return bool(value < self.threshold)
        return bool((abs(value) if self.comparison is Comparison.BEYOND else value) > self.threshold)

    @property
    def choices(self) -> tuple[Consequence, ...]:
        """The consequences that it may have, the mildest first."""
        order = tuple(Consequence)
        return order[: order.index(self.at_most) + 1]


def rule(entry: Mapping[str, Any]) -> Rule:
    """A rule of a row of the data file, or of JSON that it was written to; raises ValueError or KeyError."""
    named = {"comparison": Comparison(entry["comparison"]), "consequence": Consequence(entry["consequence"])}
    lists = {name: tuple(entry.get(name, ())) for name in ("modes", "not_for")}
    return Rule(**{**entry, **named, **lists, "at_most": Consequence(entry["at_most"])})


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule as it comes with us, in the order in which they are asked."""
    return tuple(rule(entry) for entry in tomllib.loads(FILE.read_text(encoding="utf-8"))["rule"])


@cache
def digest() -> str:
    """SHA-256 of the data file: another one makes another version of the rules."""
    return hashlib.sha256(FILE.read_bytes()).hexdigest()
