"""The doubt of a figure: intervals from drawing speakers again and again, for any figure made of sums over clips.

Clips of one voice are alike, so whole speakers are drawn (a cluster bootstrap): an interval over clips would be far too
sure of itself. With S speakers the percentiles are opened to those of Student's t with S - 1 degrees of freedom
(Hesterberg 2015, "expanded percentile"), without which nine speakers are covered 89 times in a hundred instead of 95.
Fewer than five speakers can be drawn in too few ways: there the clips of each drawn speaker are drawn as well, which
errs on the wide side. Of one speaker only clips can be drawn; `over` says so.

What is alike is drawn together: of clips that add the same to every sum it is enough to draw how many of them come,
which is one number a kind instead of one a clip. The chances are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtrit

Statistic = Callable[[np.ndarray], np.ndarray]  # sums (draws, columns) to one figure a draw (draws,)

FEW_SPEAKERS = 5
CONFIDENCE = 0.95
# Drawn at once: 32 MB of weights, whatever the number of clips.
WEIGHTS_AT_ONCE = 4_000_000
# How many of a kind come is dearer to draw than which clip comes: about so many times.
COUNT_COSTS = 6


@dataclass(frozen=True)
class Drawn:
    """The figure in every draw that gave one, and of how many units (speakers, or the clips of one) it was drawn."""

    values: np.ndarray
    units: int
    speakers: int
    draws: int

    def low(self, tail: float) -> float | None:
        """What the figure lies under with at most this chance; None when no draw gave it."""
        return float(np.quantile(self.values, expanded(tail, self.units))) if len(self.values) else None

    def high(self, tail: float) -> float | None:
        """What the figure lies above with at most this chance; None when no draw gave it."""
        return float(np.quantile(self.values, 1 - expanded(tail, self.units))) if len(self.values) else None

    def least(self, tail: float) -> float | None:
        """The more cautious of low() and the bound by Student's t: what a decision may rest on.

        Five speakers can be drawn in few ways, and the percentiles alone let 55 of 1,000 equals pass instead of 25.
        """
        low, by_t = self.low(tail), self._by_t(tail)
        return low if low is None or by_t is None else min(low, by_t)

    def most(self, tail: float) -> float | None:
        """The same of high()."""
        high, by_t = self.high(tail), self._by_t(1 - tail)
        return high if high is None or by_t is None else max(high, by_t)

    def _by_t(self, tail: float) -> float | None:
        if self.error is None or self.speakers < FEW_SPEAKERS:
            return None
        return float(self.values.mean() - stdtrit(self.units - 1, 1 - tail) * self.error)

    @property
    def error(self) -> float | None:
        """The standard error: of a few units the draws differ less than the figure does, by sqrt((n - 1) / n)."""
        if len(self.values) < 2 or self.units < 2:
            return None
        return float(self.values.std() * np.sqrt(self.units / (self.units - 1)))

    @property
    def over(self) -> str:
        """What was drawn, in words."""
        if self.speakers == 1:
            return "clips of one speaker"
        return "speakers, then clips" if self.speakers < FEW_SPEAKERS else "speakers"


def drawn(columns: np.ndarray, speakers: Sequence[str], statistic: Statistic, *, draws: int, seed: int = 0) -> Drawn:
    """`statistic`, which turns the sums of `columns` (clips, columns) into a figure, in that many draws."""
    rows = np.asarray(columns, dtype=float)
    names, owner = np.unique(np.array(speakers), return_inverse=True)
    values = np.concatenate([statistic(sums) for sums in _drawn(rows, owner, len(names), draws, seed)])
    units = len(names) if len(names) > 1 else len(rows)
    return Drawn(values[np.isfinite(values)], units, len(names), draws)


def interval(
    columns: np.ndarray, speakers: Sequence[str], statistic: Statistic, *, draws: int, seed: int = 0
) -> dict[str, object]:
    """The 95 % interval of `statistic`; `low` and `high` are None when no draw gives the figure at all."""
    told = drawn(columns, speakers, statistic, draws=draws, seed=seed)
    tail = (1 - CONFIDENCE) / 2
    return {
        "low": told.low(tail),
        "high": told.high(tail),
        "over": told.over,
        "speakers": told.speakers,
        "draws": draws,
    }


def mean_interval(values: np.ndarray, speakers: Sequence[str], *, draws: int, seed: int = 0) -> dict[str, object]:
    """The interval of a plain mean over clips, of `values` (clips,)."""
    columns = np.stack([np.asarray(values, dtype=float), np.ones(len(values))], axis=1)
    return interval(columns, speakers, lambda sums: sums[:, 0] / sums[:, 1], draws=draws, seed=seed)


def expanded(tail: float, units: int) -> float:
    """The tail of the draws that stands for this tail of the figure, when so many units were drawn."""
    if units < 2:
        return tail
    quantile = stdtrit(units - 1, 1 - tail) * np.sqrt(units / (units - 1))
    return float(ndtr(-quantile))


def _drawn(rows: np.ndarray, owner: np.ndarray, speakers: int, draws: int, seed: int) -> Iterator[np.ndarray]:
    """Sums (some draws, columns) of what was drawn, until there were enough."""
    random = np.random.default_rng(seed)
    if speakers == 1:
        units = [_Kinds.of(rows)]
    elif speakers < FEW_SPEAKERS:
        units = [_Kinds.of(rows[owner == speaker]) for speaker in range(speakers)]
    else:
        # One column after another: a matrix of who speaks what would be as large as all the weights.
        units = [_Kinds.of(np.stack([np.bincount(owner, column, speakers) for column in rows.T], axis=1))]
    at_once = max(1, WEIGHTS_AT_ONCE // max(sum(kinds.cost for kinds in units), 1))
    for start in range(0, draws, at_once):
        count = min(at_once, draws - start)
        yield _sums(random, units[0], count) if len(units) == 1 else _sums_in_two_stages(random, units, count)


@dataclass(frozen=True)
class _Kinds:
    """What can be drawn: its different rows (kinds, columns), and how many there are of each."""

    rows: np.ndarray
    counts: np.ndarray
    are_alike: bool

    @classmethod
    def of(cls, rows: np.ndarray) -> _Kinds:
        different, counts = np.unique(rows, axis=0, return_counts=True)
        if len(different) * COUNT_COSTS <= len(rows):
            return cls(different, counts, are_alike=True)
        return cls(rows, np.ones(len(rows), dtype=int), are_alike=False)

    @property
    def cost(self) -> int:
        return len(self.rows)


def _sums(random: np.random.Generator, units: _Kinds, draws: int) -> np.ndarray:
    """Sums (draws, columns) of as many units as there are, drawn with replacement."""
    kinds, all_units = len(units.rows), int(units.counts.sum())
    if units.are_alike:
        return random.multinomial(all_units, units.counts / all_units, size=draws) @ units.rows
    chosen = random.integers(kinds, size=(draws, kinds))
    flat = (chosen + np.arange(draws)[:, None] * kinds).ravel()
    return np.bincount(flat, minlength=draws * kinds).reshape(draws, kinds) @ units.rows


def _sums_in_two_stages(random: np.random.Generator, units: Sequence[_Kinds], draws: int) -> np.ndarray:
    sums = np.zeros((draws, units[0].rows.shape[1]))
    for slot in random.integers(len(units), size=(draws, len(units))).T:
        for speaker, own in enumerate(units):
            chosen = np.flatnonzero(slot == speaker)
            sums[chosen] += _sums(random, own, len(chosen))
    return sums
