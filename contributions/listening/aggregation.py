"""Aggregation: from what many listeners answered to what was probably heard, and to how far each can be believed.

Dawid and Skene (1979) estimate both at once: a clip's emotion from its listeners, and each listener's confusions from
their clips. Ours is crowd-kit's, with a prior: everybody is taken for the average listener of their language until
their own answers say otherwise, so that five of them prove nothing. Why this one: docs/decisions/0008-aggregation.md.

Workers only. It takes a clip to have one emotion: how far a feeling was mixed, the counts tell. Where most listeners
err alike, it errs with them.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene
from django.db import transaction

from contributions.listening import labels
from contributions.models import Clip, ClipLabel, Figure, Rating
from openempathic.pieces import in_pieces

# Below these the counts are all there is: answers on clips that at least two heard, and people who gave them.
ENOUGH_RATINGS, ENOUGH_RATERS = 200, 3
# How many answers to each emotion the average listener's are worth beside a listener's own.
PRIOR_ANSWERS = 4.0
# So many answers are added to each cell of the average listener: what nobody said yet is not impossible.
UNSAID = 0.1
# The model takes listeners to err each for themselves; where a clip is unclear they err together, and it is too sure.
# To this power its probabilities are about as often right as they say (docs/benchmarks/crowds.md); none changes place.
SHARPNESS = 0.6
ITERATIONS, TOLERANCE = 50, 1e-5
# Everybody whose account is gone listens as one.
SOMEBODY = 0


@dataclass(frozen=True)
class Vote:
    """One answer that names an emotion."""

    clip: UUID
    rater: int | None
    emotion: str


@dataclass(frozen=True)
class Aggregated:
    """What was probably heard in each clip, and how probably each listener names it."""

    probabilities: dict[UUID, dict[str, float]]
    reliabilities: dict[int, float]


class SharedEars(DawidSkene):
    """Dawid-Skene whose confusions are drawn towards those of all listeners together."""

    @staticmethod
    def _m_step(
        data: pd.DataFrame,
        probas: pd.DataFrame,
        initial_error: pd.DataFrame | None = None,
        initial_error_strategy: str | None = None,
    ) -> pd.DataFrame:
        """How each worker answers to each true label: (workers x labels, true labels), columns of a worker sum to 1."""
        told = data.join(probas, on="task").drop(columns="task").groupby(["worker", "label"], sort=False).sum()
        every = pd.MultiIndex.from_product([data["worker"].unique(), probas.columns], names=["worker", "label"])
        workers, width = len(every) // len(probas.columns), len(probas.columns)
        own = told.reindex(every, fill_value=0.0)[probas.columns].to_numpy().reshape(workers, width, width)
        shared = own.sum(axis=0) + UNSAID  # (labels, true labels)
        own = own + PRIOR_ANSWERS * shared / shared.sum(axis=0)
        errors = (own / own.sum(axis=1, keepdims=True)).reshape(workers * width, width)
        return pd.DataFrame(errors, index=every, columns=probas.columns)


def is_enough(votes: Sequence[Vote]) -> bool:
    """Whether there are enough answers, of enough people, on clips that more than one of them heard."""
    listeners = Counter(vote.clip for vote in votes)
    beside = [vote for vote in votes if listeners[vote.clip] > 1]
    return len(beside) >= ENOUGH_RATINGS and len({vote.rater for vote in beside}) >= ENOUGH_RATERS


def aggregated(votes: Sequence[Vote]) -> Aggregated:
    """The estimate from these answers: the same for the same answers in any order."""
    inside = sorted(votes, key=lambda vote: (vote.clip, vote.rater or SOMEBODY, vote.emotion))
    data = pd.DataFrame(
        {
            "task": [str(vote.clip) for vote in inside],
            "worker": [vote.rater or SOMEBODY for vote in inside],
            "label": [vote.emotion for vote in inside],
        }
    )
    with warnings.catch_warnings():
        # crowd-kit 1.4.2 says things in ways that pandas 4 will no longer know, so we stay below that.
        warnings.simplefilter("ignore", DeprecationWarning)
        model = SharedEars(n_iter=ITERATIONS, tol=TOLERANCE).fit(data)
    return Aggregated(probabilities_of(model), reliabilities_of(model))


def probabilities_of(model: Any) -> dict[UUID, dict[str, float]]:
    """Each clip's emotions with a probability worth writing down, no surer than the answers allow."""
    blunted = model.probas_**SHARPNESS
    rows = blunted.div(blunted.sum(axis=1), axis=0).round(4)
    names = [str(name) for name in rows.columns]
    return {
        UUID(task): {name: float(share) for name, share in sorted(zip(names, shares, strict=True)) if share > 0}
        for task, shares in zip(rows.index, rows.to_numpy(), strict=True)
    }


def reliabilities_of(model: Any) -> dict[int, float]:
    """How probably each worker names what a clip is, over emotions as frequent as they are here."""
    frequencies, width = model.priors_, len(model.priors_)
    errors = model.errors_[frequencies.index].to_numpy().reshape(-1, width, width)
    labelled = [label for _worker, label in model.errors_.index[:width]]
    places = [labelled.index(name) for name in frequencies.index]
    right = errors[:, places, np.arange(width)] @ frequencies.to_numpy()
    workers = model.errors_.index.get_level_values("worker")[::width]
    return {int(worker): round(float(share), 4) for worker, share in zip(workers, right, strict=True) if worker}


def recompute(language: str, *, at: datetime) -> int:
    """Make the language's estimate anew and keep it; how many clips have one, none while there is too little."""
    versions = versions_of(language)
    votes = votes_in(language)
    if not is_enough(votes):
        ClipLabel.objects.filter(clip__language=language, method=labels.DAWID_SKENE).delete()
        Figure.objects.filter(name=labels.RELIABILITIES, language=language).delete()
        return 0
    made = aggregated(votes)
    given = Counter(vote.clip for vote in votes)
    fresh = [
        ClipLabel(
            clip_id=clip,
            method=labels.DAWID_SKENE,
            emotion=labels.most_likely(probabilities),
            probabilities=probabilities,
            rating_count=given[clip],
            made_at=at,
        )
        for clip, probabilities in sorted(made.probabilities.items())
    ]
    kept = sum(keep_unchanged(some, versions) for some in in_pieces(fresh))
    content = {
        "method": labels.DAWID_SKENE,
        "ratings": len(votes),
        "clips": len(fresh),
        "raters": {str(rater): share for rater, share in sorted(made.reliabilities.items())},
    }
    Figure.objects.update_or_create(
        name=labels.RELIABILITIES, language=language, defaults={"content": content, "reckoned_at": at}
    )
    return kept


def votes_in(language: str) -> list[Vote]:
    """Every answer that counts and names an emotion, on clips of the language that nobody withdrew."""
    counting = Rating.objects.counting().filter(is_usable=True, clip__in=Clip.objects.live().filter(language=language))
    said = counting.exclude(emotion__in=labels.NOT_AN_EMOTION).values_list("clip_id", "rater_id", "emotion")
    return [Vote(*row) for row in said.iterator(chunk_size=5000)]


def versions_of(language: str) -> dict[UUID, datetime]:
    """When the counts of each clip were made: another moment later means other ratings."""
    counted = ClipLabel.objects.filter(clip__language=language, method=labels.COUNTS)
    return dict(counted.values_list("clip_id", "made_at"))


def keep_unchanged(fresh: list[ClipLabel], versions: dict[UUID, datetime]) -> int:
    """Keep the labels of those clips whose ratings are still the ones that were read; the others wait for another time.

    The rows of the counts are held meanwhile: an answer that is being given comes before us, and is seen, or after,
    and erases what we wrote.
    """
    with transaction.atomic():
        clips = [label.clip_id for label in fresh]
        counted = ClipLabel.objects.select_for_update().filter(clip__in=clips, method=labels.COUNTS).order_by("clip_id")
        unchanged = {pk for pk, made_at in counted.values_list("clip_id", "made_at") if versions.get(pk) == made_at}
        still = [label for label in fresh if label.clip_id in unchanged]
        labels.keep(still)
    return len(still)
