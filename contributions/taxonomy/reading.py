"""Turn the texts of this room into HTML: headings, paragraphs, lists, bold and italics, and nothing else."""

from __future__ import annotations

import html
import re


def as_html(markdown: str) -> str:
    """The HTML of one of our texts; whatever looks like markup of its own is shown, never run."""
    return "\n".join(_block(block) for block in blocks(markdown))


def blocks(markdown: str) -> list[str]:
    """The titles, paragraphs and lists of the text, each by itself."""
    return [block for block in re.split(r"\n\s*\n", markdown.strip()) if block]


def _block(block: str) -> str:
    if heading := re.match(r"(#{1,3}) (.+)", block):
        level = len(heading[1])
        return f"<h{level}>{_inline(heading[2])}</h{level}>"
    if block.startswith("- "):
        items = re.split(r"\n(?=- )", block)
        return "<ul>" + "".join(f"<li>{_inline(item[2:])}</li>" for item in items) + "</ul>"
    return f"<p>{_inline(block)}</p>"


def _inline(text: str) -> str:
    """One run of text on one line, with its bold and italic parts, and the spaces that must not break."""
    safe = html.escape(re.sub(r"[ \n]+", " ", text).strip(" "), quote=False)
    bold = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", safe)
    return re.sub(r"\*(.+?)\*", r"<em>\1</em>", bold)
