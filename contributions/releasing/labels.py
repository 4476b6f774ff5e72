"""What a release says that was heard: soft labels, captions, and each listener's own answer."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from contributions.listening import labels as labelling
from contributions.models import Annotation, ClipLabel, Rating
from openempathic.pieces import in_pieces

# What of a rating is asked of the database: no moment, no account's name, and of its words only what makes a caption.
COLUMNS = (
    *("clip_id", "rater_id", "is_usable", "unusable_reason", "emotion", "secondary_emotions", "intensity"),
    *("valence", "arousal", "dominance", "styles", "description"),
)


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
    ratings: dict[UUID, list[Any]] = defaultdict(list)
    estimates: dict[UUID, ClipLabel] = {}
    annotations: dict[UUID, Annotation] = {}
    for some in in_pieces([clip.pk for clip in clips]):
        counting = Rating.objects.counting().filter(clip__in=some).order_by("rated_at", "pk")
        for rating in counting.values_list(*COLUMNS, named=True):
            ratings[rating.clip_id].append(rating)
    for some in in_pieces([clip.pk for clip in clips if not clip.licence_id]):
        for estimate in ClipLabel.objects.filter(clip__in=some, method=labelling.DAWID_SKENE):
            estimates[estimate.clip_id] = estimate
    for some in in_pieces([clip.pk for clip in clips if clip.licence_id]):
        for annotation in Annotation.objects.filter(clip__in=some, source=Annotation.Source.CORPUS):
            annotations[annotation.clip_id] = annotation
    return {
        clip.pk: annotated(annotations.get(clip.pk), ratings[clip.pk])
        if clip.licence_id
        else heard(ratings[clip.pk], estimate=estimates.get(clip.pk), known=listeners.of(clip.language))
        for clip in clips
    }


def annotated(annotation: Annotation | None, ratings: Iterable[Any] = ()) -> Labels:
    """The corpus's one emotion; what our listeners said of it changes nothing and is told apart."""
    answers = tuple(map(answer, ratings))
    if annotation is None or annotation.emotion in labelling.NOT_AN_EMOTION:
        return Labels({}, None, (), labelling.CORPUS, ratings=answers)
    return Labels({annotation.emotion: 1.0}, mean_of([annotation.intensity]), (), labelling.CORPUS, ratings=answers)


def heard(ratings: Sequence[Any], *, estimate: ClipLabel | None, known: Mapping[int, float]) -> Labels:
    """What the ratings say: by the estimate where it was made of as many, else by their counts.

    The weight is how probably one of the listeners is right, as far as their reliabilities are known.
    """
    usable = [rating for rating in ratings if rating.is_usable]
    votes = [rating for rating in usable if rating.emotion not in labelling.NOT_AN_EMOTION]
    method, shares = labelling.COUNTS, labelling.counts(rating.emotion for rating in votes)
    if estimate and votes and estimate.rating_count == len(votes):
        method, shares = labelling.DAWID_SKENE, labelling.learnable(estimate.probabilities)
    texts = tuple(dict.fromkeys(rating.description for rating in usable if rating.description))
    weight = labelling.weight_of([rating.rater_id for rating in votes], known)
    intensity = mean_of([rating.intensity for rating in usable])
    return Labels(shares, intensity, texts, method, weight, tuple(map(answer, ratings)))


def mean_of(intensities: list[int | None]) -> float | None:
    """The mean of those who said one; None when nobody did."""
    said = [intensity for intensity in intensities if intensity is not None]
    return round(sum(said) / len(said), 6) if said else None


def answer(rating: Any) -> dict[str, Any]:
    """One listener's answer as a release tells it: no moment, no pace, and nothing in their own words."""
    return {
        "rater": rating.rater_id,
        "usable": rating.is_usable,
        "why": rating.unusable_reason or None,
        "primary": rating.emotion or None,
        "secondary": sorted(rating.secondary_emotions),
        "intensity": rating.intensity,
        "valence": rating.valence,
        "arousal": rating.arousal,
        "dominance": rating.dominance,
        "styles": sorted(rating.styles),
    }
