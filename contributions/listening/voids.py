"""Voiding: answers that count no more, each with who said so and why; the answer itself stays as it was given.

One answer is voided at once. All of a listener, or since a day, are an order: the row is committed first, and a worker
carries it out clip by clip, so that a killed one leaves whole clips behind it and the next one goes on. In the
transaction that voids a clip's answer its status, its need, its labels and its gold follow. What it does not undo: what
a release or a checkpoint has already learned; the next one is made without.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contributions import permissions
from contributions.listening import labels, queue, ratings, settling
from contributions.models import Clip, RaterPause, Rating, RatingVoid, Verdict, VoidOrder
from contributions.screening import suspicions
from openempathic import audit, leases
from openempathic.accounts.models import User
from openempathic.pieces import in_pieces

AGENT = "voiding"
# What a person may give as a reason; UNDONE is the listener's own.
REASONS = (RatingVoid.Reason.SPAM, RatingVoid.Reason.CARELESS, RatingVoid.Reason.CONFLICT, RatingVoid.Reason.OTHER)
NOTE_LENGTH = 2000
# Clips that one claim works through before it looks whether the lease is still its own.
CLIPS_AT_ONCE = 25
# Well within the time that a task has.
BATCHES_A_CLAIM = 8
# So many are looked at before an order is given; of more the page tells what follows from these.
FORESEEN = 2000


class NotVoidable(Exception):
    """The answers cannot be voided; the message is for whoever wanted to."""

    text = gettext_noop("These answers cannot be voided.")

    @property
    def message(self) -> str:
        """Why, in the reader's language."""
        return _(self.text)


class MayNotVoid(NotVoidable):
    text = gettext_noop("Only curators void many answers, and moderators one at a time, in their languages.")


class OwnAnswer(NotVoidable):
    text = gettext_noop("These are your own answers: somebody else has to look at them.")


class OwnVoice(NotVoidable):
    text = gettext_noop("This is your own voice: somebody else has to look at the answers to it.")


class NoReason(NotVoidable):
    text = gettext_noop("Please choose a reason and say in a few words what you saw.")


class NothingStands(NotVoidable):
    text = gettext_noop("None of these answers counts any more.")


@dataclass(frozen=True)
class Voided:
    """What was done: how many answers in how many clips, and how many of these wait for listeners again."""

    ratings: int = 0
    clips: int = 0
    back_in_review: int = 0

    def __add__(self, other: "Voided") -> "Voided":
        """What was done twice."""
        return Voided(
            self.ratings + other.ratings, self.clips + other.clips, self.back_in_review + other.back_in_review
        )


@dataclass(frozen=True)
class Foresight:
    """What would follow: answers, clips, statuses and labels as (before, after) with how many clips, changed ones only.

    `is_part` where there are more clips than were looked at.
    """

    ratings: int
    clips: int
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)
    labels: Counter[tuple[str, str]] = field(default_factory=Counter)
    is_part: bool = False

    @property
    def back_in_review(self) -> int:
        """How many clips wait for listeners again."""
        return sum(times for (_before, after), times in self.statuses.items() if after == Clip.Status.IN_REVIEW)


def void(chosen: Iterable[Rating], *, by: Any, reason: str, note: str) -> Voided:
    """Let the answers count no more, clip by clip, each clip whole; those that are void already stay as they are.

    With a blind answer goes what the same listener answered after it. Raises NotVoidable.
    """
    chosen = list(chosen)
    check_reason(reason, note)
    check_may_void(chosen, by)
    return void_clips(chosen, by=by, reason=reason, note=note)


def check_reason(reason: str, note: str) -> None:
    """Raise NoReason without one of the reasons and a note."""
    if reason not in REASONS or not note.strip() or len(note) > NOTE_LENGTH:
        raise NoReason


def check_may_void(chosen: Sequence[Rating], by: Any) -> None:
    """Raise unless the person may void all of these: no answer of theirs, none to their voice, one where no curator."""
    if not permissions.may_curate(by):
        is_one = len({(rating.clip_id, rating.rater_id) for rating in chosen}) == 1
        if not is_one or not permissions.may_moderate_in(by, chosen[0].clip.language):
            raise MayNotVoid
    if any(rating.rater_id == by.pk for rating in chosen):
        raise OwnAnswer
    clips = {rating.clip_id for rating in chosen}
    if Clip.objects.filter(pk__in=clips).not_of(by).count() < len(clips):
        raise OwnVoice


def void_clips(chosen: Sequence[Rating], *, by: Any, reason: str, note: str, order: VoidOrder | None = None) -> Voided:
    """Void the answers, one transaction a clip."""
    by_clip: dict[UUID, list[Rating]] = defaultdict(list)
    for rating in chosen:
        by_clip[rating.clip_id].append(rating)
    told = Voided()
    for clip_id in sorted(by_clip):
        told += void_in_clip(clip_id, by_clip[clip_id], by=by, reason=reason, note=note, order=order)
    return told


def void_in_clip(
    clip_id: UUID, chosen: Sequence[Rating], *, by: Any, reason: str, note: str, order: VoidOrder | None
) -> Voided:
    """Void these answers and whatever their listeners answered after them, and let all that hangs on it follow."""
    same = Q(pk__in=[rating.pk for rating in chosen]) | Q(rater__in={rating.rater_id for rating in chosen} - {None})
    with transaction.atomic():
        # Behind the lock of every act on a clip: an answer that is being kept is counted before or after, never half.
        clip = Clip.objects.select_for_update(no_key=True).get(pk=clip_id)
        standing = list(Rating.objects.standing().filter(same, clip=clip))
        for rating in standing:
            RatingVoid.objects.create(rating=rating, reason=reason, note=note.strip(), voided_by=by)
            facts = {"rating": str(rating.pk), "reason": reason, "order": str(order.pk) if order else ""}
            audit.record("rating.voided", subject=clip, by=by or f"worker:{AGENT}", **facts)
        before = clip.status
        if standing:
            ratings.settle_again(clip, by=by or f"worker:{AGENT}")
            clip.refresh_from_db()
        if order:
            VoidOrder.objects.filter(pk=order.pk).update(voided_count=F("voided_count") + len(standing))
    is_back = before != clip.status == Clip.Status.IN_REVIEW
    return Voided(len(standing), bool(standing), is_back)


def theirs(rater: Any, *, language: str = "", since: datetime | None = None) -> "QuerySet[Rating]":
    """The standing answers of the listener, of a language and since a moment where these are given."""
    given = Rating.objects.standing().filter(rater=rater)
    given = given.filter(clip__language=language) if language else given
    return given.filter(rated_at__gte=since) if since else given


def order(
    rater: Any, *, by: Any, reason: str, note: str, language: str = "", since: datetime | None = None
) -> VoidOrder:
    """Have a worker void all that the listener answered until now; answers to the curator's own voice are left out."""
    check_reason(reason, note)
    if not permissions.may_curate(by):
        raise MayNotVoid
    if rater == by:
        raise OwnAnswer
    if not theirs(rater, language=language, since=since).exists():
        raise NothingStands
    with transaction.atomic():
        made = VoidOrder.objects.create(
            rater=rater, language=language, since=since, reason=reason, note=note.strip(), ordered_by=by,
            next_attempt_at=Now(),
        )  # fmt: skip
        audit.record(
            "ratings.void-ordered", subject=rater, by=by, order=str(made.pk), reason=reason, language=language,
            since=since.isoformat() if since else "",
        )  # fmt: skip
    return made


def carry_out_due(order_id: Any) -> Voided | None:
    """Claim the order and carry out so much of it, the rest is due at once; None when not due or another has it."""
    claim = leases.claim_owed(VoidOrder.objects.all(), order_id, by=AGENT)
    if claim is None:
        return None
    found = VoidOrder.objects.select_related("rater", "ordered_by").get(pk=order_id)
    told = Voided()
    for _batch in range(BATCHES_A_CLAIM):
        some = left_of(found)
        if not some:
            leases.fenced(claim).update(finished_at=Now())
            leases.give_back(claim)
            return told
        told += void_clips(some, by=found.ordered_by, reason=found.reason, note=found.note, order=found)
        leases.heartbeat(claim)
    leases.give_back(claim, retry_in_seconds=0)
    return told


def left_of(found: VoidOrder) -> list[Rating]:
    """The next answers of the order that still stand, of so many clips at once."""
    standing = theirs(found.rater, language=found.language, since=found.since).filter(rated_at__lte=found.ordered_at)
    others = Clip.objects.not_of(found.ordered_by) if found.ordered_by else Clip.objects.all()
    clips = standing.filter(clip__in=others.values("pk")).order_by("clip").values_list("clip", flat=True).distinct()
    return list(standing.filter(clip__in=list(clips[:CLIPS_AT_ONCE])))


def foresee(chosen: "QuerySet[Rating]") -> Foresight:
    """What would follow from voiding these answers, and nothing is changed."""
    counting = chosen.filter(phase=Rating.Phase.BLIND)
    clips = list(counting.order_by("clip").values_list("clip", flat=True).distinct()[: FORESEEN + 1])
    is_part, clips = len(clips) > FORESEEN, clips[:FORESEEN]
    statuses: Counter[tuple[str, str]] = Counter()
    named: Counter[tuple[str, str]] = Counter()
    for piece in in_pieces(clips):
        some = Clip.objects.live().in_bulk(piece)
        gone = set(counting.filter(clip__in=some).values_list("pk", flat=True))
        answers, decided = standing_in(some), decided_in(some)
        for clip_id, clip in some.items():
            rest = [each for each in answers[clip_id] if each.pk not in gone]
            statuses[clip.status, status_after(clip, rest, decided.get(clip_id))] += 1
            named[label_of(answers[clip_id]), label_of(rest)] += 1
    return Foresight(chosen.count(), len(clips), changed(statuses), changed(named), is_part)


def changed(pairs: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Those of the pairs whose halves differ."""
    return Counter({pair: times for pair, times in pairs.items() if pair[0] != pair[1]})


def status_after(clip: Clip, rest: Sequence[Rating], decided: str | None) -> str:
    """The status that the clip would have with these answers alone; `decided` is what a moderator last made of it."""
    given_back = (None, Clip.Status.IN_REVIEW, Clip.Status.STORED)
    if clip.status not in (Clip.Status.IN_REVIEW, *settling.GIVEN_BY_RATINGS) or clip.licence_id is not None:
        return clip.status
    if clip.status != Clip.Status.IN_REVIEW and decided not in given_back:
        return clip.status
    is_delicate = any(each.unusable_reason in suspicions.DELICATE for each in rest)
    required = queue.ratings_required(clip.language)
    return settling.outcome([each.is_usable for each in rest], required=required, is_delicate=is_delicate)


def decided_in(clips: Iterable[UUID]) -> dict[UUID, str]:
    """To which status a moderator moved each of the clips last, where one did."""
    last = Verdict.objects.filter(clip__in=list(clips), is_proposal=False).order_by("pk")
    return dict(last.values_list("clip", "to_status"))


def standing_in(clips: Iterable[UUID]) -> dict[UUID, list[Rating]]:
    """The blind answers to each of the clips that count."""
    told: dict[UUID, list[Rating]] = defaultdict(list)
    for rating in Rating.objects.counting().filter(clip__in=list(clips)).order_by("rated_at", "pk"):
        told[rating.clip_id].append(rating)
    return told


def label_of(answers: Sequence[Rating]) -> str:
    """The emotion that the counts name; empty for none."""
    return labels.most_likely(labels.counts([rating.emotion for rating in answers if rating.is_usable]))


def pause(rater: User, *, by: Any, is_paused: bool, note: str) -> RaterPause:
    """Ask somebody to stop listening, or let them go on; their passes stay. Raises NotVoidable."""
    if not permissions.may_curate(by):
        raise MayNotVoid
    if rater == by:
        raise OwnAnswer
    if not note.strip():
        raise NoReason
    with transaction.atomic():
        decided = RaterPause.objects.create(rater=rater, is_paused=is_paused, note=note.strip(), decided_by=by)
        audit.record("rater.paused" if is_paused else "rater.resumed", subject=rater, by=by)
    return decided
