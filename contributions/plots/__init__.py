"""Plots: numbers in, one SVG out, without script; its words come in the reader's language, and it fits a phone.

Drawn by pygal, whose scales and nodes are used and whose colours and scripts are left out: one style sheet, made of the
site's own tokens, stands inside each picture and follows the reader's wish for light, dark or strong contrast. What a
plot shows is never told by colour alone: every number is written, and a table stands behind each on the page.
"""

from contributions.plots.bars import Bar, Day, days, lying
from contributions.plots.heat import Cell, heat_map
from contributions.plots.lines import line
from contributions.plots.sheet import NARROW, STYLE_SHA256, WIDE, Frame

__all__ = ["NARROW", "STYLE_SHA256", "WIDE", "Bar", "Cell", "Day", "Frame", "days", "heat_map", "line", "lying"]
