"""Lines: a value from step to step, with what it was last written at its end."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import pygal

from contributions.plots.sheet import LETTER_PX, LETTER_WIDTH_MEAN, ROOM, Frame, drawn, options

LINES_PX = 190
SIGNS_MAX = 5
DOT_PX = 4


class Line(pygal.XY):
    """One line, and a dot at its newest point with the number beside it."""

    def __init__(self, points: Sequence[tuple[float, float]], *, newest: str, **asked: Any) -> None:
        self.points, self.newest = points, newest
        super().__init__(**asked)

    def _plot(self) -> None:
        """Draw the line and its end."""
        node = self.svg.node(self.nodes["plot"], class_="lines")
        places = [(self.view.x(x), self.view.y(y)) for x, y in self.points]
        if len(places) > 1:
            way = " L".join(f"{x:g} {y:g}" for x, y in places)
            self.svg.node(node, "path", d=f"M{way}", class_="drawn")
        x, y = places[-1]
        self.svg.node(node, "circle", cx=x, cy=y, r=DOT_PX, class_="dot")
        # Beside the dot, on the side where there is room for it.
        width = len(self.newest) * LETTER_WIDTH_MEAN
        is_left = x + 2 * DOT_PX + width > self.view.width
        at = x - 2 * DOT_PX if is_left else x + 2 * DOT_PX
        above = y - 2 * DOT_PX if y > 2 * LETTER_PX else y + 2 * LETTER_PX
        name = "amount" if is_left else "amount starts"
        self.svg.node(node, "text", x=at, y=above, class_=name).text = self.newest


def line(
    points: Sequence[tuple[float, float]],
    frame: Frame,
    *,
    until: float,
    span: tuple[float, float] | None = None,
    written: Callable[[float], str] = str,
    counted: Callable[[float], str] = str,
) -> bytes:
    """The points by their steps, from nought to `until`; values over the span, or from nought to the largest.

    There is at least one point. `written` says a value, `counted` a step.
    """
    signs = scale(max(y for _x, y in points)) if span is None else even(*span)
    until = max(until, points[-1][0])
    asked = options(
        frame,
        height=LINES_PX,
        # Half of the outermost sign hangs over.
        margin_right=round(len(counted(until)) * LETTER_WIDTH_MEAN / 2) + ROOM,
        y_labels=signs,
        value_formatter=written,
        x_value_formatter=counted,
        x_labels=even(0, until, signs=3),
        range=(signs[0], signs[-1]),
        xrange=(0, until),
        show_dots=False,
        show_x_guides=False,
        show_y_guides=True,
    )
    chart = Line(points, newest=written(points[-1][1]), **asked)
    chart.add("", list(points))
    return drawn(chart, frame)


def even(least: float, most: float, *, signs: int = SIGNS_MAX) -> list[float]:
    """So many signs from the least to the most."""
    return [least + (most - least) * place / (signs - 1) for place in range(signs)]


def scale(most: float) -> list[float]:
    """Numbers from nought, in even steps of 1, 2 or 5 of any power, that reach at least the most."""
    if most <= 0:
        return [0.0, 1.0]
    power = 10 ** math.floor(math.log10(most / SIGNS_MAX))
    step = next(digit * power for digit in (1, 2, 5, 10) if most <= digit * power * (SIGNS_MAX - 1))
    return [round(step * times, 12) for times in range(math.ceil(most / step - 1e-9) + 1)]
