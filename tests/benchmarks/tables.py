"""The pass in tables that a person can check: what was called unusable or warned of, and of whom."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from contributions.screening.rules import Finding
from tests.benchmarks.screened import Screened

SHOWN = ("duration_seconds", "speech_seconds", "silero_speech_seconds", "peak_dbfs", "clipped_ratio", "snr_db")


@dataclass(frozen=True)
class Judged:
    """A take and what follows; `under` is what it is called in a table where that is not its kind."""

    screened: Screened
    finding: Finding
    under: str = ""

    @property
    def kind(self) -> str:
        """What it is called in a table."""
        return self.under or self.screened.take.kind

    @property
    def is_noticed(self) -> bool:
        """Whether it is unusable, or at least warned of."""
        return bool(self.finding.reason or self.finding.warnings)


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; numbers stand right."""
    rows = [[f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows]
    lines = ["| " + " | ".join(cells) + " |" for cells in [list(head), *rows]]
    lines.insert(1, "|" + "|".join(" --- " if n == 0 else " ---: " for n in range(len(head))) + "|")
    return "\n".join(lines) + "\n"


def percent(part: int, whole: int) -> str:
    """A share, with one digit more where it is small."""
    share = 100 * part / max(whole, 1)
    return f"{share:.2f} %" if 0 < share < 1 else f"{share:.1f} %"


def grouped(judged: Iterable[Judged], by: Callable[[Judged], object]) -> dict[object, list[Judged]]:
    """The takes by what the function says of them, in the order met."""
    groups: dict[object, list[Judged]] = defaultdict(list)
    for one in judged:
        groups[by(one)].append(one)
    return groups


def consequences(judged: Iterable[Judged], by: Callable[[Judged], object], *, what: str) -> str:
    """For each group: how many are unusable, how many warned of, how many pass, and of what."""
    rows = []
    for name, group in grouped(judged, by).items():
        unusable = sum(not one.finding.is_usable for one in group)
        warned = sum(one.finding.is_usable and one.is_noticed for one in group)
        rows.append((name, len(group), percent(unusable, len(group)), percent(warned, len(group)),
                     percent(unusable + warned, len(group)), reasons(group)))  # fmt: skip
    return markdown((what, "clips", "unusable", "warned of", "either", "of what"), rows)


def reasons(group: Iterable[Judged]) -> str:
    """Every reason with its count, the commonest first; those of unusable clips in bold."""
    counts: Counter[str] = Counter()
    for one in group:
        counts.update([f"**{one.finding.reason}**"] if one.finding.reason else one.finding.warnings)
    return ", ".join(f"{reason} {count}" for reason, count in counts.most_common())


def listed(judged: Iterable[Judged]) -> str:
    """Each take with its reason and its measures, for somebody to listen to."""
    rows = [
        (one.screened.take.base.name, one.screened.detail, one.finding.reason or ", ".join(one.finding.warnings) or "-",
         *(short(one.screened.measures.get(name)) for name in SHOWN))
        for one in judged
    ]  # fmt: skip
    return markdown(("clip", "made", "reason", *SHOWN), rows) if rows else "None.\n"


def short(value: object) -> str:
    """A measure in few digits."""
    return f"{value:.3g}" if isinstance(value, int | float) else str(value if value is not None else "-")
