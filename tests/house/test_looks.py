"""What the styles promise: text that can be read on its ground, either direction, no hurry and no other host."""

import re

import pytest

from tests.house.sources import ROOT

STYLES = sorted((ROOT / "frontend/static/css").glob("*.css"))
TOKENS = (ROOT / "frontend/static/css/tokens.css").read_text()
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# A side of the screen instead of a side of the text; a media query asks for the window's width, which is another thing.
PHYSICAL = re.compile(
    r"(?<![\w(-])(?:(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right|top|bottom)\b[\w-]*"
    r"|(?:min-|max-)?(?:width|height)|left|right|top|bottom"
    r"|border-(?:top|bottom)-(?:left|right)-radius)\s*:"
    r"|(?:text-align|float|clear)\s*:\s*(?:left|right)"
)
TEXT_CONTRAST_MIN, EDGE_CONTRAST_MIN = 4.5, 3.0
GROUNDS = ("ground", "surface", "raised")
# What is written in which colour on which ground.
TEXTS = [
    *((ink, ground) for ink in ("ink", "ink-soft", "plum", "plum-strong") for ground in GROUNDS),
    *(("ink", f"{wash}-wash") for wash in ("plum", "coral", "teal", "amber")),
    *((tone, f"{tone}-wash") for tone in ("plum", "coral", "teal", "amber")),
    *((tone, ground) for tone in ("coral", "teal", "amber") for ground in ("ground", "surface")),
    *(("plum", f"{wash}-wash") for wash in ("coral", "teal", "amber")),
    *((f"on-{tone}", shade) for tone in ("plum", "coral") for shade in (tone, f"{tone}-strong")),
]
EDGES = [(edge, ground) for edge in ("line-strong", "plum", "coral") for ground in GROUNDS]


def colours(scheme: str) -> dict[str, str]:
    """The tokens that are colours, as the scheme has them."""
    light, _query, dark = TOKENS.partition("prefers-color-scheme: dark")
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark)) if scheme == "dark" else {})


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, as WCAG 2.2 defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_on_every_ground_it_stands_on(scheme):
    known = colours(scheme)
    weak = {
        f"{ink} on {ground}: {ratio:.2f}"
        for pairs, least in ((TEXTS, TEXT_CONTRAST_MIN), (EDGES, EDGE_CONTRAST_MIN))
        for ink, ground in pairs
        if (ratio := contrast(known[ink], known[ground])) < least
    }

    assert weak == set()


def test_the_dark_scheme_names_every_colour_of_the_light_one():
    dark = TOKENS.partition("prefers-color-scheme: dark")[2]

    assert set(colours("light")) <= set(re.findall(r"--([\w-]+): #", dark))


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.stem)
def test_a_style_knows_sides_of_the_text_and_not_of_the_screen(style):
    assert PHYSICAL.findall(COMMENT.sub("", style.read_text())) == []


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.stem)
def test_a_style_asks_nobody_else_for_a_font_or_a_picture(style):
    assert not re.search(r"@import|@font-face|url\(\s*[\"']?(?!data:)", style.read_text())


def test_colours_stand_in_one_place_but_for_paper_and_a_cameras_white():
    written = {
        f"{style.name}: {colour}"
        for style in STYLES
        if style.name != "tokens.css"
        for colour in re.findall(r":[^;{]*(#[0-9a-fA-F]{3,8}|\b(?:rgb|hsl)a?\([^)]*\))", style.read_text())
    }

    assert written <= {"base.css: #000", "guest_code.css: #fff"}


def test_whoever_asked_for_less_motion_gets_none():
    base = (ROOT / "frontend/static/css/base.css").read_text()
    still = base.partition("prefers-reduced-motion: reduce")[2]

    assert "animation: none !important" in still
    assert "transition: none !important" in still


def test_a_script_writes_no_words_of_its_own():
    spoken = re.compile(
        r"\b(?:textContent|innerText|ariaLabel|placeholder|title|alert|confirm)\b\s*[=(]\s*[\"'`][^\"'`]*[a-z]{3}"
    )
    scripts = sorted((ROOT / "frontend/static/js").rglob("*.js"))

    # A number with its unit is said alike in every language.
    figures = re.compile(r"\$\{[^}]*\}|dBFS")

    assert {path.name for path in scripts if spoken.search(figures.sub("", path.read_text()))} == set()
