"""The figures as a page: one HTML file without scripts or anything from elsewhere, every interval drawn to scale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: light-dark(#1d2733, #e6edf3); --line: light-dark(#8795a5, #748292);
  --mark: light-dark(#0b6e6e, #4fd1c5); --paper: light-dark(#fff, #12181f); }}
body {{ background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; max-inline-size: 60rem;
  margin: 2rem auto; padding-inline: 1rem; }}
table {{ border-collapse: collapse; margin-block: 1rem; }}
th, td {{ border-block-end: 1px solid var(--line); padding: .25rem .75rem; text-align: start; }}
td {{ font-variant-numeric: tabular-nums; }}
svg {{ max-inline-size: 100%; }}
svg text {{ fill: currentColor; font: 13px system-ui, sans-serif; }}
svg .rule {{ stroke: var(--line); }}
svg .doubt {{ stroke: var(--mark); stroke-width: 3; }}
svg .mark {{ fill: var(--mark); }}
</style>
<h1>{title}</h1>
<p>{lead}</p>
{sections}
</html>
"""

LEAD = (
    "Every figure is of speakers that were not trained on. A bar is the 95 % interval over speakers, the dot the "
    "figure, the dashed line chance."
)
WAYS = {
    "zero_shot": "Suggestions (captions and head)",
    "captions": "Captions alone, in the clip's language",
    "probe": "Logistic regression on CLARA's embeddings",
    "bare_tower": "Logistic regression on the bare tower",
    "log_mel_baseline": "Logistic regression on log-mel statistics",
}
# In SVG units: names to the left, the scale from 0 to 1, the figure to the right.
NAMES, SCALE, FIGURE, ROW = 330, 400, 150, 26

Row = tuple[str, float, Any, Any]  # name, figure, low and high end of its interval


def written(measured: Mapping[str, Any], *, title: str) -> str:
    """The page of an eval.json, or of what `clara evaluate` measured; a block that is not there is left out."""
    sections = [
        section(heading, content)
        for heading, content in (
            ("How often it is right", plot(_summaries(measured, WAYS), chance=measured.get("chance"))),
            ("By language", plot(_named(measured.get("by_language")), chance=measured.get("chance"))),
            ("Words of another language", plot(_named(measured.get("captions", {}).get("in_words_of")))),
            ("A language left out", _languages(measured.get("leave_one_language_out") or {})),
            ("Disturbed", plot(_named(measured.get("robustness")), chance=measured.get("chance"))),
            ("Groups", "".join(map(_groups, (measured.get("worst_group") or {}).items()))),
            ("Differences", table(("of", "UAR above", "95 % interval"), _differences(measured))),
            ("Retrieval", _retrieval(measured.get("retrieval") or {})),
            ("How sure it is", _calibration(measured.get("calibration") or {})),
            ("Whether this can be believed", _leaks(measured.get("leaks") or {})),
            ("Taken for another", _confusion(measured)),
            ("Clips", _splits(measured.get("splits") or {})),
        )
        if content
    ]
    lead = f"{LEAD} Protocol {escape(str(measured.get('protocol', 'none')))}."
    return PAGE.format(title=escape(title), lead=lead, sections="\n".join(sections))


def section(heading: str, content: str) -> str:
    """A heading and what stands under it."""
    return f"<section>\n<h2>{escape(heading)}</h2>\n{content}\n</section>"


def plot(rows: Sequence[Row], *, chance: float | None = None) -> str:
    """Figures from 0 to 1 with their intervals, one below the other, as SVG; the figures stand beside it in words."""
    if not rows:
        return ""
    height = ROW * len(rows) + 22
    drawn = [_row(place, row) for place, row in enumerate(rows)]
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        at = NAMES + SCALE * tick
        drawn.append(f'<text x="{at:.0f}" y="{height - 4}" text-anchor="middle">{tick:g}</text>')
    if chance is not None:
        at = NAMES + SCALE * chance
        drawn.append(f'<line class="rule" stroke-dasharray="4" x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{height - 20}"/>')
    told = "; ".join(f"{name} {value:.3f}" for name, value, _low, _high in rows)
    size = f'width="{NAMES + SCALE + FIGURE}" height="{height}" viewBox="0 0 {NAMES + SCALE + FIGURE} {height}"'
    return f'<svg role="img" aria-label="{escape(told)}" {size}>\n' + "\n".join(drawn) + "\n</svg>"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table; nothing when it has no rows."""
    body = "".join("<tr>" + "".join(f"<td>{escape(_said(cell))}</td>" for cell in row) + "</tr>\n" for row in rows)
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    return f"<table>\n<tr>{names}</tr>\n{body}</table>" if body else ""


def between(interval: Mapping[str, Any]) -> str:
    """An interval in words."""
    if interval["low"] is None:
        return "unknown"
    return f"{interval['low']:.3f} to {interval['high']:.3f}"


def _row(place: int, row: Row) -> str:
    name, value, low, high = row
    middle = ROW * place + 13
    parts = [
        f'<text x="{NAMES - 10}" y="{middle + 4}" text-anchor="end">{escape(name)}</text>',
        f'<line class="rule" x1="{NAMES}" x2="{NAMES + SCALE}" y1="{middle}" y2="{middle}" stroke-opacity=".4"/>',
    ]
    figure = f"{value:.3f}"
    if low is not None:
        ends = f'x1="{NAMES + SCALE * low:.1f}" x2="{NAMES + SCALE * high:.1f}"'
        parts.append(f'<line class="doubt" {ends} y1="{middle}" y2="{middle}"/>')
        figure += f" ({low:.3f} to {high:.3f})"
    parts.append(f'<circle class="mark" cx="{NAMES + SCALE * value:.1f}" cy="{middle}" r="5"/>')
    parts.append(f'<text x="{NAMES + SCALE + 10}" y="{middle + 4}">{figure}</text>')
    return "".join(parts)


def _summary(name: str, summary: Mapping[str, Any]) -> Row:
    return name, summary["uar"], summary["interval"]["low"], summary["interval"]["high"]


def _summaries(measured: Mapping[str, Any], names: Mapping[str, str]) -> list[Row]:
    return [_summary(name, measured[way]) for way, name in names.items() if way in measured]


def _named(summaries: Mapping[str, Any] | None) -> list[Row]:
    return [_summary(name, summary) for name, summary in (summaries or {}).items()]


def _languages(told: Mapping[str, Any]) -> str:
    rows = [
        _summary(f"{language}: {way.replace('_', '-')}", told[language][way])
        for language in told
        for way in ("zero_shot", "probe")
    ]
    return plot(rows)


def _groups(grouped: tuple[str, Mapping[str, Any]]) -> str:
    way, told = grouped
    gap = f"{told['best']} above {told['worst']}: {told['gap']['difference']:.3f} ({between(told['gap']['interval'])})"
    return f"<h3>By {escape(way)}</h3>{plot(_named(told['groups']))}<p>{escape(gap)}</p>"


def _differences(measured: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    told = {
        "CLARA's probe against the bare tower's": measured.get("probe_against_bare_tower"),
        **{f"{name} against clean": one["against_clean"] for name, one in (measured.get("robustness") or {}).items()},
    }
    return [(name, one["difference"], between(one["interval"])) for name, one in told.items() if one]


def _retrieval(told: Mapping[str, Any]) -> str:
    rows = []
    for way, figures in told.items():
        for name, figure in figures.items():
            if isinstance(figure, Mapping):
                gallery = figures["gallery"]
                rows.append(
                    (
                        way.replace("_", " "),
                        name.replace("_", " "),
                        figure["value"],
                        between(figure["interval"]),
                        gallery,
                    )
                )
    return table(("way", "figure", "value", "95 % interval", "gallery"), rows)


def _calibration(told: Mapping[str, Any]) -> str:
    if not told:
        return ""
    errors = [
        (name, told[key]["value"], between(told[key]["interval"]))
        for name, key in (("raw", "raw"), (f"at temperature {told['temperature']:.2f}", "at_temperature"))
    ]
    bins = [(round(one["confidence"], 3), round(one["right"], 3), one["clips"]) for one in told["reliability"]]
    lead = f"<p>The temperature was fitted on {escape(told['fitted_on'])} ({told['fitted_on_clips']} clips).</p>"
    return (
        lead
        + table(("expected calibration error", "value", "95 % interval"), errors)
        + table(("how sure", "how often right", "clips"), bins)
    )


def _leaks(told: Mapping[str, Any]) -> str:
    if not told:
        return ""
    shuffled, probe = told["shuffled_labels"], told["speaker_probe"]
    return table(
        ("probe", "found"),
        [
            ("nothing speaks against the figures", "yes" if told["passes"] else "no"),
            ("speakers on both sides", told["speakers_on_both_sides"]),
            ("test clips that are copies of training clips", told["copies"]["clips"]),
            ("test voices that training knows under another name", told["voices_under_two_names"]["suspected"]),
            ("share of test clips whose words training knows", told["prompts"]["share"]),
            ("speakers told apart by the embedding", probe["accuracy"]),
            ("the same by chance", probe["chance"]),
            ("UAR on shuffled labels", f"{shuffled['uar']:.3f} ({between(shuffled['interval'])})"),
        ],
    )


def _confusion(measured: Mapping[str, Any]) -> str:
    way = next((way for way in WAYS if "confusion" in measured.get(way, {})), None)
    if way is None:
        return ""
    told = measured[way]["confusion"]
    said = sorted({name for row in told.values() for name in row})
    rows = [(name, *(row.get(other, 0) for other in said)) for name, row in told.items()]
    return f"<p>{escape(WAYS[way])}.</p>" + table(("is, heard as", *said), rows)


def _splits(told: Mapping[str, Any]) -> str:
    rows = [(name, of["clips"], of["speakers"], of["seconds"], ", ".join(of["languages"])) for name, of in told.items()]
    return table(("split", "clips", "speakers", "seconds", "languages"), rows)


def _said(cell: Any) -> str:
    if cell is None:
        return "unknown"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)
