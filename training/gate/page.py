"""gate.json as a page: one HTML file without scripts or anything from elsewhere, differences drawn about zero."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from django.utils import translation

from training.evaluation.page import PAGE, plot, section, table
from training.gate import words

LEAD = (
    "Candidate and champion heard the same test speakers, whom neither was trained on. A bar is the interval of a "
    "difference over drawn speakers, the dot the difference; to the right of the line the candidate is better."
)
# In SVG units; the scale runs from -REACH to REACH, or as far as the widest bar.
NAMES, SCALE, FIGURE, ROW, REACH = 290, 420, 200, 26, 0.1

Row = tuple[str, float, float | None, float | None]


def written(facts: Mapping[str, Any], *, title: str = "What the gate found") -> str:
    """The page, in English, as everything that is published with a checkpoint."""
    with translation.override("en"):
        sections = [section(heading, content) for heading, content in contents(facts) if content]
    return PAGE.format(title=escape(title), lead=escape(LEAD), sections="\n".join(sections))


def contents(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Headings and what stands under them; what was not reckoned is empty."""
    yield "Verdict", verdict(facts)
    yield "Better than the champion", primary(facts.get("primary") or {})
    yield "Better than nothing", first(facts.get("first") or {})
    yield "A new language", languages(facts.get("new_languages") or {})
    yield "What it may not cost", guards(facts.get("guarded") or {})
    yield "Looks at these test speakers", looks(facts.get("looks") or {})
    yield "Whether this can be believed", leaks(facts.get("leaks") or {})
    yield "Judged on", test(facts.get("test") or {})


def verdict(facts: Mapping[str, Any]) -> str:
    """Passed or held back, why, and what to keep in mind."""
    against, notes = ([words.said(one) for one in facts.get(name, [])] for name in ("against", "notes"))
    lead = "It passes." if facts["passes"] else "It is held back."
    if facts.get("gate") == "open":
        lead += " The gate was open: a closed one would " + ("have held it back." if against else "have passed it too.")
    return f"<p><strong>{lead}</strong></p>" + listed([*facts.get("broken", []), *against]) + listed(notes)


def primary(told: Mapping[str, Any]) -> str:
    """The difference that decides, and what could have been seen."""
    if not told:
        return ""
    rows = [("candidate", told["candidate"], None, None), ("champion", told["champion"], None, None)]
    return (
        plot(rows)
        + differences([("difference", *bounds(told["difference"]))])
        + f"<p>{told['figure']}; bounds that are passed with a chance of {told['tail']:.4f} on either side. "
        + detectable(told)
    )


def first(told: Mapping[str, Any]) -> str:
    """The first champion's rule."""
    if not told:
        return ""
    candidate = told["candidate"]
    rows = [("candidate", *bounds(candidate))]
    rows += [("log-mel regression", told["log_mel"], None, None)] if told["log_mel"] is not None else []
    above = differences([("above log-mel", *bounds(told["difference"]))]) if "difference" in told else ""
    return plot(rows, chance=told["chance"]) + above + "<p>" + detectable(told)


def detectable(told: Mapping[str, Any]) -> str:
    """The smallest gain that these speakers could have shown, as the end of a paragraph."""
    least = told.get("smallest_detectable_gain")
    if least is None:
        return "No gain, however large, could have been shown on these speakers.</p>"
    return f"A true gain of {100 * least:.1f} points would have been seen with a power of {told['power']:g}.</p>"


def languages(told: Mapping[str, Any]) -> str:
    """What was gained, and what it cost the others."""
    if not told:
        return ""
    rows = [
        (
            one["language"],
            one["recall"]["value"],
            one["recall"]["low"],
            one["chance"],
            "yes" if one["is_gained"] else "no",
        )
        if "recall" in one
        else (one["language"], None, None, None, "too few clips")
        for one in told["languages"]
    ]
    old = told["old_languages"]
    cost = f"<p>The old languages may lose {100 * old['margin']:g} points: " + (
        "they do not lose more.</p>" if old["is_non_inferior"] else "that they lose no more is not shown.</p>"
    )
    return table(("language", "recall", "at least", "chance", "gained"), rows) + cost


def guards(told: Mapping[str, Any]) -> str:
    """Every guard drawn, and in numbers."""
    if not told:
        return ""
    rows = [(words.what(one), *bounds(one["difference"])) for one in told["guards"]]
    numbers = [
        (
            words.what(one), one["candidate"], one["champion"], one["difference"]["value"], one["difference"]["high"],
            "WORSE" if one["is_credibly_worse"] else "no", one["could_see"], one["clips"], one["speakers"],
        )
        for one in told["guards"]
    ]  # fmt: skip
    head = ("of", "candidate", "champion", "difference", "at best", "credibly worse", "loss it could see", "clips",
            "speakers")  # fmt: skip
    return differences(rows) + table(head, numbers) + f"<p>{escape(told['correction'])}.</p>"


def looks(told: Mapping[str, Any]) -> str:
    """Which look it was, and what the many looks add up to."""
    if not told:
        return ""
    return (
        f"<p>This is look {told['number']}. An equal would have passed it with a chance of {told['tail']:.4f}; that at "
        f"least one of as many equals passed by now, {told['fooled_at_most']:.3f} at most.</p>"
    )


def leaks(told: Mapping[str, Any]) -> str:
    """What the probes for leaks found."""
    return f"<p>The probes for leaks found {'nothing' if told.get('passes') else 'something'}.</p>" if told else ""


def test(told: Mapping[str, Any]) -> str:
    """The test split in numbers."""
    return table(("", ""), [(name.replace("_", " "), words.shown(value)) for name, value in told.items()])


def listed(sentences: Sequence[str]) -> str:
    """Sentences as a list."""
    return "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in sentences) + "</ul>" if sentences else ""


def bounds(told: Mapping[str, Any]) -> tuple[float, Any, Any]:
    """A figure and the ends of its interval."""
    return told["value"], told["low"], told["high"]


def differences(rows: Sequence[Row]) -> str:
    """Differences about zero, one below the other, as SVG."""
    if not rows:
        return ""
    ends = [abs(end) for row in rows for end in row[1:] if end is not None]
    reach = min(1.0, max(REACH, *ends))
    height = ROW * len(rows) + 22
    middle = NAMES + SCALE / 2
    drawn = [f'<line class="rule" stroke-dasharray="4" x1="{middle}" x2="{middle}" y1="0" y2="{height - 20}"/>']
    drawn += [bar(place, row, reach) for place, row in enumerate(rows)]
    for tick in (-reach, 0.0, reach):
        drawn.append(f'<text x="{x_of(tick, reach):.0f}" y="{height - 4}" text-anchor="middle">{tick:+.2f}</text>')
    told = "; ".join(f"{name} {value:+.3f}" for name, value, _low, _high in rows)
    size = f'width="{NAMES + SCALE + FIGURE}" height="{height}" viewBox="0 0 {NAMES + SCALE + FIGURE} {height}"'
    return f'<svg role="img" aria-label="{escape(told)}" {size}>\n' + "\n".join(drawn) + "\n</svg>"


def bar(place: int, row: Row, reach: float) -> str:
    """One difference: its name, its interval, its dot and its numbers."""
    name, value, low, high = row
    y = ROW * place + 13
    figure = f"{value:+.3f}" + (f" ({low:+.3f} to {high:+.3f})" if low is not None and high is not None else "")
    parts = [f'<text x="{NAMES - 10}" y="{y + 4}" text-anchor="end">{escape(name)}</text>']
    if low is not None and high is not None:
        left, right = x_of(low, reach), x_of(high, reach)
        parts.append(f'<line class="doubt" x1="{left:.1f}" x2="{right:.1f}" y1="{y}" y2="{y}"/>')
    parts.append(f'<circle class="mark" cx="{x_of(value, reach):.1f}" cy="{y}" r="5"/>')
    parts.append(f'<text x="{NAMES + SCALE + 10}" y="{y + 4}">{figure}</text>')
    return "".join(parts)


def x_of(value: float, reach: float) -> float:
    """Where a difference lies on the scale; what is beyond it, at its end."""
    return NAMES + SCALE / 2 * (1 + max(-1.0, min(1.0, value / reach)))
