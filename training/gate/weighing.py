"""Whether the candidate is better than the champion, from what both said of the same clips: numbers in, facts out.

The primary figure is the unweighted average recall of the suggestions on the test speakers. All doubt comes from
drawing speakers (training.evaluation.bootstrap), paired: both models are asked about the same draws. It knows no
database, and the same files give the same verdict, to the last digit, on any machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import stdtrit

from training.evaluation import bootstrap, figures
from training.gate import spending

DRAWS = 10_000
POWER = 0.8
# Of a candidate that brings a language: so much of the old languages' recall it may cost, and not credibly more.
NON_INFERIOR_MARGIN = 0.02
# Better on one voice is not better: nothing says how another would fare.
FEWEST_SPEAKERS = 2
# Under so many clips a recall by emotion is a matter of luck.
FEWEST_CLIPS = 20


@dataclass(frozen=True)
class Known:
    """What the site knows and the comparison does not say."""

    candidate_languages: frozenset[str] = frozenset()
    champion_languages: frozenset[str] = frozenset()
    # Test clips of speakers that the champion was trained on: no such clip may weigh for it.
    heard_by_champion: frozenset[str] = frozenset()
    # How often these test speakers were looked at before; spending.py says what for.
    earlier_looks: float = 0.0
    draws: int = DRAWS
    seed: int = 0


@dataclass(frozen=True)
class Heard:
    """Test clips, and what each model says of them among the emotions that may be said."""

    rows: list[Mapping[str, Any]]
    emotions: tuple[str, ...]
    # Of each model (clips, emotions).
    scores: Mapping[str, np.ndarray] = field(repr=False)

    @property
    def truth(self) -> list[str]:
        """What was heard in each clip."""
        return [row["truth"] for row in self.rows]

    @property
    def speakers(self) -> list[str]:
        """Who speaks each clip."""
        return [row["speaker"] for row in self.rows]

    def said(self, model: str) -> list[str]:
        """The likeliest emotion of each clip, as that model would suggest it."""
        return [self.emotions[place] for place in self.scores[model].argmax(axis=1)] if self.rows else []

    def where(self, keep: Sequence[bool] | np.ndarray) -> Heard:
        """The same for some of the clips."""
        chosen = np.flatnonzero(np.asarray(keep, dtype=bool))
        scores = {model: told[chosen] for model, told in self.scores.items()}
        return Heard([self.rows[place] for place in chosen], self.emotions, scores)


def heard(comparison: Mapping[str, Any], known: Known) -> Heard:
    """The clips that can be judged: both models know their emotion, and the champion was trained on no voice of them.

    Emotions that only one of two models knows cannot be said here: as an answer they would count against their model,
    as a truth against the other.
    """
    labels: Mapping[str, list[str]] = comparison["labels"]
    shared = [name for name in labels["candidate"] if all(name in own for own in labels.values())]
    rows = [row for row in comparison["clips"] if row["truth"] in shared and row["key"] not in known.heard_by_champion]
    scores = {}
    for model, own in labels.items():
        told = np.array([row[model] for row in rows], dtype=float).reshape(len(rows), len(own))
        scores[model] = told[:, [own.index(name) for name in shared]]
    return Heard(rows, tuple(shared), scores)


def alone(comparison: Mapping[str, Any]) -> dict[str, Any]:
    """The same comparison as if there were no champion."""
    own = comparison["labels"]["candidate"]
    clips = [row for row in comparison["clips"] if row["truth"] in own]
    return {**comparison, "labels": {"candidate": own}, "clips": clips}


def has_rival(comparison: Mapping[str, Any]) -> bool:
    """Whether there is a champion that can be asked about what the candidate knows."""
    labels = comparison["labels"]
    return "champion" in labels and len(set(labels["candidate"]) & set(labels["champion"])) > 1


def recall(clips: Heard, model: str, known: Known) -> tuple[float, bootstrap.Drawn]:
    """A model's UAR, and in every draw."""
    truth, said = clips.truth, clips.said(model)
    found = np.hstack(figures.cells(truth, said))
    width = found.shape[1] // 2
    drawn = bootstrap.drawn(
        found,
        clips.speakers,
        lambda sums: figures.mean_recall(sums[:, :width], sums[:, width:]),
        draws=known.draws,
        seed=known.seed,
    )
    return figures.uar(truth, said), drawn


def difference(
    truth: Sequence[str], ours: Sequence[str], theirs: Sequence[str], speakers: Sequence[str], known: Known
) -> tuple[float, bootstrap.Drawn]:
    """By how much our UAR is above theirs on the same clips, and in every draw."""
    clips, found = figures.cells(truth, ours)
    columns = np.hstack([clips, found, figures.cells(truth, theirs)[1]])
    width = clips.shape[1]

    def gained(sums: np.ndarray) -> np.ndarray:
        counts, first, second = (sums[:, start : start + width] for start in range(0, 3 * width, width))
        return figures.mean_recall(counts, first) - figures.mean_recall(counts, second)

    drawn = bootstrap.drawn(columns, speakers, gained, draws=known.draws, seed=known.seed)
    return figures.uar(truth, ours) - figures.uar(truth, theirs), drawn


def told(value: float, drawn: bootstrap.Drawn, tail: float) -> dict[str, Any]:
    """A figure with the bounds that it lies beyond with at most that chance on either side."""
    return {"value": value, "low": drawn.least(tail), "high": drawn.most(tail)}


def detectable(drawn: bootstrap.Drawn, tail: float, *, power: float = POWER) -> float | None:
    """The smallest true gain that would pass with this power on these speakers; None where nothing can be said.

    By the spread of the paired draws and Student's t: the bound must clear zero, and the gain the bound.
    """
    if drawn.error is None:
        return None
    freedom = drawn.units - 1
    return float((stdtrit(freedom, 1 - tail) + stdtrit(freedom, power)) * drawn.error)


def against_champion(clips: Heard, known: Known) -> dict[str, Any]:
    """The primary figure, what it could have shown, and the way round it for a candidate that brings a language."""
    tail = spending.tail(known.earlier_looks)
    value, drawn = difference(clips.truth, clips.said("candidate"), clips.said("champion"), clips.speakers, known)
    primary = {
        "figure": "suggestion UAR",
        "candidate": figures.uar(clips.truth, clips.said("candidate")),
        "champion": figures.uar(clips.truth, clips.said("champion")),
        "difference": told(value, drawn, tail),
        "tail": tail,
        "is_better": is_above(drawn.least(tail), 0),
        "smallest_detectable_gain": detectable(drawn, tail),
        "power": POWER,
    }
    return {"primary": primary, "new_languages": new_languages(clips, known, tail)}


def new_languages(clips: Heard, known: Known, tail: float) -> dict[str, Any] | None:
    """Whether a language was gained, above chance, at no credible cost to the old ones; None where none is new."""
    language = np.array([row["language"] for row in clips.rows])
    new = sorted(known.candidate_languages - known.champion_languages)
    gained = [gain(clips.where(language == tag), tag, known, tail / len(new)) for tag in new]
    if not gained:
        return None
    old = clips.where(np.isin(language, sorted(known.champion_languages)))
    cost: dict[str, Any] = {"margin": NON_INFERIOR_MARGIN, "is_non_inferior": False}
    if speaks_enough(old):
        value, drawn = difference(old.truth, old.said("candidate"), old.said("champion"), old.speakers, known)
        cost |= {
            "difference": told(value, drawn, tail),
            "is_non_inferior": is_above(drawn.least(tail), -NON_INFERIOR_MARGIN),
        }
    return {"languages": gained, "old_languages": cost}


def gain(clips: Heard, language: str, known: Known, tail: float) -> dict[str, Any]:
    """Whether the candidate's recall in one language is above chance beyond doubt."""
    if not speaks_enough(clips):
        return {"language": language, "is_gained": False, "clips": len(clips.rows)}
    value, drawn = recall(clips, "candidate", known)
    chance = 1 / len(set(clips.truth))
    return {
        "language": language,
        "recall": told(value, drawn, tail),
        "chance": chance,
        "is_gained": is_above(drawn.least(tail), chance),
        "clips": len(clips.rows),
    }


def first_of_all(clips: Heard, known: Known) -> dict[str, Any]:
    """Without a champion: above chance, and above what a regression makes of log-mel statistics of the same clips."""
    tail = spending.tail(known.earlier_looks)
    value, drawn = recall(clips, "candidate", known)
    chance = 1 / len(set(clips.truth))
    facts: dict[str, Any] = {
        "figure": "suggestion UAR",
        "candidate": told(value, drawn, tail),
        "tail": tail,
        "chance": chance,
        "is_above_chance": is_above(drawn.least(tail), chance),
        "log_mel": None,
        "is_above_log_mel": False,
        "power": POWER,
    }
    if all("log_mel" in row for row in clips.rows):
        log_mel = [row["log_mel"] for row in clips.rows]
        value, drawn = difference(clips.truth, clips.said("candidate"), log_mel, clips.speakers, known)
        facts |= {
            "log_mel": figures.uar(clips.truth, log_mel),
            "difference": told(value, drawn, tail),
            "is_above_log_mel": is_above(drawn.least(tail), 0),
            "smallest_detectable_gain": detectable(drawn, tail),
        }
    return facts


def speaks_enough(clips: Heard) -> bool:
    """Whether there are voices and clips enough, and emotions to tell apart, for a recall to mean anything."""
    return len(clips.rows) >= FEWEST_CLIPS and len(set(clips.speakers)) >= FEWEST_SPEAKERS and len(set(clips.truth)) > 1


def is_above(bound: float | None, least: float) -> bool:
    """Whether the bound is known and above."""
    return bound is not None and bound > least
