"""Listening: a turn, a blind answer, and only then what the model suggested.

The acts of a listener stand in the order in which they do them: `open_turn`, `note_heard`, `rate`, `step_after`,
`reconsider`, `undo`.
"""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from contributions import permissions
from contributions.listening import queue
from contributions.listening.answers import OTHER_ANSWERS, Answer, answerable, check_complete, columns
from contributions.listening.asking_again import (
    Step,
    reconsider,
    step_after,
    suggestion_for,
    undo,
    undone_answer,
)
from contributions.listening.refusals import (
    AlreadyRated,
    EnoughToday,
    HeardTooSoon,
    IncompleteAnswer,
    MayNotListen,
    NoLongerRateable,
    NotHeard,
    NothingToUndo,
    NotRateable,
    NotYourTurn,
    OtherLanguage,
    OutOfRange,
    OwnClip,
    TooManyWords,
    TurnExpired,
)
from contributions.listening.settling import settle, settle_again
from contributions.listening.turns import (
    RATEABLE,
    has_answered,
    is_break_due,
    left_today,
    note_heard,
    open_turn,
    rateable,
)
from contributions.models import Clip, Rating, RatingTurn
from openempathic import audit

__all__ = [
    "OTHER_ANSWERS",
    "RATEABLE",
    "AlreadyRated",
    "Answer",
    "EnoughToday",
    "HeardTooSoon",
    "IncompleteAnswer",
    "MayNotListen",
    "NoLongerRateable",
    "NotHeard",
    "NotRateable",
    "NotYourTurn",
    "NothingToUndo",
    "OtherLanguage",
    "OutOfRange",
    "OwnClip",
    "Step",
    "TooManyWords",
    "TurnExpired",
    "answerable",
    "check_complete",
    "is_break_due",
    "left_today",
    "note_heard",
    "open_turn",
    "rate",
    "rateable",
    "reconsider",
    "settle",
    "settle_again",
    "step_after",
    "suggestion_for",
    "undo",
    "undone_answer",
]


def rate(turn: RatingTurn, *, by: Any, answer: Answer) -> Rating:
    """Keep one listener's answer, and settle the clip once enough of them agree; raises NotRateable.

    It is blind, unless they took an earlier one back after more than the sound was shown to them.
    """
    current = RatingTurn.objects.select_related("clip__contributor").get(pk=turn.pk)
    check_may_rate(current, by)
    check_complete(answer)
    try:
        with transaction.atomic():
            # The clip's row is locked, so that of two last answers one counts the other.
            clip = Clip.objects.select_for_update(no_key=True).get(pk=turn.clip_id)
            # Asked again behind the lock: withdrawn, or without leave, while the answer was on its way, it takes none.
            if not rateable().filter(pk=clip.pk).exists():
                raise NoLongerRateable
            # And the turn: another page of theirs may have been answered, or shown more, a moment before.
            current = RatingTurn.objects.get(pk=turn.pk)
            if has_answered(current):
                raise AlreadyRated
            rating = Rating.objects.create(clip=clip, rater=by, **facts_of(current), **columns(answer))
            RatingTurn.objects.filter(pk=turn.pk).update(closed_at=timezone.now())
            audit.record("clip.rated", subject=clip, by=by, is_usable=answer.is_usable)
            queue.let_go(clip.pk, by=by)
            settle(clip, by=by)
    except IntegrityError as twice:
        raise AlreadyRated from twice
    return rating


def check_may_rate(turn: RatingTurn, rater: Any) -> None:
    """Raise unless the turn is the rater's, still theirs, and on a clip that they heard and may judge."""
    clip = turn.clip
    if turn.rater_id != rater.pk:
        raise NotYourTurn
    heard = permissions.languages_heard(rater)
    if heard == []:
        raise MayNotListen
    if not permissions.is_among(clip.language, heard):
        raise OtherLanguage
    if not rateable().filter(pk=clip.pk).exists():
        raise NoLongerRateable
    if clip.contributor.actor == rater:
        raise OwnClip
    if has_answered(turn):
        raise AlreadyRated
    # A turn that ran out unnoticed is still good while nobody else listens: no answer is thrown away for a clock.
    if turn.lease_expires_at <= timezone.now() and queue.is_held_by_another(clip.pk, rater):
        raise TurnExpired
    if turn.heard_at is None:
        raise NotHeard


def facts_of(turn: RatingTurn) -> dict[str, Any]:
    """What an answer takes from its turn: whether it is blind, which of their answers it is, and how long it took."""
    before = Rating.objects.filter(clip=turn.clip_id, rater=turn.rater_id).order_by("-round")
    last = before.values_list("round", flat=True).first()
    return {
        "phase": Rating.Phase.BLIND if turn.revealed_at is None else Rating.Phase.INFORMED,
        "round": 0 if last is None else last + 1,
        "seconds": (timezone.now() - turn.opened_at).total_seconds(),
        "is_gold": turn.is_gold,
    }
