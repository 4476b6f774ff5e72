"""How well a model recognises, as one row of a page: partials/recalls.html draws them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Recall:
    """Unweighted average recall of one way or language, with its 95 % interval; all from 0 to 1."""

    of: str
    uar: float
    low: float
    high: float


def recall(of: str, summary: dict[str, Any]) -> Recall:
    """The row of one summary in an eval.json."""
    return Recall(of, summary["uar"], summary["interval"]["low"], summary["interval"]["high"])
