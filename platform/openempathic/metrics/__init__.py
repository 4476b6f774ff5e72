"""Figures for Prometheus: what rows and disk say at this moment, and what processes count while they work.

A source is a function that answers gauges from few, bounded queries. Rooms are named by dotted strings only. What a
source says is kept for so many seconds in each web process, so that being asked often costs nothing more.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

# A folder below OE_VAR for each process that counts, in which prometheus-client keeps what its children count.
FOLDER = "metrics"

# Each source, and for how many seconds its answer is good.
SOURCES = (
    ("openempathic.metrics.house.gauges", 5),
    ("contributions.metrics.queues", 10),
    ("contributions.metrics.acts", 30),
    ("contributions.metrics.clips", 120),
    ("training.metrics.gauges", 10),
)


@dataclass
class Gauge:
    """One figure by the values of its labels; `about` is what it says, with its unit."""

    name: str
    about: str
    labels: tuple[str, ...] = ()
    values: dict[tuple[str, ...], float] = field(default_factory=dict)

    def say(self, value: float | None, *labels: str) -> None:
        """Note a value; None is not known, and then nothing is said."""
        if value is not None:
            self.values[labels] = float(value)


Gauges = Iterable[Gauge]


def folder_of(process: str, *, var: Path) -> Path:
    """Where the process of that name (web@host, say) keeps what it counts."""
    return var / FOLDER / process.replace("/", "-")
