"""The gate's verdict on a run's page: what was found, in words, and what a curator is asked."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import template

from training.gate import words
from training.models import TrainingRun

register = template.Library()

# The half width of the drawn scale, in SVG units, and the least that it shows on either side of zero.
HALF, REACH = 100, 0.1


@register.inclusion_tag("curation/run_gate.html", takes_context=True)
def verdict(context: Mapping[str, Any], run: TrainingRun) -> dict[str, Any]:
    """What the gate found of the run's candidate; nothing where it was not judged yet."""
    facts = run.verdict
    return {
        "csrf_token": context.get("csrf_token"),
        "run": run,
        "gate": facts,
        "is_waiting": run.approval == TrainingRun.Approval.WAITING,
        "faults": [*facts.get("broken", []), *map(words.said, facts.get("against", []))],
        "notes": list(map(words.said, facts.get("notes", []))),
        "primary": deciding(facts),
        "rows": list(rows(facts)),
        "looks": facts.get("looks"),
        "test": facts.get("test"),
    }


def deciding(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The figure that decides, of either rule, as people read it."""
    if told := facts.get("primary"):
        numbers = {"candidate": told["candidate"], "champion": told["champion"]} | told["difference"]
    elif told := facts.get("first"):
        numbers = {**told["candidate"], "candidate": told["candidate"]["value"], "chance": told["chance"]}
        numbers["log_mel"] = told["log_mel"]
    else:
        return {}
    numbers["detectable"] = told.get("smallest_detectable_gain")
    return {name: words.shown(value) for name, value in numbers.items()}


def rows(facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every guard, drawn about zero and in numbers."""
    guards = facts.get("guarded", {}).get("guards", [])
    ends = [abs(end) for one in guards for end in one["difference"].values() if end is not None]
    reach = max([REACH, *ends])
    for one in guards:
        yield {
            "what": words.what(one),
            "candidate": words.shown(one["candidate"]),
            "champion": words.shown(one["champion"]),
            **{name: words.shown(value) for name, value in one["difference"].items()},
            "at": {name: x_of(value, reach) for name, value in one["difference"].items()},
            "could_see": words.shown(one["could_see"]),
            "is_worse": one["is_credibly_worse"],
            "speakers": one["speakers"],
        }


def x_of(value: float | None, reach: float) -> int:
    """Where a difference lies on the drawn scale; in the middle where it is not known."""
    return HALF + round(HALF * (value or 0.0) / reach)
