"""What the dashboards tell of each figure, in the reader's words: a sentence, plots, and the table behind them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import number_format
from django.utils.translation import get_language_bidi

from contributions import plots
from contributions.views import words

Value = str | int | float | None
# Left-to-right mark.
LRM = "\u200e"


@dataclass(frozen=True)
class Table:
    """The numbers behind a plot: what each column is, and the rows, of which the first columns are heads."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    heads: int = 1

    def written(self) -> list[tuple[list[str], list[str]]]:
        """The rows as people read them: the heads of each, and the rest."""
        lines = [[in_writing(value) for value in row] for row in self.rows]
        return [(line[: self.heads], line[self.heads :]) for line in lines]


@dataclass(frozen=True)
class Plot:
    """One picture: its name in addresses, what it is called, what it shows, and how it is drawn."""

    name: str
    title: str
    description: str
    draw: Callable[[plots.Frame], bytes]
    # Whether a desk gets another picture than a phone.
    is_wide: bool = False

    def picture(self, *, is_wide: bool) -> bytes:
        """The picture in the reader's language, for a desk or a phone."""
        direction = "rtl" if get_language_bidi() else "ltr"
        width = plots.WIDE if is_wide and self.is_wide else plots.NARROW
        frame = plots.Frame(self.title, self.description, words.reading(), direction=direction, width=width)
        return self.draw(frame)


@dataclass(frozen=True)
class Panel:
    """One figure with everything that is told of it; where it cannot be drawn, `missing` says what is not there yet."""

    name: str
    heading: str
    reading: str
    plots: tuple[Plot, ...] = ()
    table: Table | None = None
    reckoned_at: datetime | None = None
    missing: str = ""


def in_writing(value: Value) -> str:
    """A value of a table as people read it; a dash for what is not known."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return whole(value) if isinstance(value, int) else fraction(value)


def whole(number: float) -> str:
    """A number without a fraction."""
    return number_format(round(number), decimal_pos=0)


def fraction(number: float, *, digits: int = 2) -> str:
    """A number with so many digits behind the point; its sign stays before it, also where one reads from the right."""
    # Django cuts what it is not asked for, and does not round it.
    rounded = round(number, digits) or 0.0
    written = number_format(rounded, decimal_pos=digits)
    return f"{LRM}{written}" if rounded < 0 else written


def per_cent(share: float) -> str:
    """A share of 0 to 1 as a whole number of hundredths, for a place where no sign has room."""
    return whole(100 * share)


def feelings_of(names: Sequence[str]) -> list[str]:
    """The seven in their order, then the others that there are, in the order of their words."""
    core = words.core_names()
    others = sorted((name for name in names if name not in core), key=lambda name: words.feeling(name).label)
    return [*core, *others]
