"""Agreement: Krippendorff's alpha, with an interval, of a language, of each emotion and of listeners of one background.

Alpha is 1 where all agree and 0 where they agree no more than chance would have them. All it needs of the answers is
how often each value stands beside each other one in a clip; the interval draws clips with replacement.
Krippendorff, Content Analysis (2004), chapter 11: below 0.667 no conclusion holds, and with us it is the guideline that
is asked first, not the listeners.

Workers only. `other` and `cannot_tell` are left out: two who have no word for it do not agree about anything. So are
answers to gold items, which were chosen because many agree on them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from contributions.listening import labels
from contributions.models import Clip, Contributor, CurrentConsent, Figure, NativeSpeaker, Purpose, Rating
from contributions.models.rating import SCALE

FIGURE = "agreement"
# Krippendorff's own bound for the most tentative of conclusions.
DEPENDABLE = 0.667
DRAWS, SEED = 1000, 20261123
# Fewer listeners of a background, and what is said of them would be said of one.
LISTENERS_TO_HIDE_AMONG = 5
CLIPS_AT_ONCE = 4096
INTENSITIES = range(4)

# From the totals of each value (..., values) to how far apart each two are (..., values, values).
Distance = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Heard:
    """One answer: what it says of which clip, and who gave it."""

    clip: Any
    rater: int | None
    emotion: str
    intensity: int | None = None
    valence: int | None = None
    arousal: int | None = None
    dominance: int | None = None


@dataclass(frozen=True)
class Pairs:
    """How often each value stands beside each other one, clip by clip: only what is not nothing, entry by entry."""

    clips: np.ndarray  # (entries)
    cells: np.ndarray  # (entries), value * values + other value
    amounts: np.ndarray  # (entries)
    values: int
    clip_count: int
    rating_count: int

    def total(self, weights: np.ndarray | None = None) -> np.ndarray:
        """The coincidences (values, values), each clip counted as often as the weights (clips) say."""
        amounts = self.amounts if weights is None else self.amounts * weights[self.clips]
        return np.bincount(self.cells, amounts, self.values**2).reshape(self.values, self.values)

    def drawn(self, draws: int, rng: np.random.Generator) -> np.ndarray:
        """The coincidences of as many clips drawn with replacement: (draws, values, values)."""
        many = self.clip_count
        return np.stack([self.total(np.bincount(rng.integers(many, size=many), minlength=many)) for _n in range(draws)])


def paired(answers: Iterable[tuple[Any, int]], values: int) -> Pairs:
    """The coincidences of these values, 0 to `values` - 1, in these clips; a clip that one heard says nothing."""
    places: dict[Any, int] = {}
    said = np.array([(places.setdefault(clip, len(places)), value) for clip, value in answers], dtype=int)
    said = said.reshape(-1, 2)
    given = np.zeros((len(places), values))
    np.add.at(given, (said[:, 0], said[:, 1]), 1)
    given = given[given.sum(axis=1) > 1]  # (clips, values)
    entries: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for start in range(0, len(given), CLIPS_AT_ONCE):
        some = given[start : start + CLIPS_AT_ONCE]
        beside = some[:, :, None] * some[:, None, :] - some[:, :, None] * np.eye(values)
        beside /= some.sum(axis=1)[:, None, None] - 1
        clips, value, other = np.nonzero(beside)
        entries.append((clips + start, value * values + other, beside[clips, value, other]))
    clips, cells, amounts = (np.concatenate(column) for column in zip(*entries, strict=True)) if entries else NOTHING
    return Pairs(clips, cells, amounts, values, len(given), int(given.sum()))


NOTHING = (np.zeros(0, dtype=int), np.zeros(0, dtype=int), np.zeros(0))


def nominal(totals: np.ndarray) -> np.ndarray:
    """Values are alike or not."""
    return np.broadcast_to(1 - np.eye(totals.shape[-1]), (*totals.shape, totals.shape[-1]))


def interval(totals: np.ndarray) -> np.ndarray:
    """Values are as far apart as their numbers."""
    numbers = np.arange(totals.shape[-1])
    return np.broadcast_to((numbers[:, None] - numbers) ** 2.0, (*totals.shape, totals.shape[-1]))


def ordinal(totals: np.ndarray) -> np.ndarray:
    """Values are as far apart as there are answers between them."""
    ranks = np.cumsum(totals, axis=-1) - totals / 2
    return (ranks[..., :, None] - ranks[..., None, :]) ** 2


def alpha(coincidences: np.ndarray, distance: Distance = nominal) -> np.ndarray:
    """Krippendorff's alpha of coincidences (..., values, values); NaN where only one value was ever given."""
    totals = coincidences.sum(axis=-1)  # (..., values)
    apart = distance(totals)
    observed = (coincidences * apart).sum(axis=(-2, -1))
    expected = (totals[..., :, None] * totals[..., None, :] * apart).sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - (totals.sum(axis=-1) - 1) * observed / expected, np.nan)


def one_against_the_rest(coincidences: np.ndarray, value: int) -> np.ndarray:
    """The coincidences (..., 2, 2) of one value and all others together."""
    both = coincidences[..., value, value]
    mixed = coincidences[..., value, :].sum(axis=-1) - both
    rest = coincidences.sum(axis=(-2, -1)) - both - 2 * mixed
    return np.stack([np.stack([both, mixed], axis=-1), np.stack([mixed, rest], axis=-1)], axis=-2)


def told(value: float, draws: np.ndarray, *, clips: int, ratings: int) -> dict[str, Any]:
    """One alpha as a figure holds it: null where it is not defined, marked where nothing should be built on it."""
    if not np.isfinite(value):
        return {"alpha": None, "low": None, "high": None, "clips": clips, "ratings": ratings, "is_low": False}
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    numbers = {"alpha": round(float(value), 4), "low": round(float(low), 4), "high": round(float(high), 4)}
    return {**numbers, "clips": clips, "ratings": ratings, "is_low": bool(value < DEPENDABLE)}


def measured(pairs: Pairs, distance: Distance = nominal, *, draws: int = DRAWS) -> dict[str, Any]:
    """Alpha with its interval."""
    drawn = alpha(pairs.drawn(draws, np.random.default_rng(SEED)), distance)
    return told(float(alpha(pairs.total(), distance)), drawn, clips=pairs.clip_count, ratings=pairs.rating_count)


def agreement_of(answers: Sequence[Heard], backgrounds: dict[str, dict[str, set[int]]]) -> dict[str, Any]:
    """What the figure of a language says; `backgrounds` is by kind and group who belongs to it."""
    named = [heard for heard in answers if heard.emotion not in labels.NOT_AN_EMOTION]
    emotions = sorted({heard.emotion for heard in named})
    overall, by_emotion = of_emotions(named, emotions)
    return {
        "overall": overall,
        "by_emotion": by_emotion,
        "by_background": {
            kind: {
                name: of_emotions(some, emotions)[0]
                for name, members in sorted(groups.items())
                if is_many(some := [heard for heard in named if heard.rater in members])
            }
            for kind, groups in sorted(backgrounds.items())
        },
        "by_dimension": {
            "intensity": of_scale(answers, "intensity", INTENSITIES, ordinal),
            **{
                name: of_scale(answers, name, range(SCALE[0], SCALE[1] + 1), interval)
                for name in ("valence", "arousal", "dominance")
            },
        },
    }


def is_many(answers: Sequence[Heard]) -> bool:
    """Whether enough different people gave them."""
    return len({heard.rater for heard in answers}) >= LISTENERS_TO_HIDE_AMONG


def of_emotions(answers: Sequence[Heard], emotions: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Alpha over all emotions, and of each against the rest, from the same drawn clips."""
    places = {emotion: place for place, emotion in enumerate(emotions)}
    pairs = paired(((heard.clip, places[heard.emotion]) for heard in answers), max(1, len(emotions)))
    every, drawn = pairs.total(), pairs.drawn(DRAWS, np.random.default_rng(SEED))
    counted = {"clips": pairs.clip_count, "ratings": pairs.rating_count}
    overall = told(float(alpha(every)), alpha(drawn), **counted)
    each = {}
    for emotion, place in places.items():
        own, others = one_against_the_rest(every, place), one_against_the_rest(drawn, place)
        # Of all the clips, since not to name it is an answer too; of the ratings those that name it.
        each[emotion] = told(float(alpha(own)), alpha(others), clips=pairs.clip_count, ratings=round(own[0].sum()))
    return overall, each


def of_scale(answers: Sequence[Heard], name: str, scale: Sequence[int], distance: Distance) -> dict[str, Any]:
    """Alpha of one number among those who gave it."""
    said = [(heard.clip, getattr(heard, name) - scale[0]) for heard in answers if getattr(heard, name) is not None]
    return measured(paired(said, len(scale)), distance)


def recompute(language: str, *, at: datetime) -> None:
    """Measure the language's agreement anew, and keep it for the dashboards."""
    answers = answers_in(language)
    raters = {heard.rater for heard in answers if heard.rater is not None}
    content = agreement_of(answers, backgrounds_of(raters, language))
    Figure.objects.update_or_create(name=FIGURE, language=language, defaults={"content": content, "reckoned_at": at})


def answers_in(language: str) -> list[Heard]:
    """Every usable answer that counts, on clips of the language that nobody withdrew, but for gold."""
    clips = Clip.objects.live().filter(language=language)
    counting = (
        Rating.objects.counting().filter(is_usable=True, is_gold=False, clip__in=clips).order_by("rated_at", "pk")
    )
    columns = ("clip_id", "rater_id", "emotion", "intensity", "valence", "arousal", "dominance")
    return [Heard(*row) for row in counting.values_list(*columns).iterator(chunk_size=5000)]


def backgrounds_of(raters: set[int], language: str) -> dict[str, dict[str, set[int]]]:
    """Who grew up with the language, and gender and age of those who allow it, by account."""
    native = set(NativeSpeaker.objects.filter(language=language).values_list("person_id", flat=True)) & raters
    groups: dict[str, dict[str, set[int]]] = {
        "native": {"declared": native, "not_declared": raters - native},
        "gender": defaultdict(set),
        "age_band": defaultdict(set),
    }
    allowed = CurrentConsent.objects.filter(
        purpose=Purpose.DEMOGRAPHICS, is_given=True, contributor__user__isnull=False
    )
    facts = Contributor.objects.filter(pk__in=allowed.values("contributor"))
    for person, gender, age_band in facts.values_list("user_id", "gender", "age_band"):
        if person in raters:
            groups["gender"][gender].add(person)
            groups["age_band"][age_band].add(person)
    # What somebody did not say makes no group.
    return {kind: {name: people for name, people in by_name.items() if name} for kind, by_name in groups.items()}
