"""What a run's row tells of its way: where it is, how fast, the curve of its learning, and what happened to it.

Plain values in and out, without Django; who writes the row sees to the fence.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

# As many points as a plot has room for, and as many lines as anybody reads.
CURVE_MAX, HAPPENINGS_MAX = 200, 100
TOLD = (
    "stage", "step", "steps", "loss", "at", "uar", "interval", "recall", "clips_per_second", "device", "processes",
    "gpu",
)  # fmt: skip


def hear(progress: dict[str, Any], line: dict[str, Any]) -> None:
    """Take up one line of the child: the newest of each value, and a point of the curve where there is a loss."""
    stage = str(line.get("stage", ""))
    progress.setdefault("began", {}).setdefault(stage, line.get("at"))
    progress.update({name: line[name] for name in TOLD if line.get(name) is not None})
    if stage == "training":
        progress["eta_seconds"] = line.get("eta_seconds", progress.get("eta_seconds"))
    else:
        # It was the time left for learning.
        progress.pop("eta_seconds", None)
    if stage == "training" and line.get("loss") is not None:
        point = {name: line[name] for name in ("step", "loss", "recall") if line.get(name) is not None}
        progress["curve"] = with_point(progress.get("curve", []), point)
    if line.get("resumed"):
        happened(progress, "resumed", at=line.get("at"), step=line["step"])
    if line.get("dropped"):
        happened(progress, "dropped", at=line.get("at"), clips=len(line["dropped"]))


def happened(progress: dict[str, Any], what: str, *, at: str | None = None, **facts: Any) -> None:
    """Note that something happened to the run, now or at that moment; the oldest notes go when there are too many."""
    notes = progress.setdefault("happened", [])
    notes.append({"at": at or datetime.now(UTC).isoformat(), "what": what, **facts})
    del notes[:-HAPPENINGS_MAX]


def with_point(curve: list[dict[str, Any]], point: dict[str, Any], *, most: int = CURVE_MAX) -> list[dict[str, Any]]:
    """The curve with one more point, thinned and never cut: two neighbours that span least become one.

    Points at or after the step of the new one go first: a run that was taken up again says them anew.
    """
    curve = [each for each in curve if each["step"] < point["step"]] + [point]
    while len(curve) > most:
        starts = [0, 0, *(each["step"] for each in curve)]
        spans = [curve[place + 1]["step"] - starts[place + 1] for place in range(len(curve) - 1)]
        # Of equals the oldest, so that the newest stays as it was told.
        place = spans.index(min(spans))
        curve[place : place + 2] = [joined(curve[place], curve[place + 1], since=starts[place + 1])]
    return curve


def joined(one: dict[str, Any], other: dict[str, Any], *, since: int) -> dict[str, Any]:
    """Two neighbours as one at the later step: the mean loss by the steps that each spans, and the newest recall."""
    first, second = one["step"] - since, other["step"] - one["step"]
    loss = (one["loss"] * first + other["loss"] * second) / max(first + second, 1)
    told = {name: each[name] for each in (one, other) for name in ("recall",) if name in each}
    return {"step": other["step"], "loss": round(loss, 5), **told}
