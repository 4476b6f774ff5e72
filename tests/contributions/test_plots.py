"""Plots as files: words that are read, a size for a phone, a style that the header knows, and nothing that runs."""

import base64
import hashlib
import re
from xml.etree import ElementTree

import pytest

from contributions import plots
from contributions.plots import Bar, Cell, Day, Frame
from contributions.plots.bars import scale
from tests.house.test_looks import TEXT_CONTRAST_MIN, colours, contrast

FEELINGS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise", "others")
ARABIC = ("غضب", "اشمئزاز", "خوف", "سعادة")
SVG = "{http://www.w3.org/2000/svg}"
FRAME = Frame("Agreement", "Alpha & its interval", "en")


def bars(frame: Frame = FRAME) -> bytes:
    return plots.lying([Bar("anger", 12, "12", wanted=20), Bar("<fear>", None, "under 5"), Bar("0", 0, "0")], frame)


def intervals(frame: Frame = FRAME) -> bytes:
    told = [Bar("anger", 0.7, "0.70", low=0.6, high=0.8), Bar("fear", -0.1, "-0.10", low=-0.2, high=0.1)]
    return plots.lying(told, frame, span=(-0.5, 1), signs=(-0.5, 0, 0.5, 1), written=str, bound=0.667)


def month(frame: Frame = FRAME) -> bytes:
    return plots.days([Day(f"November {day}", day % 7) for day in range(1, 31)], frame)


def heat(frame: Frame = FRAME) -> bytes:
    cells = [[Cell(0.1 * place, f"{place}0", under="(3)") for place in range(8)] for _row in range(7)]
    cells[0][0] = Cell(None, "·", is_marked=True)
    return plots.heat_map(FEELINGS[:7], FEELINGS, cells, frame, row_title="asked for", column_title="heard")


ALL = (bars, intervals, month, heat)


def read(picture: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(picture)


def written(picture: bytes) -> list[str]:
    return [(text.text or "").strip("\u2068\u2069") for text in read(picture).iter(f"{SVG}text")]


@pytest.mark.parametrize("draw", ALL)
def test_nothing_in_a_plot_runs_or_is_fetched_and_no_attribute_styles(draw):
    tree = read(draw())

    tags = {node.tag.removeprefix(SVG) for node in tree.iter()}
    attributes = {name for node in tree.iter() for name in node.attrib}
    assert tags <= {"svg", "title", "desc", "style", "g", "rect", "path", "circle", "text"}
    assert not any(name.startswith("on") or name.endswith(("style", "href")) for name in attributes)
    assert not re.search(rb"url\(|@import|<\?|<!--", draw())


@pytest.mark.parametrize("draw", ALL)
def test_a_plot_is_named_in_the_readers_language(draw):
    frame = Frame("اتفاق", "ألفا", "ar", direction="rtl")
    tree = read(draw(frame))

    assert [tree.find(f"{SVG}{tag}").text for tag in ("title", "desc")] == ["اتفاق", "ألفا"]
    assert (tree.get("lang"), tree.get("direction"), tree.get("role")) == ("ar", "rtl", "img")
    assert tree.get("aria-labelledby").split() == [tree[0].get("id"), tree[1].get("id")]


@pytest.mark.parametrize("draw", ALL)
def test_the_same_numbers_make_the_same_file_whenever_it_is_made(draw):
    assert draw() == draw()
    assert "uuid" not in draw().decode()


def test_the_one_style_in_a_plot_is_the_one_whose_digest_the_header_names():
    (style,) = read(heat()).iter(f"{SVG}style")

    assert base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode() == plots.STYLE_SHA256


def test_every_number_and_word_is_written_out():
    assert written(bars()) == ["anger", "12", "<fear>", "under 5", "0", "0"]
    assert {*FEELINGS, "asked for", "heard", "10", "·"} <= {*written(heat())}
    assert {"0", "2", "4", "6", "November 6", "November 16"} <= {*written(month())}
    assert {"-0.5", "1", "0.70", "fear"} <= {*written(intervals())}


def test_a_phone_gets_a_picture_of_its_own_width_without_small_letters():
    narrow, wide = read(heat()), read(heat(Frame("a", "b", "en", width=plots.WIDE)))

    assert narrow.get("viewBox").split()[2] == str(plots.NARROW)
    assert wide.get("viewBox").split()[2] == str(plots.WIDE)
    assert plots.NARROW <= 390
    sizes = [int(size) for size in re.findall(r"font-size: (\d+)px", heat().decode())]
    assert min(sizes) >= 12, sizes


def test_everything_of_a_plot_lies_within_it_whichever_way_it_is_read():
    for direction in ("ltr", "rtl"):
        tree = read(heat(Frame("a", "b", "ar", direction=direction)))
        places = [place for place in rectangles(tree) if place]
        assert min(left for left, _right in places) >= 0
        assert max(right for _left, right in places) <= plots.NARROW


def rectangles(tree: ElementTree.Element) -> list[tuple[float, float]]:
    """From where to where each cell reaches, whatever turns and shifts it."""
    found: list[tuple[float, float]] = []

    def walk(node: ElementTree.Element, offset: float, sign: float) -> None:
        moved = re.match(r"translate\((-?[\d.]+)[, ]", node.get("transform", ""))
        offset += sign * float(moved[1]) if moved else 0
        sign *= -1 if "scale(-1" in node.get("transform", "") else 1
        if node.tag == f"{SVG}rect":
            left = offset + sign * float(node.get("x"))
            found.append(tuple(sorted((left, left + sign * float(node.get("width"))))))
        for child in node:
            walk(child, offset, sign)

    walk(tree, 0, 1)
    return found


def test_the_first_cell_is_on_the_right_where_one_reads_from_the_right():
    cells = [[Cell(0.5, str(place)) for place in range(4)]]
    pictures = [
        read(plots.heat_map(ARABIC[:1], ARABIC, cells, Frame("a", "b", "ar", direction=direction)))
        for direction in ("ltr", "rtl")
    ]

    from_left, from_right = ([left for left, right in rectangles(tree) if right - left < 100] for tree in pictures)
    assert from_left == sorted(from_left)
    assert from_right == sorted(from_right, reverse=True)


def test_a_title_beside_the_rows_stays_in_the_picture_where_one_reads_from_the_right():
    tree = read(heat(Frame("a", "b", "ar", direction="rtl")))
    (title,) = [text for text in tree.iter(f"{SVG}text") if "asked for" in (text.text or "")]

    shift, x, y = re.match(
        r"translate\((\S+) 0\) scale\(-1 1\) rotate\(-90 (\S+) (\S+)\)", title.get("transform")
    ).groups()
    # What was so far from the left is as far from the right: the shift is twice the way.
    assert 0 < float(shift) / 2 < 40
    assert float(x) == 0
    assert float(y) > 0


def test_the_darker_cell_is_the_larger_share_and_nothing_has_no_shade():
    shares = [None, 0, 0.01, 0.2, 0.5, 0.99, 1]
    cells = [[Cell(share, "x") for share in shares]]
    tree = read(plots.heat_map(["row"], [str(share) for share in shares], cells, FRAME))

    shades = re.findall(r"cell fill-(\d)", ElementTree.tostring(tree).decode())
    assert shades == ["0", "0", "1", "1", "3", "5", "5"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_written_in_a_cell_can_be_read_on_its_shade(scheme):
    css = (plots.sheet.Path(plots.sheet.__file__).with_name("plots.css")).read_text()
    light, _query, dark = css.partition("prefers-color-scheme: dark")
    shades = dict(re.findall(r"--fill-(\d): (#[0-9a-f]{6})", light if scheme == "light" else dark))
    known = colours(scheme)

    weak = {shade: contrast(known["on-plum" if int(shade) > 3 else "ink"], colour) for shade, colour in shades.items()}
    assert sorted(shades) == ["1", "2", "3", "4", "5"]
    assert min(weak.values()) >= TEXT_CONTRAST_MIN, weak


@pytest.mark.parametrize(("most", "signs"), [(0, [0, 1]), (3, [0, 1, 2, 3]), (5, [0, 2, 4, 6]), (57, [0, 20, 40, 60])])
def test_a_scale_has_few_whole_numbers_and_reaches_the_most(most, signs):
    assert scale(most) == signs


def test_a_row_keeps_its_whole_name_where_few_columns_leave_room_for_it():
    def names(columns: int) -> list[str]:
        cells = [[Cell(0.5, "1") for _each in range(columns)]]
        return written(plots.heat_map(["listeners disagree"], ["x"] * columns, cells, FRAME, row_title="asked for"))

    assert "listeners disagree" in names(4)
    assert "listeners dis…" in names(8)


def test_a_title_that_the_rows_are_too_few_for_is_left_out():
    cells = [[Cell(0.5, "1")]]

    assert "asked for" not in written(plots.heat_map(["anger"], ["anger"], cells, FRAME, row_title="asked for"))


def test_the_words_of_a_bar_leave_room_for_its_number():
    told = [Bar("Grew up with the language and still speaks it", 0.7, "0.70 (0.61 – 0.78)"), Bar("Woman", 0.7, "0.70")]
    words, number, *_others = written(plots.lying(told, FRAME))

    assert words.endswith("…")
    assert len(words) + len(number) < 44
    assert "Woman" in written(plots.lying(told, FRAME))
