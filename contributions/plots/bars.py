"""Bars: lying ones with their words above them, which any language has room for, and upright ones by day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import pygal

from contributions.plots.sheet import LETTER_PX, LETTER_WIDTH_MEAN, LETTERS_MIN, ROOM, Frame, drawn, options, shortened

# A lying bar: its words, the bar, and the space below.
SLOT_PX, BAR_PX = 46, 14
SCALE_PX, SIGN_PX = 24, 18
DAYS_PX = 210
# Signs of the scale; more would be read as noise.
SIGNS_MAX = 4


@dataclass(frozen=True)
class Bar:
    """One bar: what it is, how long, and the number as it is written. None is no bar: what is written says why.

    `low` and `high` bound what the value may be; `wanted` is where it should end.
    """

    label: str
    value: float | None
    written: str
    low: float | None = None
    high: float | None = None
    wanted: float | None = None


@dataclass(frozen=True)
class Day:
    """How much there was on one day, and what the day is called."""

    label: str
    count: int


class Lying(pygal.HorizontalBar):
    """Bars that lie under their words, the first on top; where values have bounds, a point with its interval."""

    def __init__(self, bars: Sequence[Bar], *, bound: float | None = None, **asked: Any) -> None:
        self.bars, self.bound = bars, bound
        super().__init__(**asked)

    def _plot(self) -> None:
        """Draw every row."""
        node = self.svg.node(self.nodes["plot"], class_="bars")
        for place, bar in enumerate(self.bars):
            self._row(self.svg.node(node, class_="bar"), bar, top=place * SLOT_PX)

    def _row(self, row: Element, bar: Bar, *, top: float) -> None:
        """The words and the number, and what they come to."""
        line = top + LETTER_PX + 2
        room = self.view.width - len(bar.written) * LETTER_WIDTH_MEAN
        letters = max(LETTERS_MIN, int(room / LETTER_WIDTH_MEAN) - 1)
        self.svg.node(row, "text", x=0, y=line).text = shortened(bar.label, letters=letters)
        self.svg.node(row, "text", x=self.view.width, y=line, class_="amount").text = bar.written
        track = line + 6
        self.svg.node(row, "rect", x=0, y=track, width=self.view.width, height=BAR_PX, rx=4, class_="track")
        if bar.value is not None and bar.low is not None and bar.high is not None:
            self._interval(row, bar, middle=track + BAR_PX / 2)
        elif bar.value:
            length = max(self.view.y(bar.value) - self.view.y(0), 2)
            self.svg.node(row, "rect", x=0, y=track, width=length, height=BAR_PX, rx=4, class_="filled")
        for limit, name in ((bar.wanted, "wanted"), (self.bound, "bound")):
            if limit is not None:
                x = min(self.view.y(limit), self.view.width - 1)
                self.svg.node(row, "path", d=f"M{x:g} {track - 3:g} v{BAR_PX + 6}", class_=name)

    def _interval(self, row: Element, bar: Bar, *, middle: float) -> None:
        """The value as a point on the line of what it may be."""
        low, value, high = (self.view.y(each) for each in (bar.low, bar.value, bar.high))
        line = f"M{low:g} {middle:g} H{high:g} M{low:g} {middle - 5:g} v10 M{high:g} {middle - 5:g} v10"
        self.svg.node(row, "path", d=line, class_="interval")
        self.svg.node(row, "circle", cx=value, cy=middle, r=6, class_="dot")


def lying(
    bars: Sequence[Bar],
    frame: Frame,
    *,
    span: tuple[float, float] | None = None,
    signs: Sequence[float] = (),
    written: Callable[[float], str] = str,
    bound: float | None = None,
) -> bytes:
    """Bars under each other, from nought to the largest, or over the span; `signs` are the numbers of its scale."""
    ends = [each for bar in bars for each in (bar.value, bar.high, bar.wanted) if each is not None]
    least, most = span or (0, max(ends, default=0) or 1)
    height = len(bars) * SLOT_PX + 2 * ROOM + (SCALE_PX if signs else 0)
    asked = options(
        frame,
        height=height,
        # Half of the outermost sign hangs over.
        margin_left=SIGN_PX if signs else None,
        margin_right=SIGN_PX if signs else None,
        show_y_labels=False,
        show_x_labels=bool(signs),
        show_x_guides=False,
        show_y_guides=bool(signs),
        x_labels=[bar.label for bar in bars],
        y_labels=list(signs) or None,
        value_formatter=written,
        range=(least, most),
        zero=least,
    )
    chart = Lying(bars, bound=bound, **asked)
    chart.add("", [least if bar.value is None else bar.value for bar in bars])
    return drawn(chart, frame)


def days(found: Sequence[Day], frame: Frame, *, written: Callable[[float], str] = str, named_every: int = 10) -> bytes:
    """One upright bar a day, the oldest first; every so many are named, beginning with the middle of the first."""
    signs = scale(max((day.count for day in found), default=0))
    asked = options(
        frame,
        height=DAYS_PX,
        x_labels=[day.label for day in found],
        x_labels_major=[day.label for day in found[named_every // 2 :: named_every]],
        show_minor_x_labels=False,
        y_labels=signs,
        value_formatter=written,
        range=(0, signs[-1]),
    )
    chart = pygal.Bar(**asked)
    chart.add("", [day.count for day in found])
    return drawn(chart, frame)


def scale(most: float) -> list[int]:
    """Whole numbers from nought, in even steps of 1, 2 or 5, that reach at least the most."""
    step = next(
        digit * 10**power for power in range(12) for digit in (1, 2, 5) if most <= digit * 10**power * SIGNS_MAX
    )
    return [step * times for times in range(max(1, -(-int(most) // step)) + 1)]
