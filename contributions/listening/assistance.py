"""What the model's suggestions are worth to listeners, and what they do to them: two figures for every language.

Accuracy: how often the first suggestion for a clip is what the blind answers later came to, by emotion. Nobody had seen
a suggestion when they gave a blind answer, so none of them is moved by it.

Bias: of those whose blind answer was another than the suggestion, the share that moved to it after they had seen it,
minus the share that moved to it when they were asked again without it. Who sees it is drawn by lot when the turn
begins; everybody who was drawn is counted, also who left the step unanswered, so that leaving tells nothing.
What it does not know: whether those who moved were right to.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils import timezone

from contributions.listening.intervals import Share, newcombe, share, student
from contributions.models import Arm, Clip, Figure, Rating, RatingTurn, Suggestion
from openempathic.pieces import in_pieces
from openempathic.registry.models import Checkpoint

FIGURE = "assistance"
# Fewer blind answers make no consensus to hold a suggestion against.
ENOUGH = 3
# Clips looked at for one figure, the newest, so that it costs the same on a site of any age.
CLIPS_LOOKED_AT = 20_000
# An emotion with fewer clips is not told by itself: whoever reads it may still be asked to hear one of them blindly.
FEWEST_TOLD = 5


@dataclass(frozen=True)
class Asked:
    """A step after a blind answer that was not what the model had suggested: by whom, seen or not, moved or not."""

    rater: int
    is_shown: bool
    has_moved: bool


@dataclass(frozen=True)
class Bias:
    """Moves to the suggestion where it was shown and where not, and their difference with its 95 % interval."""

    shown: Share
    hidden: Share
    raters: int
    difference: float | None
    low: float | None
    high: float | None

    def facts(self) -> dict[str, Any]:
        """As a figure keeps it."""
        told = {"shown": self.shown.facts(), "hidden": self.hidden.facts(), "raters": self.raters}
        return told | {"difference": self.difference, "low": self.low, "high": self.high}


def bias(asked: Sequence[Asked]) -> Bias:
    """The bias with the wider of two intervals; all null where either arm is empty.

    Newcombe's holds for few answers and shares near 0; the other takes the answers of one listener as a cluster
    (linearised, Student's t over listeners), since people differ in how readily they follow.
    """
    shown = [each for each in asked if each.is_shown]
    hidden = [each for each in asked if not each.is_shown]
    seen, unseen = share(moved(shown), len(shown)), share(moved(hidden), len(hidden))
    raters = len({each.rater for each in asked})
    if seen.share is None or unseen.share is None:
        return Bias(seen, unseen, raters, None, None, None)
    difference = seen.share - unseen.share
    low, high = newcombe(seen.count, seen.of, unseen.count, unseen.of)
    half = clustered(asked, seen, unseen, raters)
    return Bias(seen, unseen, raters, difference, min(low, difference - half), max(high, difference + half))


def moved(asked: Iterable[Asked]) -> int:
    """How many moved to the suggestion."""
    return sum(each.has_moved for each in asked)


def clustered(asked: Sequence[Asked], seen: Share, unseen: Share, raters: int) -> float:
    """Half of the interval of the difference with listeners as clusters; 0 for one alone, of whom nothing follows."""
    if raters < 2:
        return 0.0
    pulls: dict[int, float] = defaultdict(float)
    for each in asked:
        arm, sign = (seen, 1) if each.is_shown else (unseen, -1)
        pulls[each.rater] += sign * (each.has_moved - (arm.share or 0.0)) / arm.of
    spread = raters / (raters - 1) * sum(pull * pull for pull in pulls.values())
    return student(raters - 1) * math.sqrt(spread)


def reckon(language: str) -> Figure:
    """Write the language's figure from the ratings as they stand; an empty tag is all languages together.

    Its content: `enough` (answers that make a consensus), `accuracy` (a share) with `emotions` (shares by consensus,
    the most frequent first), `bias`, and `has_seed`, whether the seed head made any of the suggestions.
    """
    content = {
        "enough": ENOUGH,
        **accuracy(language),
        "bias": bias(list(steps(language))).facts(),
        "has_seed": has_seed(language),
    }
    figure, _is_new = Figure.objects.update_or_create(
        name=FIGURE, language=language, defaults={"content": content, "reckoned_at": timezone.now()}
    )
    return figure


def reckon_all() -> int:
    """Write the figure of every language that has blind answers, and of all together; returns how many."""
    languages = ["", *languages_with_suggestions()]
    for language in languages:
        reckon(language)
    return len(languages)


def languages_with_suggestions() -> list[str]:
    """The languages whose clips a model has heard."""
    made = Suggestion.objects.filter(scores__isnull=False, clip=OuterRef("pk"))
    heard = Clip.objects.live().filter(Exists(made)).order_by()
    return sorted(heard.values_list("language", flat=True).distinct())


def has_seed(language: str) -> bool:
    """Whether the seed head made any of the suggestions: then its licence is told beside the figure."""
    made = Suggestion.objects.filter(clip__in=of_language(language), scores__isnull=False)
    return made.filter(checkpoint__status=Checkpoint.Status.SEED).exists()


def accuracy(language: str) -> dict[str, Any]:
    """How often the first suggestion is the later consensus."""
    right: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for consensus, suggested in judged(language):
        of[consensus] += 1
        right[consensus] += consensus == suggested
    told = [(name, times) for name, times in of.most_common() if times >= FEWEST_TOLD]
    emotions = [{"emotion": name, **share(right[name], times).facts()} for name, times in told]
    return {"accuracy": share(right.total(), of.total()).facts(), "emotions": emotions}


def judged(language: str) -> Iterator[tuple[str, str]]:
    """Consensus and first suggestion of each clip that has both; the suggestion is older than the last answer."""
    clips = of_language(language).order_by("-stored_at").values_list("pk", flat=True)
    made = Suggestion.objects.filter(scores__isnull=False, clip=OuterRef("pk"))
    found = list(clips.filter(Exists(made))[:CLIPS_LOOKED_AT])
    for ids in in_pieces(found):
        answers: dict[UUID, list[tuple[str, datetime]]] = defaultdict(list)
        counting = Rating.objects.counting().filter(clip__in=ids, is_usable=True)
        for clip, emotion, at in counting.values_list("clip", "emotion", "rated_at"):
            answers[clip].append((emotion, at))
        for clip, (suggested, at) in first_suggestions(ids).items():
            heard = answers.get(clip, [])
            consensus = agreed([emotion for emotion, _ in heard])
            if consensus and at <= max(moment for _, moment in heard):
                yield consensus, suggested


def first_suggestions(ids: Sequence[UUID]) -> Mapping[UUID, tuple[str, datetime]]:
    """What was heard first in each clip, and when: before any model can have learned from it."""
    made = Suggestion.objects.filter(clip__in=ids, scores__isnull=False, made_at__isnull=False)
    told: dict[UUID, tuple[str, datetime]] = {}
    for clip, emotion, at in made.order_by("-made_at").values_list("clip", "emotion", "made_at"):
        if at:
            told[clip] = (emotion, at)
    return told


def agreed(votes: Sequence[str]) -> str:
    """What most of them heard; empty where they are fewer than ENOUGH, or two answers lead."""
    ranked = Counter(votes).most_common(2)
    if len(votes) < ENOUGH or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return ""
    return ranked[0][0]


def steps(language: str) -> Iterator[Asked]:
    """Every step after a counting blind answer that differed from what the model had suggested by then."""
    blind = Rating.objects.counting().filter(clip=OuterRef("clip"), rater=OuterRef("rater"), is_usable=True)
    turns = RatingTurn.objects.exclude(arm="").filter(Exists(blind), clip__in=of_language(language))
    found = list(turns.order_by("-opened_at").values_list("clip", "rater", "arm")[:CLIPS_LOOKED_AT])
    for some in in_pieces(found):
        ids = {clip for clip, _, _ in some}
        first, second = answers_to(ids)
        made = suggestions_for(ids)
        for clip, rater, arm in some:
            answer, at = first[clip, rater]
            suggested = newest_by(made.get(clip, []), at)
            if suggested and suggested != answer:
                yield Asked(rater, arm == Arm.SHOWN, second.get((clip, rater)) == suggested)


def answers_to(ids: Iterable[UUID]) -> tuple[dict[Any, tuple[str, datetime]], dict[Any, str]]:
    """By clip and rater: the blind answer and its moment, and what they answered in the step after it."""
    standing = Rating.objects.standing().filter(clip__in=list(ids), is_usable=True).order_by("rated_at")
    first: dict[Any, tuple[str, datetime]] = {}
    second: dict[Any, str] = {}
    for clip, rater, phase, emotion, at, arm in standing.values_list(
        "clip", "rater", "phase", "emotion", "rated_at", "arm"
    ):
        if phase == Rating.Phase.BLIND:
            first[clip, rater] = (emotion, at)
        elif arm:
            second[clip, rater] = emotion
    return first, second


def suggestions_for(ids: Iterable[UUID]) -> Mapping[UUID, list[tuple[datetime, str]]]:
    """What was suggested for each clip, and when, the oldest first."""
    made = Suggestion.objects.filter(clip__in=list(ids), scores__isnull=False, made_at__isnull=False)
    told: dict[UUID, list[tuple[datetime, str]]] = defaultdict(list)
    for clip, at, emotion in made.order_by("made_at").values_list("clip", "made_at", "emotion"):
        if at:
            told[clip].append((at, emotion))
    return told


def newest_by(made: Sequence[tuple[datetime, str]], at: datetime) -> str:
    """The last suggestion that was there at the moment: what is shown, or would have been; empty for none."""
    return next((emotion for moment, emotion in reversed(made) if moment <= at), "")


def of_language(language: str) -> Any:
    """The live clips of the language; of all where it is empty."""
    clips = Clip.objects.live()
    return clips.filter(language=language) if language else clips
