"""What a release says that was heard: soft labels, captions, and each listener's own answer."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast

from contributions.listening import labels as labelling
from contributions.models import Annotation, ClipLabel, Rating
from openempathic import among  # noqa: F401

# Most answers have neither, and a list that is read as text and is empty need not be decoded.
AS_TEXT = {"further": Cast("secondary_emotions", TextField()), "manners": Cast("styles", TextField())}


class Heard(NamedTuple):
    """What of a rating is asked: no moment, no account's name, and of its words only what makes a caption."""

    clip_id: UUID
    rater_id: int | None
    is_usable: bool
    unusable_reason: str
    emotion: str
    further: str
    intensity: int | None
    valence: int | None
    arousal: int | None
    dominance: int | None
    manners: str
    description: str


class Labelled(Protocol):
    """A clip, or as much of it as labels need."""

    @property
    def pk(self) -> UUID:
        """Its number."""

    @property
    def licence_id(self) -> Any:
        """Set for a clip of a licensed corpus."""

    @property
    def language(self) -> str:
        """What is spoken in it."""


@dataclass(frozen=True)
class Labels:
    """What listeners, or the corpus, say of one clip."""

    emotions: dict[str, float]
    intensity: float | None
    texts: tuple[str, ...]
    method: str = labelling.COUNTS
    weight: float = 1.0
    # The answers that count, each with its listener's account: to be named before anybody reads it.
    ratings: tuple[dict[str, Any], ...] = ()

    @property
    def emotion(self) -> str:
        """The emotion with most of the votes; the first in the alphabet when they are level; empty where none is."""
        return labelling.most_likely(self.emotions)


class Listeners:
    """How far each listener is to be trusted, asked for once a language."""

    def __init__(self) -> None:
        self.known: dict[str, dict[int, float]] = {}

    def of(self, language: str) -> Mapping[int, float]:
        """Their reliabilities, by account."""
        if language not in self.known:
            self.known[language] = labelling.reliabilities(language)
        return self.known[language]


def labels_of(clips: Sequence[Labelled], listeners: Listeners | None = None) -> dict[UUID, Labels]:
    """What is known of each clip: a corpus clip's own annotation, else what its usable ratings that count say."""
    listeners = listeners or Listeners()
    ratings: dict[UUID, list[Heard]] = defaultdict(list)
    estimates: dict[UUID, ClipLabel] = {}
    annotations: dict[UUID, Annotation] = {}
    counting = Rating.objects.counting().filter(clip__pk__among=[clip.pk for clip in clips])
    for row in counting.annotate(**AS_TEXT).order_by("rated_at", "pk").values_list(*Heard._fields):
        rating = Heard(*row)
        ratings[rating.clip_id].append(rating)
    people, licensed = ([clip.pk for clip in clips if bool(clip.licence_id) is is_so] for is_so in (False, True))
    for estimate in ClipLabel.objects.filter(clip__pk__among=people, method=labelling.DAWID_SKENE):
        estimates[estimate.clip_id] = estimate
    for annotation in Annotation.objects.filter(clip__pk__among=licensed, source=Annotation.Source.CORPUS):
        annotations[annotation.clip_id] = annotation
    return {
        clip.pk: annotated(annotations.get(clip.pk), ratings[clip.pk])
        if clip.licence_id
        else heard(ratings[clip.pk], estimate=estimates.get(clip.pk), known=listeners.of(clip.language))
        for clip in clips
    }


def annotated(annotation: Annotation | None, ratings: Iterable[Heard] = ()) -> Labels:
    """The corpus's one emotion; what our listeners said of it changes nothing and is told apart."""
    answers = tuple(map(answer, ratings))
    if annotation is None or annotation.emotion in labelling.NOT_AN_EMOTION:
        return Labels({}, None, (), labelling.CORPUS, ratings=answers)
    return Labels({annotation.emotion: 1.0}, mean_of([annotation.intensity]), (), labelling.CORPUS, ratings=answers)


def heard(ratings: Sequence[Heard], *, estimate: ClipLabel | None, known: Mapping[int, float]) -> Labels:
    """What the ratings say: by the estimate where it was made of as many, else by their counts.

    The weight is how probably one of the listeners is right, as far as their reliabilities are known.
    """
    usable = [rating for rating in ratings if rating.is_usable]
    votes = [rating for rating in usable if rating.emotion not in labelling.NOT_AN_EMOTION]
    method, shares = labelling.COUNTS, counts(tuple(rating.emotion for rating in votes))
    if estimate and votes and estimate.rating_count == len(votes):
        method, shares = labelling.DAWID_SKENE, labelling.learnable(estimate.probabilities)
    texts = tuple(dict.fromkeys(rating.description for rating in usable if rating.description))
    weight = labelling.weight_of([rating.rater_id for rating in votes], known)
    intensity = mean_of([rating.intensity for rating in usable])
    return Labels(shares, intensity, texts, method, weight, tuple(map(answer, ratings)))


# Few listeners in one order gave few answers: the same ones come again and again.
counts = lru_cache(maxsize=10_000)(labelling.counts)


def listed(words: str) -> list[str]:
    """The words of a list in JSON, by the alphabet."""
    return [] if words == "[]" else sorted(json.loads(words))


def mean_of(intensities: list[int | None]) -> float | None:
    """The mean of those who said one; None when nobody did."""
    said = [intensity for intensity in intensities if intensity is not None]
    return round(sum(said) / len(said), 6) if said else None


def answer(rating: Heard) -> dict[str, Any]:
    """One listener's answer as a release tells it: no moment, no pace, and nothing in their own words."""
    return {
        "rater": rating.rater_id,
        "usable": rating.is_usable,
        "why": rating.unusable_reason or None,
        "primary": rating.emotion or None,
        "secondary": listed(rating.further),
        "intensity": rating.intensity,
        "valence": rating.valence,
        "arousal": rating.arousal,
        "dominance": rating.dominance,
        "styles": listed(rating.manners),
    }
