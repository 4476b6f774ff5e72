"""The sheet that a plot is drawn on: its size, its style, its words, and which way it is read."""

import base64
import hashlib
import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from pygal.etree import etree
from pygal.style import Style

# Some other package may bring lxml, whose nodes are others.
etree.to_etree()

# What a card leaves of a phone of 390 px, and about what it leaves at a desk, so that 13 px are 13 px.
NARROW, WIDE = 326, 720
LETTER_PX = 13
# How wide a letter is on the average; and a name is never cut to fewer.
LETTER_WIDTH_MEAN, LETTERS_MIN = 0.55 * LETTER_PX, 14
ROOM = 8
TOKENS = Path(__file__).parents[2] / "frontend" / "static" / "css" / "tokens.css"
COMMENT = re.compile(r"/\*.*?\*/\s*", re.DOTALL)
# What pygal writes for its own script, and words that would hang over our cells.
UNWANTED = {"script", "style", "title", "desc", "defs"}
TURNED = re.compile(r"rotate\((\S+) (\S+) (\S+)\)")
# Around a text that is read its own way whatever surrounds it, as numbers are between words from the right.
FIRST_STRONG, END = "\u2068", "\u2069"


def style_sheet() -> str:
    """The tokens of the site, then the rules of plots."""
    own = Path(__file__).with_name("plots.css")
    return "".join(COMMENT.sub("", path.read_text()) for path in (TOKENS, own))


STYLE = style_sheet()
# For the header that lets this one style in, and no other.
STYLE_SHA256 = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


@dataclass(frozen=True)
class Frame:
    """What every plot has: what it is called, what is seen in it, in which language, read which way, and its width."""

    title: str
    description: str
    language: str
    direction: str = "ltr"
    width: int = NARROW

    @property
    def is_narrow(self) -> bool:
        """Whether it is drawn for a phone."""
        return self.width < WIDE


@cache
def sizes() -> Style:
    """How large letters are, which is all that pygal must know of our style."""
    return Style(label_font_size=LETTER_PX, value_font_size=LETTER_PX, title_font_size=LETTER_PX)


def options(frame: Frame, *, height: int, **more: Any) -> dict[str, Any]:
    """How pygal is asked for any of our plots."""
    asked = {
        "width": frame.width,
        "height": height,
        "style": sizes(),
        "css": (),
        "js": (),
        "no_prefix": True,
        "show_legend": False,
        "truncate_label": -1,
        "margin": ROOM,
        "explicit_size": True,
    }
    return asked | more


def drawn(chart: Any, frame: Frame) -> bytes:
    """The chart as a file, with our words and our style, and nothing of pygal's own."""
    chart.add_xml_filter(lambda root: finished(root, frame))
    return bytes(chart.render(disable_xml_declaration=True).encode())


def finished(root: Element, frame: Frame) -> Element:
    """The picture without scripts and foreign styles, named, dressed, and mirrored where one reads from the right."""
    for parent in list(root.iter()):
        for node in [node for node in parent if is_unwanted(node)]:
            parent.remove(node)
    if frame.direction == "rtl":
        mirror(root, width=frame.width)
    root.attrib.pop("id", None)
    root.attrib |= {
        "role": "img",
        "aria-labelledby": "title desc",
        "lang": frame.language,
        "xml:lang": frame.language,
        "direction": frame.direction,
    }
    root[:0] = heading(frame)
    return root


def is_unwanted(node: Element) -> bool:
    """Whether it is of no use without pygal's script; a comment's tag is no word."""
    if not isinstance(node.tag, str) or node.tag in UNWANTED:
        return True
    names = node.get("class", "").split()
    return "tooltip" in names or "tooltip-overlay" in names


def heading(frame: Frame) -> list[Element]:
    """Its name and description, which a screen reader says, and its style."""
    nodes = []
    for tag, text in (("title", frame.title), ("desc", frame.description)):
        node = Element(tag, {"id": tag})
        node.text = text
        nodes.append(node)
    style = Element("style")
    style.text = STYLE
    return [*nodes, style]


def mirror(root: Element, *, width: int) -> None:
    """Turn everything round, so that it begins on the right; the letters stay as they are."""
    for text in root.iter("text"):
        turned = text.get("transform", "")
        text.set("transform", f"translate({2 * stands_at(text):g} 0) scale(-1 1) {turned}".strip())
        # The anchor of a turned text is told from its own left.
        if turned:
            text.set("direction", "ltr")
        text.text = f"{FIRST_STRONG}{text.text}{END}"
    content = list(root)
    for node in content:
        root.remove(node)
    SubElement(root, "g", {"transform": f"translate({width} 0) scale(-1 1)"}).extend(content)


def stands_at(text: Element) -> float:
    """How far from the left of what holds it the text is anchored, once it is turned."""
    x, y = float(text.get("x", 0)), float(text.get("y", 0))
    if found := TURNED.match(text.get("transform", "")):
        angle, about_x, about_y = map(float, found.groups())
        turn = math.radians(angle)
        return about_x + (x - about_x) * math.cos(turn) - (y - about_y) * math.sin(turn)
    return x


def shortened(label: str, *, letters: int) -> str:
    """The label, cut where it is longer than there is room for; the table has it whole."""
    return label if len(label) <= letters else f"{label[: letters - 1].rstrip()}…"
