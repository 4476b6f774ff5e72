"""What wants ears: one row a clip that follows every change of it, and the next one for a pair of ears.

Finding the next one costs the same however many wait: among the needs of one priority, which lie in an order drawn by
lot, it begins at a place drawn by lot and takes the first that the listener may hear. Only what they have heard already
lies in between. The model's doubt and the gaps in what was given are those of the last time something happened to the
clip. It does not know whether the listener will answer: a need is held for a while, by one listener at a time.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from contributions import permissions, taxonomy
from contributions.listening import enough, suggested
from contributions.models import (
    Clip,
    ClipReport,
    CoverageCount,
    LicenceGrant,
    ListeningDecision,
    ListeningNeed,
    Purpose,
    Rating,
    RatingTurn,
    Verdict,
)
from contributions.models.contributor import Split
from contributions.models.need import by_lot
from contributions.taxonomy import tags

# The lower, the sooner; room is left between them.
TEST_SIDE, DISAGREEMENT, MODEL_UNSURE, COVERAGE_GAP, UNSETTLED, REST = 0, 10, 20, 30, 40, 50
PRIORITIES = (TEST_SIDE, DISAGREEMENT, MODEL_UNSURE, COVERAGE_GAP, UNSETTLED, REST)
# Of the most that a model can doubt, in shares of entropy: above it the scores are close to a guess.
UNSURE_FROM = 0.75
# How many needs are looked at together: enough that one look nearly always finds one, and more with every look after.
LOOKED_AT = 16
LOOKED_AT_MAX = 2_000
# How often another listener may be faster before we say that nothing waits.
TRIES = 20


@dataclass(frozen=True)
class Need:
    """How many answers a clip wants in all, how many stand, and how soon it should be heard."""

    wanted: int
    given: int
    priority: int

    @property
    def is_open(self) -> bool:
        """Whether another listener is wanted."""
        return self.given < self.wanted


def follow(clip: Clip) -> None:
    """In the act's transaction: make, change or remove the clip's need, as its status and standing answers say now."""
    with transaction.atomic():
        # The lock of every act on a clip: of two that follow it at once the second sees what the first did.
        rows = Clip.objects.select_for_update(of=("self",), no_key=True).select_related("contributor")
        current = rows.get(pk=clip.pk)
        need = reckoned(current)
        if need is None:
            ListeningNeed.objects.filter(pk=clip.pk).delete()
            return
        columns = {
            "language": language_of(current),
            "wanted": need.wanted,
            "given": need.given,
            "priority": need.priority,
            "is_open": need.is_open,
        }
        if not ListeningNeed.objects.filter(pk=clip.pk).update(**columns):
            ListeningNeed.objects.create(clip_id=clip.pk, **columns)


def follow_licence(grant: LicenceGrant) -> None:
    """The licence has ended: nobody is asked for ears for its clips any more."""
    ListeningNeed.objects.filter(clip__licence=grant).delete()


def reckoned(clip: Clip) -> Need | None:
    """What the clip wants: answers on its status in review, on its emotion once accepted; None where it wants none.

    A corpus brought its own labels, which no rating changes: its accepted clips want no ears.
    """
    if clip.status == Clip.Status.IN_REVIEW:
        return for_status(clip, answers_of(clip))
    if clip.status == Clip.Status.ACCEPTED and clip.licence_id is None:
        return for_emotion(clip, answers_of(clip))
    return None


def answers_of(clip: Clip) -> list[tuple[bool, str]]:
    """Usable or not, and the emotion, of every answer that counts, in the order in which they came."""
    counting = clip.ratings.counting().order_by("rated_at", "pk")
    return list(counting.values_list("is_usable", "emotion"))


def for_status(clip: Clip, answers: Sequence[tuple[bool, str]]) -> Need:
    """As many as its language asks for; one more where these are in and it was sent back to be heard again."""
    required, given = ratings_required(clip.language), len(answers)
    wanted = required if given < required else given + 1
    is_disputed = len({is_usable for is_usable, _emotion in answers}) > 1
    return Need(wanted, given, priority_of(clip, votes_in(answers), is_disputed=is_disputed))


def for_emotion(clip: Clip, answers: Sequence[tuple[bool, str]]) -> Need:
    """Three, five or seven who heard an emotion in it, five at least where it measures models."""
    votes = votes_in(answers)
    is_test = clip.contributor.split == Split.TEST
    wanted = enough.wanted(votes, at_least=enough.TEST_SIDE_LEAST if is_test else enough.STEPS[0])
    return Need(wanted, len(votes), priority_of(clip, votes))


def votes_in(answers: Sequence[tuple[bool, str]]) -> list[str]:
    """The emotions that were heard."""
    return [emotion for is_usable, emotion in answers if is_usable]


def ratings_required(language: str) -> int:
    """How many blind answers settle a clip of the language: the last decision on it, else the site's number.

    Another number holds for each clip from its next answer on.
    """
    decided = ListeningDecision.objects.filter(language__in={language, widest(language)}).order_by("-pk")
    required = decided.values_list("ratings_required", flat=True).first()
    return required or settings.RATINGS_REQUIRED


def priority_of(clip: Clip, votes: Sequence[str], *, is_disputed: bool = False) -> int:
    """How soon it should be heard; the first of these that holds."""
    if clip.contributor.split == Split.TEST:
        return TEST_SIDE
    if is_disputed or len(set(votes)) > 1:
        return DISAGREEMENT
    if is_model_unsure(clip):
        return MODEL_UNSURE
    if is_gap(clip):
        return COVERAGE_GAP
    return UNSETTLED if clip.status == Clip.Status.IN_REVIEW else REST


def is_model_unsure(clip: Clip) -> bool:
    """Whether the checkpoint whose suggestion counts was close to guessing."""
    made = suggested.shown(clip.pk)
    return doubt(list(made.scores.values())) >= UNSURE_FROM if made and made.scores else False


def doubt(probabilities: Sequence[float]) -> float:
    """The entropy of the probabilities as a share of the most that so many can have, from 0 to 1."""
    total = sum(probabilities)
    if len(probabilities) < 2 or total <= 0:
        return 0.0
    shares = [each / total for each in probabilities if each > 0]
    return -sum(share * math.log(share) for share in shares) / math.log(len(probabilities))


def is_gap(clip: Clip) -> bool:
    """Whether too few accepted voices gave this feeling in this language, as it was last counted."""
    if not clip.intended_emotion:
        return False
    part = CoverageCount.objects.filter(part=f"{clip.language}/{clip.intended_emotion}")
    accepted = part.values_list("accepted_voices", flat=True).first()
    return accepted is not None and accepted < settings.VOICES_WANTED


def language_of(clip: Clip) -> str:
    """The language by which its listeners are found: of a variety, the language that it is one of."""
    return widest(clip.language)


def widest(tag: str) -> str:
    """The language of ours that the tag is a variety of; itself where we know none."""
    try:
        return tags.listed(tag).tag
    except taxonomy.UnknownLanguage:
        return tag


def take(rater: Any, *, languages: Sequence[str] | None, until: datetime, besides: UUID | None = None) -> UUID | None:
    """Hold the next clip for the listener until then; None where none waits that they may hear.

    None for the languages is every language. `besides` is a clip that they have at hand already.
    """
    for _try in range(TRIES):
        clip_id = found(rater, languages, besides)
        if clip_id is None or hold(clip_id, by=rater, until=until):
            return clip_id
    return None


def hold(clip_id: UUID, *, by: Any, until: datetime) -> bool:
    """Hold the need for the listener, or go on holding it; False where it is not open, or another listener has it."""
    free = ListeningNeed.objects.filter(is_free_for(by), pk=clip_id, is_open=True)
    return free.update(held_by=by, held_until=until) == 1


def let_go(clip_id: UUID, *, by: Any) -> None:
    """The listener holds it no longer, if they did."""
    ListeningNeed.objects.filter(pk=clip_id, held_by=by).update(held_by=None, held_until=None)


def is_held_by_another(clip_id: UUID, rater: Any) -> bool:
    """Whether somebody else listens to it now."""
    held = ListeningNeed.objects.filter(pk=clip_id, held_until__gt=timezone.now())
    return held.exclude(held_by=rater).exists()


def is_free_for(rater: Any) -> Q:
    """Held by nobody, no longer, or by the listener."""
    return Q(held_until=None) | Q(held_until__lte=timezone.now()) | Q(held_by=rater)


def found(rater: Any, languages: Sequence[str] | None, besides: UUID | None) -> UUID | None:
    """The next clip for the listener: from the most urgent lane that has one for them."""
    for lane in lanes(languages):
        draw = by_lot()
        for stretch in (lane.filter(place__gte=draw), lane.filter(place__lt=draw)):
            if clip_id := first_for(rater, stretch, besides):
                return clip_id
    return None


def lanes(languages: Sequence[str] | None) -> Iterator[QuerySet[ListeningNeed]]:
    """The open needs, the most urgent first: one lane for each priority and language, those of a kind in any order."""
    waiting = ListeningNeed.objects.filter(is_open=True)
    # Every lane is one stretch of an index; several languages in one question would be sorted first.
    ours = [waiting] if languages is None else [waiting.filter(language=each) for each in languages]
    nexts = {number: next_priority(needs, -1) for number, needs in enumerate(ours)}
    while some := [(priority, by_lot(), number) for number, priority in nexts.items() if priority is not None]:
        priority, _lot, number = min(some)
        yield ours[number].filter(priority=priority)
        nexts[number] = next_priority(ours[number], priority)


def next_priority(needs: QuerySet[ListeningNeed], after: int | None) -> int | None:
    """The next priority in which any of them waits."""
    later = needs.filter(priority__gt=after).order_by("priority")
    return later.values_list("priority", flat=True).first()


def first_for(rater: Any, stretch: QuerySet[ListeningNeed], besides: UUID | None) -> UUID | None:
    """The first of the stretch that the listener may hear.

    First some by the index alone, then what is to be known of these: so no plan of the database looks at all of them.
    """
    ordered = stretch.filter(is_free_for(rater)).exclude(pk=besides).order_by("place")
    at_most, last = LOOKED_AT, -1.0
    while rows := list(ordered.filter(place__gt=last).values_list("pk", "place")[:at_most]):
        audible = set(audible_among([pk for pk, _place in rows], rater))
        for pk, _place in rows:
            if pk in audible:
                return pk
        last, at_most = rows[-1][1], min(4 * at_most, LOOKED_AT_MAX)
    return None


def audible_among(clip_ids: Sequence[UUID], rater: Any) -> QuerySet[Any, UUID]:
    """Those of the clips that the listener may judge: covered now, not theirs, and unknown to them."""
    ours = Clip.objects.filter(pk__in=clip_ids).covered_by(Purpose.STORE_AND_REVIEW).not_of(rater)
    unknown = ours.exclude(Exists(permissions.like_theirs(rater))).exclude(Exists(answered_by(rater)))
    undecided = unknown.exclude(Exists(revealed_to(rater))).exclude(Exists(decided_by(rater)))
    # Nobody has to hear twice what they thought nobody should hear.
    return undecided.exclude(Exists(reported_by(rater))).values_list("pk", flat=True)


def answered_by(rater: Any) -> QuerySet[Rating]:
    """Answers of theirs on a clip, but those that they took back themselves."""
    return Rating.objects.filter(clip=OuterRef("pk"), rater=rater).exclude(voids__reason="UNDONE")


def revealed_to(rater: Any) -> QuerySet[RatingTurn]:
    """Turns of theirs in which they saw more of a clip than its sound."""
    return RatingTurn.objects.filter(clip=OuterRef("pk"), rater=rater, revealed_at__isnull=False)


def decided_by(rater: Any) -> QuerySet[Verdict]:
    """Verdicts of theirs on a clip."""
    return Verdict.objects.filter(clip=OuterRef("pk"), decided_by=rater)


def reported_by(rater: Any) -> QuerySet[ClipReport]:
    """Reports of theirs on a clip."""
    return ClipReport.objects.filter(clip=OuterRef("pk"), reporter=rater)
