"""The figures of a dataset as panels: how much of what, in which language, and how far its listeners agree."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contributions import plots, taxonomy
from contributions.plots import Bar, Cell, Frame
from contributions.views import words
from contributions.views.figure_opinions import COLUMNS, intervals, numbers, told
from contributions.views.figure_tables import Panel, Plot, Table, feelings_of, fraction, per_cent, whole

SECONDS_AN_HOUR = 3600


def panels(figures: dict[str, Any], at: datetime | None) -> Iterator[Panel]:
    """Every figure of the release, as it was read at that moment."""
    languages = figures.get("languages", {})
    if languages:
        yield amounts(languages, at)
        yield feelings(languages, at)
        yield agreement({tag: each for tag, each in figures.get("agreement", {}).items() if tag in languages}, at)


def amounts(languages: dict[str, Any], at: datetime | None) -> Panel:
    """Hours and speakers of each language."""
    hours = [Bar(named(tag), each["seconds"], length(each["seconds"])) for tag, each in languages.items()]
    speakers = [Bar(named(tag), each["speakers"], whole(each["speakers"])) for tag, each in languages.items()]
    rows = tuple(
        (named(tag), side_in_words(side), part["clips"], part["speakers"], part["seconds"] / SECONDS_AN_HOUR)
        for tag, each in languages.items()
        for side, part in each["splits"].items()
    )
    return Panel(
        "amounts",
        _("How much there is"),
        _("Each speaker is on one side, the same in every release: nobody is heard in training and in the test."),
        (
            Plot("amounts-time", _("Time"), _("By language"), lying(hours)),
            Plot("amounts-speakers", _("Speakers"), _("By language"), lying(speakers)),
        ),
        Table((_("Language"), _("Side"), _("Clips"), _("Speakers"), _("Hours")), rows, heads=2),
        at,
    )


def feelings(languages: dict[str, Any], at: datetime | None) -> Panel:
    """Which feelings were heard in each language."""
    heard = {name for each in languages.values() for name in each["emotions"]}
    names = [name for name in known_first(heard)]
    cells = [[shared(each["emotions"].get(name, 0), each["clips"]) for name in names] for each in languages.values()]
    rows = tuple(
        (named(tag), feeling_named(name), each["emotions"][name])
        for tag, each in languages.items()
        for name in names
        if name in each["emotions"]
    )
    columns, tongues = [feeling_named(name) for name in names], [named(tag) for tag in languages]
    plot = Plot(
        "feelings",
        _("Feelings by language"),
        _("In hundredths of each row"),
        lambda frame: plots.heat_map(tongues, columns, cells, frame),
        is_wide=True,
    )
    return Panel(
        "feelings",
        _("What was heard"),
        _("Each clip counts where most of its votes are; the release has the shares themselves."),
        (plot,),
        Table((_("Language"), _("Feeling"), _("Clips")), rows, heads=2),
        at,
    )


def agreement(known: dict[str, Any], at: datetime | None) -> Panel:
    """How far listeners agree in each language of the release."""
    parts = [(named(tag), each) for tag, each in known.items()]
    is_known = any(each.get("alpha") is not None for _name, each in parts)
    return Panel(
        "agreement",
        _("How far listeners agree"),
        _("Krippendorff's alpha over all feelings on the day of the release: 1 is full agreement, 0 is chance."),
        (Plot("agreement", _("By language"), told(), intervals(parts)),) if is_known else (),
        Table((_("Language"), *map(str, COLUMNS)), tuple((name, *numbers(each)) for name, each in parts)),
        at,
        "" if is_known else _("No clip has been heard by two listeners yet."),
    )


def lying(bars: list[Bar]) -> Callable[[Frame], bytes]:
    """How these bars are drawn."""
    return lambda frame: plots.lying(bars, frame)


def shared(clips: int, of: int) -> Cell:
    """One cell: how many of a hundred clips of the language."""
    if not clips:
        return Cell(None, "·")
    return Cell(clips / of, per_cent(clips / of), under=f"({whole(clips)})")


def known_first(names: set[str]) -> list[str]:
    """The feelings that there are, the seven first, then others that we have words for, then the rest."""
    ours = {emotion.name for emotion in taxonomy.emotions()}
    return [name for name in feelings_of(sorted(names & ours)) if name in names] + sorted(names - ours)


def feeling_named(name: str) -> str:
    """What the feeling is called; its stored name where it came with a corpus and we have no word for it."""
    try:
        return words.feeling(name).label
    except taxonomy.UnknownEmotion:
        return name


def named(tag: str) -> str:
    """What the language is called; its tag where we do not know it."""
    try:
        return words.tongue(tag).label
    except taxonomy.UnknownLanguage:
        return tag


def side_in_words(side: str) -> str:
    """What the side is for."""
    return {"train": _("Training"), "dev": _("Development"), "test": _("Test")}.get(side, side)


def length(seconds: float) -> str:
    """Hours, or minutes where it is less than one."""
    if seconds >= SECONDS_AN_HOUR:
        return _("%(number)s h") % {"number": fraction(seconds / SECONDS_AN_HOUR, digits=1)}
    minutes = max(1, round(seconds / 60))
    return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": whole(minutes)}
