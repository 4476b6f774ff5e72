"""After the blind answer: what the model heard, a second answer, or the first one taken back.

A second answer that somebody gave after more than the sound was shown to them is informed: it is kept, and counts for
no label, no agreement and no status.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from contributions.listening import queue, settling, suggested, turns
from contributions.listening.answers import Answer, answer_of, answerable
from contributions.listening.refusals import (
    AlreadyRated,
    IncompleteAnswer,
    NoLongerRateable,
    NothingToUndo,
    NotYourTurn,
)
from contributions.models import Arm, Clip, Purpose, Rating, RatingTurn, RatingVoid, Suggestion
from openempathic import audit

UNDOABLE = 10
UNDONE = RatingVoid.Reason.UNDONE


@dataclass(frozen=True)
class Step:
    """What follows a blind answer: *keep* or *change*, with what the model heard, or in the hidden arm without it."""

    arm: str
    suggestion: Suggestion | None


def step_after(rating: Rating) -> Step | None:
    """The step that the answer's listener takes next, None where no model has heard the clip or the step was taken.

    Where it carries the suggestion, that is noted first: from then on no answer of theirs to this clip is blind.
    """
    suggestion = suggestion_for(rating)
    if suggestion is None or not is_standing(rating) or second_of(rating).exists():
        return None
    turn = turn_of(rating)
    if turn is None or turn.arm != Arm.SHOWN:
        return Step(Arm.HIDDEN, None)
    RatingTurn.objects.filter(pk=turn.pk, revealed_at=None).update(revealed_at=timezone.now())
    return Step(Arm.SHOWN, suggestion)


def suggestion_for(rating: Rating) -> Suggestion | None:
    """What a checkpoint heard, of a clip with a stored blind answer; `step_after` says whether it may be shown."""
    if rating.phase != Rating.Phase.BLIND or not rating.is_usable:
        return None
    # A clip that was withdrawn after the answer is gone from here at once, not only when it is purged.
    ours = Clip.objects.covered_by(Purpose.STORE_AND_REVIEW).filter(pk=rating.clip_id)
    return suggested.shown(rating.clip_id) if ours.exists() else None


def is_standing(rating: Rating) -> bool:
    """Whether nobody has voided the answer."""
    return not RatingVoid.objects.filter(rating=rating).exists()


def second_of(rating: Rating) -> Any:
    """The second answer to the same hearing, if there is one."""
    informed = Rating.objects.filter(clip=rating.clip_id, rater=rating.rater_id, phase=Rating.Phase.INFORMED)
    return informed.filter(round=rating.round)


def turn_of(rating: Rating) -> RatingTurn | None:
    """The turn in which the answer was given."""
    return RatingTurn.objects.filter(clip=rating.clip_id, rater=rating.rater_id).first()


def reconsider(rating: Rating, *, by: Any, emotion: str) -> Rating:
    """Keep the listener's second answer, given in the step after the first: the same emotion keeps the first."""
    if rating.rater_id != by.pk:
        raise NotYourTurn
    if emotion not in answerable():
        raise IncompleteAnswer
    try:
        with transaction.atomic():
            # Behind the same lock as the first answer: a clip that is withdrawn now takes no second one.
            Clip.objects.select_for_update(no_key=True).get(pk=rating.clip_id)
            suggestion, turn = suggestion_for(rating), turn_of(rating)
            if suggestion is None or turn is None or not is_standing(rating):
                raise NoLongerRateable
            informed = Rating.objects.create(
                clip=rating.clip,
                rater=by,
                phase=Rating.Phase.INFORMED,
                round=rating.round,
                is_usable=True,
                emotion=emotion,
                intensity=rating.intensity,
                arm=turn.arm or Arm.HIDDEN,
                suggestion=suggestion if turn.arm == Arm.SHOWN else None,
            )
            audit.record("clip.reconsidered", subject=rating.clip, by=by, is_kept=emotion == rating.emotion)
    except IntegrityError as twice:
        raise AlreadyRated from twice
    return informed


def undo(rater: Any) -> RatingTurn:
    """Take back the newest of the listener's last ten answers that still stands: it counts no more, and is asked again.

    Raises NothingToUndo where none of them can be answered anew.
    """
    for rating in last_standing(rater):
        if turn := undone(rating, by=rater):
            return turn
    raise NothingToUndo


def last_standing(rater: Any) -> Iterator[Rating]:
    """Of the last ten first answers those that nobody voided, the newest first."""
    firsts = Rating.objects.filter(rater=rater).exclude(phase=Rating.Phase.INFORMED, arm__in=Arm.values)
    last = list(firsts.order_by("-rated_at", "-pk").select_related("clip")[:UNDOABLE])
    voided = set(RatingVoid.objects.filter(rating__in=last).values_list("rating_id", flat=True))
    return (rating for rating in last if rating.pk not in voided)


def undone(rating: Rating, *, by: Any) -> RatingTurn | None:
    """Void the answer with its second one, and open its turn again; None where the clip takes no answer any more."""
    with transaction.atomic():
        clip = Clip.objects.select_for_update(no_key=True).get(pk=rating.clip_id)
        turn = turn_of(rating)
        if turn is None or not may_be_answered_anew(clip):
            return None
        theirs = Rating.objects.standing().filter(clip=clip, rater=by, round=rating.round)
        RatingVoid.objects.bulk_create(RatingVoid(rating=each, reason=UNDONE, voided_by=by) for each in theirs)
        audit.record("rating.undone", subject=rating, by=by, clip=str(clip.pk))
        settling.settle_again(clip, by=by)
        now, until = timezone.now(), turns.lease_end()
        RatingTurn.objects.filter(pk=turn.pk).update(
            opened_at=now, closed_at=None, lease_expires_at=until, heard_at=turn.heard_at or now
        )
        queue.hold(clip.pk, by=by, until=until)
    return RatingTurn.objects.select_related("clip").get(pk=turn.pk)


def may_be_answered_anew(clip: Clip) -> bool:
    """Whether the clip takes answers, or will once this one is taken back; not what a moderator has decided against."""
    ours = Clip.objects.covered_by(Purpose.STORE_AND_REVIEW).filter(pk=clip.pk)
    by_ratings = clip.status == Clip.Status.REJECTED and settling.is_settled_by_ratings(clip)
    return ours.exists() and (clip.status in turns.RATEABLE or by_ratings)


def undone_answer(turn: RatingTurn) -> Answer | None:
    """What the listener had answered before they took it back, for the form; None where they took nothing back."""
    theirs = Rating.objects.filter(clip=turn.clip_id, rater=turn.rater_id)
    if theirs.exclude(voids__reason=UNDONE).exists():
        return None
    last = theirs.exclude(phase=Rating.Phase.INFORMED, arm__in=Arm.values).order_by("-round").first()
    return answer_of(last) if last else None
