"""The dashboards' panels about work: what waits, what was done, what is covered, and what was asked for and heard."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from contributions import plots
from contributions.listening import queue as needs
from contributions.models import Clip
from contributions.plots import Bar, Cell, Day, Frame
from contributions.views import words
from contributions.views.evidence import STATUS
from contributions.views.figure_tables import Panel, Plot, Table, feelings_of, in_writing, per_cent, whole

REASONS = {
    needs.TEST_SIDE: gettext_lazy("It measures the model"),
    needs.DISAGREEMENT: gettext_lazy("Listeners disagree"),
    needs.MODEL_UNSURE: gettext_lazy("The model is unsure"),
    needs.COVERAGE_GAP: gettext_lazy("There is too little of its feeling"),
    needs.UNSETTLED: gettext_lazy("Nobody has settled it yet"),
    needs.REST: gettext_lazy("The rest"),
}
# What was heard that is none of the seven.
OTHERS = "other"


def queue(content: dict[str, Any], at: datetime) -> Panel:
    """What wants listeners, by reason and by age, and what wants moderators."""
    none = [0] * (len(content["ages"]) + 1)
    ages = [age_in_words(hours) for hours in content["ages"]] + [_("Older")]
    rows = [(str(REASONS[key]), content["needs"].get(str(key), none)) for key in needs.PRIORITIES]
    set_aside = [(str(STATUS[Clip.Status(key)]), counts) for key, counts in content["set_aside"].items()]
    drawn = for_listeners(rows, ages) if content["needs"] else []
    if set_aside:
        drawn.append(Plot("queue-set-aside", _("Set aside for a moderator"), _("By age"), by_status(set_aside, ages)))
    return Panel(
        "queue",
        _("What waits for listeners"),
        _(
            "How many clips want another listener, why, and since when. "
            "Long bars at the old end are clips that nobody gets to."
        ),
        tuple(drawn),
        Table((_("Reason"), *ages), tuple((name, *counts) for name, counts in rows + set_aside)),
        at,
        "" if drawn else _("No clip waits for a listener."),
    )


def for_listeners(rows: list[tuple[str, list[int]]], ages: list[str]) -> list[Plot]:
    """The needs by reason, and by age."""
    reasons = [Bar(name, sum(counts), whole(sum(counts))) for name, counts in rows]
    totals = [sum(counts[place] for _name, counts in rows) for place in range(len(ages))]
    by_age = [Bar(name, total, whole(total)) for name, total in zip(ages, totals, strict=True)]
    waiting = ngettext("%(count)s clip waits for a listener.", "%(count)s clips wait for a listener.", sum(totals))
    told = waiting % {"count": whole(sum(totals))}
    return [
        Plot("queue-reasons", _("By reason, the most urgent first"), told, lying(reasons)),
        Plot("queue-ages", _("By age"), told, lying(by_age)),
    ]


def by_status(rows: list[tuple[str, list[int]]], ages: list[str]) -> Callable[[Frame], bytes]:
    """What is set aside, a row for what it is and a column for each age."""
    most = max(max(counts) for _name, counts in rows)
    cells = [[Cell(count / most, whole(count)) for count in counts] for _name, counts in rows]
    return lambda frame: plots.heat_map([name for name, _counts in rows], ages, cells, frame)


def lying(bars: list[Bar]) -> Callable[[Frame], bytes]:
    """How these bars are drawn."""
    return lambda frame: plots.lying(bars, frame)


def age_in_words(hours: int) -> str:
    """Up to so old."""
    if hours < 24:
        return ngettext("Up to %(count)s hour", "Up to %(count)s hours", hours) % {"count": hours}
    return ngettext("Up to %(count)s day", "Up to %(count)s days", hours // 24) % {"count": hours // 24}


def throughput(content: dict[str, Any], at: datetime) -> Panel:
    """What was done on each of the last days."""
    days = [date.fromisoformat(day) for day in content["days"]]
    kinds = {"ratings": _("Answers of listeners"), "screenings": _("Screenings"), "verdicts": _("Verdicts")}
    drawn = tuple(
        Plot(
            f"throughput-{kind}",
            name,
            _("%(number)s in the last %(days)s days") % {"number": whole(sum(content[kind])), "days": len(days)},
            by_day(days, content[kind]),
        )
        for kind, name in kinds.items()
    )
    rows = [
        (date_format(day, "SHORT_DATE_FORMAT"), *(content[kind][place] for kind in kinds))
        for place, day in enumerate(days)
    ]
    return Panel(
        "throughput",
        _("What was done each day"),
        _(
            "Today is last, and not over. "
            "Days without verdicts while clips are set aside are days on which people wait."
        ),
        drawn,
        Table((_("Day"), *kinds.values()), tuple(reversed(rows))),
        at,
        "" if any(any(content[kind]) for kind in kinds) else _("Nothing was done in the last 30 days."),
    )


def by_day(days: list[date], counts: list[int]) -> Callable[[Frame], bytes]:
    """How these counts are drawn."""
    named = [Day(date_format(day, "j M"), count) for day, count in zip(days, counts, strict=True)]
    return lambda frame: plots.days(named, frame, written=whole)


def coverage(content: dict[str, Any], at: datetime) -> Panel:
    """How many voices were accepted of each feeling, against how many are wanted."""
    given, wanted, fewest = content["given"], content["wanted"], content["fewest"]
    rows = [
        (words.tongue(tag).label, words.feeling(name).label, few(voices, fewest), wanted)
        for tag, row in given.items()
        for name, voices in row.items()
    ]
    told = _("Accepted voices of %(wanted)s that are wanted") % {"wanted": wanted}
    draw = of_languages(given, wanted, fewest) if len(given) > 1 else of_one(given, wanted, fewest)
    return Panel(
        "coverage",
        _("What was given of what is wanted"),
        _("Accepted voices for each feeling. Where they are few, the studio asks for more of it; so can you."),
        (Plot("coverage", _("Coverage by feeling"), told, draw, is_wide=len(given) > 1),),
        Table((_("Language"), _("Feeling"), _("Accepted voices"), _("Wanted")), tuple(rows), heads=2),
        at,
        "" if rows else _("No language has sentences yet."),
    )


def few(voices: int | None, fewest: int) -> int | str:
    """The number, or that it is too small to be told."""
    return _("under %(number)s") % {"number": fewest} if voices is None else voices


def of_one(given: dict[str, Any], wanted: int, fewest: int) -> Callable[[Frame], bytes]:
    """A bar for each feeling of one language, with a mark where it should end."""
    bars = [
        Bar(words.feeling(name).label, voices, in_writing(few(voices, fewest)), wanted=wanted)
        for row in given.values()
        for name, voices in row.items()
    ]
    return lying(bars)


def of_languages(given: dict[str, Any], wanted: int, fewest: int) -> Callable[[Frame], bytes]:
    """A cell for each feeling of each language."""
    columns = [words.feeling(name).label for name in words.core_names()]
    cells = [[covered(row.get(name, 0), wanted, fewest) for name in words.core_names()] for row in given.values()]
    tongues = [words.tongue(tag).label for tag in given]
    return lambda frame: plots.heat_map(tongues, columns, cells, frame)


def covered(voices: int | None, wanted: int, fewest: int) -> Cell:
    """How far one cell is; one that is full is marked."""
    if voices is None:
        return Cell(None, f"<{fewest}")
    return Cell(min(1.0, voices / wanted), whole(voices), is_marked=voices >= wanted)


def confusion(content: dict[str, Any], at: datetime) -> Panel:
    """What was heard where what was asked for."""
    table = content["cells"]
    heard = {name for row in table.values() for name in row}
    rows = [
        (words.feeling(asked).label, words.feeling(name).label, cell["clips"], cell["share"])
        for asked in feelings_of(list(table))
        for name, cell in table.get(asked, {}).items()
    ]
    told = _("In hundredths of each row; with a firm edge what was asked for")
    plot = Plot("confusion", _("Asked for and heard"), told, mixed(table, heard), is_wide=True)
    return Panel(
        "confusion",
        _("What was asked for, and what was heard"),
        _(
            "Each row is a feeling that speakers were asked for: in how many of a hundred clips listeners heard which. "
            "Only clips that nobody is asked about any more, and no cell of fewer than %(fewest)s clips."
        )
        % {"fewest": content["fewest"]},
        (plot,),
        Table((_("Asked for"), _("Heard"), _("Clips"), _("Share of the row")), tuple(rows), heads=2),
        at,
        "" if rows else _("There are not yet enough settled clips of one feeling that were heard alike."),
    )


def mixed(table: dict[str, Any], heard: set[str]) -> Callable[[Frame], bytes]:
    """The heat map: a row for what was asked for, a column for each of the seven, and one for everything else."""
    asked = [name for name in feelings_of(list(table)) if name in table]
    core = words.core_names()
    columns = [*core, OTHERS] if heard - {*core} else [*core]
    cells = [[confused(table[row], column, is_same=row == column) for column in columns] for row in asked]
    rows = [words.feeling(name).label for name in asked]
    heads = [_("Others") if name == OTHERS else words.feeling(name).label for name in columns]
    return lambda frame: plots.heat_map(rows, heads, cells, frame, row_title=_("Asked for"), column_title=_("Heard"))


def confused(row: dict[str, Any], column: str, *, is_same: bool) -> Cell:
    """One cell, a column of everything else taken together."""
    core = words.core_names()
    of_it = [cell for name, cell in row.items() if name == column or (column == OTHERS and name not in core)]
    if not of_it:
        return Cell(None, "·", is_marked=is_same)
    share, clips = sum(cell["share"] for cell in of_it), sum(cell["clips"] for cell in of_it)
    return Cell(share, per_cent(share), under=f"({whole(clips)})", is_marked=is_same)
