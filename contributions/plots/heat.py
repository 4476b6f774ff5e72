"""Heat maps: rows against columns, a number in every cell, its ground the darker the more it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import pygal

from contributions.plots.sheet import LETTER_PX, LETTER_WIDTH_MEAN, LETTERS_MIN, ROOM, Frame, drawn, options, shortened

SHADES = 5
ROW_PX = {True: 36, False: 44}
# How narrow a cell may be, and how long a name, whatever else has room.
CELL_PX_MIN, LETTERS_MAX = 25, 26
# As pygal reckons it.
LETTER_WIDTH = 0.6 * LETTER_PX


@dataclass(frozen=True)
class Cell:
    """What stands in a cell: how much of all there could be, 0 to 1, and how that is written.

    None leaves it empty of colour. `brief` stands in its place on a phone, `under` below it at a desk. A marked cell
    has a firm edge, a doubted one a broken one.
    """

    share: float | None
    written: str
    brief: str = ""
    under: str = ""
    is_marked: bool = False
    is_doubted: bool = False


class Heat(pygal.Dot):
    """A dot plot whose dots fill their cells."""

    def __init__(self, cells: Sequence[Sequence[Cell]], *, is_narrow: bool, **asked: Any) -> None:
        self.cells, self.is_narrow = cells, is_narrow
        super().__init__(**asked)

    def _has_data(self) -> bool:
        """A cell that is empty is drawn too."""
        return True

    def _plot(self) -> None:
        """Draw every cell where the dot plot would draw a dot."""
        node = self.svg.node(self.nodes["plot"], class_="cells")
        width, height = self.view.width / self._len, self.view.height / self._order
        for line, row in enumerate(self.cells):
            for place, cell in enumerate(row):
                middle = self.view.x(self._x_pos[place]), self.view.y(self._y_pos[line])
                self._cell(node, cell, middle=middle, size=(width - 2, height - 2))

    def _cell(self, node: Element, cell: Cell, *, middle: tuple[float, float], size: tuple[float, float]) -> None:
        """One cell with what is written in it."""
        (x, y), (width, height) = middle, size
        group = self.svg.node(node, class_=f"cell {looks(cell)}".strip())
        self.svg.node(group, "rect", x=x - width / 2, y=y - height / 2, width=width, height=height, rx=4)
        is_double = bool(cell.under) and not self.is_narrow
        line = y + LETTER_PX * (-0.15 if is_double else 0.35)
        self.svg.node(group, "text", x=x, y=line).text = cell.brief if self.is_narrow and cell.brief else cell.written
        if is_double:
            self.svg.node(group, "text", x=x, y=line + LETTER_PX + 2, class_="under").text = cell.under


def looks(cell: Cell) -> str:
    """The names by which the style knows the cell."""
    shade = 0 if cell.share is None else min(SHADES, int(max(cell.share, 0) * SHADES + 0.999))
    names = [f"fill-{shade}"] + ["marked"] * cell.is_marked + ["doubted"] * cell.is_doubted
    return " ".join(names)


def heat_map(
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Sequence[Sequence[Cell]],
    frame: Frame,
    *,
    row_title: str = "",
    column_title: str = "",
) -> bytes:
    """The cells by row and column, with what rows and columns are; there is at least one of each."""
    below = [shortened(name, letters=LETTERS_MIN if frame.is_narrow else LETTERS_MAX) for name in columns]
    letters = letters_beside(frame, columns=len(columns), is_titled=bool(row_title))
    # Written upwards: where the rows are too few for it, it would be broken.
    row_title = row_title if len(row_title) * LETTER_WIDTH < len(rows) * ROW_PX[frame.is_narrow] else ""
    turned = is_turned(below, frame)
    asked = options(
        frame,
        height=len(rows) * ROW_PX[frame.is_narrow] + room_below(below, is_turned=turned, is_titled=bool(column_title)),
        x_labels=below,
        y_labels=[shortened(name, letters=letters) for name in rows],
        x_label_rotation=-90 if turned else 0,
        x_title=column_title or None,
        y_title=row_title or None,
        show_y_guides=False,
    )
    chart = Heat(cells, is_narrow=frame.is_narrow, **asked)
    for name, row in zip(rows, cells, strict=True):
        chart.add(name, [1 for _cell in row])
    return drawn(chart, frame)


def letters_beside(frame: Frame, *, columns: int, is_titled: bool) -> int:
    """How long the name of a row may be beside so many columns."""
    room = frame.width - 2 * ROOM - columns * CELL_PX_MIN - 10 - (LETTER_PX + 10 if is_titled else 0)
    return max(LETTERS_MIN, min(LETTERS_MAX, int(room / LETTER_WIDTH)))


def is_turned(names: Sequence[str], frame: Frame) -> bool:
    """Whether the names of the columns must be written upwards to have room beside each other."""
    room = frame.width * 0.75 / len(names)
    return max(map(len, names)) * LETTER_WIDTH_MEAN > room


def room_below(names: Sequence[str], *, is_turned: bool, is_titled: bool) -> int:
    """The height of everything but the rows, as pygal reckons it."""
    text = max(map(len, names)) * LETTER_WIDTH if is_turned else LETTER_PX
    return round(text) + 2 * ROOM + 10 + (LETTER_PX + 10 if is_titled else 0)
