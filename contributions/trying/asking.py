"""What a page asks the ear. It loads no model and no decoder; it hands over bytes, and gets probabilities."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from contributions.trying import wire
from contributions.trying.refusals import REFUSALS, Away, NotHeard, TooSlow

KNOCK_SECONDS = 3.0
# Longer than the ear lets anybody wait.
ANSWER_SECONDS = 40.0


@dataclass(frozen=True)
class Said:
    """Something that a clip may sound like: an emotion's stored name, or the visitor's own words."""

    text: str
    probability: float


@dataclass(frozen=True)
class Heard:
    """What CLARA hears in one clip, likeliest first, and which of its checkpoints heard it."""

    version: str
    emotions: list[Said]
    # The likeliest emotion, where CLARA is sure of it.
    sure: str | None
    queries: list[Said]
    # Of words that stand alone: the share of the sentences CLARA knows feelings by that fit the clip less; else None.
    nearer_than: float | None = None


def knock(*, visitor: str) -> None:
    """Raise NotHeard where a clip of this visitor would not be heard now; nothing is counted."""
    with _line(KNOCK_SECONDS) as line:
        _answer(line, {"wish": "knock", "visitor": visitor})


def hear(sound: bytes, *, queries: list[str], visitor: str) -> Heard:
    """What CLARA hears in the clip; raises NotHeard."""
    with _line(ANSWER_SECONDS) as line:
        told = _answer(line, {"wish": "hear", "visitor": visitor, "queries": queries}, sound)
    emotions, words = ([Said(*pair) for pair in told[name]] for name in ("emotions", "queries"))
    return Heard(
        version=told["version"],
        emotions=likeliest(emotions),
        sure=told["sure"],
        queries=likeliest(words),
        nearer_than=told["nearer_than"],
    )


def likeliest(said: list[Said]) -> list[Said]:
    """The likeliest first."""
    return sorted(said, key=lambda each: -each.probability)


@contextmanager
def _line(timeout_seconds: float) -> Iterator[socket.socket]:
    try:
        line = wire.connected(timeout_seconds)
    except OSError as fault:
        raise Away from fault
    with line:
        yield line


def _answer(line: socket.socket, wish: dict[str, Any], sound: bytes = b"") -> dict[str, Any]:
    try:
        wire.send(line, wish, sound)
    except TimeoutError as fault:
        raise TooSlow from fault
    except OSError:
        # It refuses before it has read the sound: its answer says why.
        pass
    try:
        told, _none = wire.receive(line)
    except TimeoutError as fault:
        raise TooSlow from fault
    except (OSError, wire.NotUnderstood) as fault:
        raise Away from fault
    if code := told.get("refused"):
        raise REFUSALS.get(code, NotHeard)
    return told
