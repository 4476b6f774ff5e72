"""Which languages a moderator may be asked to judge: a room above says so, since the ground floor knows none."""

from collections.abc import Callable

Choices = list[tuple[str, str]]
_sources: list[Callable[[], Choices]] = []


def are_named_by(source: Callable[[], Choices]) -> None:
    """Ask this source from now on: the tag of each language, and its name in the reader's words."""
    _sources[:] = [source]


def choices() -> Choices:
    """Every language to choose from; none where no room has named any."""
    return [choice for source in _sources for choice in source()]


def names(tags: list[str]) -> list[str]:
    """What the languages are called in the reader's words; the tag of one that nobody names."""
    known = dict(choices())
    return [known.get(tag, tag) for tag in tags]
