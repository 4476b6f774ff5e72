"""The doubt of a figure: intervals from drawing speakers again and again, for any figure made of sums over clips.

Clips of one voice are alike, so whole speakers are drawn (a cluster bootstrap): an interval over clips would be far too
sure of itself. With S speakers the percentiles are opened to those of Student's t with S - 1 degrees of freedom
(Hesterberg 2015, "expanded percentile"), without which nine speakers are covered 89 times in a hundred instead of 95.
Fewer than five speakers can be drawn in too few ways: there the clips of each drawn speaker are drawn as well, which
errs on the wide side. Of one speaker only clips can be drawn; `over` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from scipy.special import ndtr, stdtrit

Statistic = Callable[[np.ndarray], np.ndarray]  # sums (draws, columns) to one figure a draw (draws,)

FEW_SPEAKERS = 5
CONFIDENCE = 0.95
# Drawn at once: 32 MB of weights, whatever the number of clips.
WEIGHTS_AT_ONCE = 4_000_000


def interval(
    columns: np.ndarray, speakers: Sequence[str], statistic: Statistic, *, draws: int, seed: int = 0
) -> dict[str, object]:
    """The 95 % interval of `statistic`, which turns the sums of `columns` (clips, columns) into a figure.

    `low` and `high` are None when no draw gives the figure at all.
    """
    rows = np.asarray(columns, dtype=float)
    names, owner = np.unique(np.array(speakers), return_inverse=True)
    values = np.concatenate([statistic(sums) for sums in _drawn(rows, owner, len(names), draws, seed)])
    values = values[np.isfinite(values)]
    tail = _tail(len(names) if len(names) > 1 else len(rows))
    low, high = np.quantile(values, [tail, 1 - tail]).tolist() if len(values) else (None, None)
    return {"low": low, "high": high, "over": _over(len(names)), "speakers": len(names), "draws": draws}


def mean_interval(values: np.ndarray, speakers: Sequence[str], *, draws: int, seed: int = 0) -> dict[str, object]:
    """The interval of a plain mean over clips, of `values` (clips,)."""
    columns = np.stack([np.asarray(values, dtype=float), np.ones(len(values))], axis=1)
    return interval(columns, speakers, lambda sums: sums[:, 0] / sums[:, 1], draws=draws, seed=seed)


def _over(speakers: int) -> str:
    if speakers == 1:
        return "clips of one speaker"
    return "speakers, then clips" if speakers < FEW_SPEAKERS else "speakers"


def _tail(drawn: int) -> float:
    if drawn < 2:
        return (1 - CONFIDENCE) / 2
    quantile = stdtrit(drawn - 1, (1 + CONFIDENCE) / 2) * np.sqrt(drawn / (drawn - 1))
    return float(ndtr(-quantile))


def _drawn(rows: np.ndarray, owner: np.ndarray, speakers: int, draws: int, seed: int) -> Iterator[np.ndarray]:
    """Sums (some draws, columns) of what was drawn, until there were enough."""
    random = np.random.default_rng(seed)
    if speakers == 1:
        units = [rows]
    elif speakers < FEW_SPEAKERS:
        units = [rows[owner == speaker] for speaker in range(speakers)]
    else:
        units = [np.stack([np.bincount(owner, column, speakers) for column in rows.T], axis=1)]
    at_once = max(1, WEIGHTS_AT_ONCE // max(len(rows), 1))
    for start in range(0, draws, at_once):
        count = min(at_once, draws - start)
        yield _sums(random, units[0], count) if len(units) == 1 else _sums_in_two_stages(random, units, count)


def _sums(random: np.random.Generator, units: np.ndarray, draws: int) -> np.ndarray:
    """Sums (draws, columns) of as many units as there are, drawn with replacement."""
    chosen = random.integers(len(units), size=(draws, len(units)))
    flat = (chosen + np.arange(draws)[:, None] * len(units)).ravel()
    return np.bincount(flat, minlength=draws * len(units)).reshape(draws, len(units)) @ units


def _sums_in_two_stages(random: np.random.Generator, units: Sequence[np.ndarray], draws: int) -> np.ndarray:
    sums = np.zeros((draws, units[0].shape[1]))
    for slot in random.integers(len(units), size=(draws, len(units))).T:
        for speaker, own in enumerate(units):
            chosen = np.flatnonzero(slot == speaker)
            sums[chosen] += _sums(random, own, len(chosen))
    return sums
