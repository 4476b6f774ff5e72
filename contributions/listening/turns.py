"""A turn: which clip a listener hears next, and whether they have heard it to its end.

How much is enough follows contributions.asking.pacing: a hint after thirty clips in one sitting, and so many a day as
the site's settings say.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count
from django.utils import timezone

from contributions import permissions
from contributions.asking.pacing import DAY, REST
from contributions.listening import gold, queue
from contributions.listening.refusals import EnoughToday, HeardTooSoon, MayNotListen, NotYourTurn, OtherLanguage
from contributions.models import Arm, Clip, ListeningNeed, Purpose, Rating, RatingTurn
from contributions.models.clip import ClipQuerySet
from contributions.models.need import by_lot

# Clips whose emotion may still be told: those in review, and accepted ones, of which more listeners are asked.
RATEABLE = (Clip.Status.IN_REVIEW, Clip.Status.ACCEPTED, Clip.Status.DISPUTED)
RATINGS_TO_A_BREAK = 30
# Of a clip's length, what must have passed since it was first seen before it can have been played to its end.
PLAYED_AT_LEAST = 0.9
# More turns than this nobody has under way: one that is heard in each of some languages, and one that is fetched ahead.
AT_ONCE = 30


def open_turn(rater: Any, *, language: str | None = None, besides: RatingTurn | None = None) -> RatingTurn | None:
    """The listener's turn on a clip, for ten minutes: the one they have, or the next; None when nothing waits for them.

    With `besides` the one after that turn, to be fetched ahead. Raises MayNotListen, OtherLanguage, EnoughToday.
    """
    languages = heard_by(rater, language)
    if current := running(rater, languages, besides):
        return current
    if not left_today(rater):
        raise EnoughToday
    at_hand = besides.clip_id if besides else None
    clip_id = queue.take(rater, languages=languages, until=lease_end(), besides=at_hand)
    if clip_id is None:
        return None
    known = known_instead(rater, clip_id)
    return begun(known or clip_id, rater, is_gold=known is not None)


def known_instead(rater: Any, clip_id: UUID) -> UUID | None:
    """By lot a clip of which it is known what people hear, held in place of this one; mostly None."""
    item = gold.maybe_gold(rater, Clip.objects.get(pk=clip_id).language)
    if item is None:
        return None
    # One that wants ears of its own is taken up like any other, and is nobody else's meanwhile.
    wants_ears = ListeningNeed.objects.filter(pk=item.clip_id, is_open=True).exists()
    if wants_ears and not queue.hold(item.clip_id, by=rater, until=lease_end()):
        return None
    if item.clip_id != clip_id:
        queue.let_go(clip_id, by=rater)
    return item.clip_id


def heard_by(rater: Any, language: str | None) -> list[str] | None:
    """The languages to choose from, None for all; raises where the listener hears none, or not this one."""
    heard = permissions.languages_heard(rater)
    if heard == []:
        raise MayNotListen
    if language is None:
        return heard
    if not permissions.is_among(language, heard):
        raise OtherLanguage
    return [queue.widest(language)]


def running(rater: Any, languages: list[str] | None, besides: RatingTurn | None) -> RatingTurn | None:
    """The turn that the listener has already, with its time begun anew; what can be heard no more is closed."""
    unclosed = RatingTurn.objects.filter(rater=rater, closed_at=None)
    unclosed = unclosed.exclude(pk=besides.pk) if besides else unclosed
    for turn in unclosed.select_related("clip").order_by("opened_at")[:AT_ONCE]:
        if languages is not None and queue.language_of(turn.clip) not in languages:
            continue
        if is_still_theirs(turn, rater):
            return renewed(turn)
        RatingTurn.objects.filter(pk=turn.pk).update(closed_at=timezone.now())
    return None


def is_still_theirs(turn: RatingTurn, rater: Any) -> bool:
    """Whether the clip may still be rated by the listener, and nobody else has come to it meanwhile."""
    if not rateable().not_of(rater).filter(pk=turn.clip_id).exists() or has_answered(turn):
        return False
    return queue.hold(turn.clip_id, by=rater, until=lease_end()) or turn.is_gold


def has_answered(turn: RatingTurn) -> bool:
    """Whether the listener's answer to the clip is kept, and they have not taken it back."""
    answers = Rating.objects.filter(clip=turn.clip_id, rater=turn.rater_id)
    return answers.exclude(voids__reason="UNDONE").exists()


def rateable() -> ClipQuerySet:
    """Clips of which an answer may still be kept."""
    return Clip.objects.covered_by(Purpose.STORE_AND_REVIEW).filter(status__in=RATEABLE)


def renewed(turn: RatingTurn) -> RatingTurn:
    """The same turn with its time begun anew; what was not heard yet is first seen now."""
    turn.lease_expires_at = lease_end()
    if turn.heard_at is None:
        turn.opened_at = timezone.now()
    turn.save(update_fields=["lease_expires_at", "opened_at"])
    return turn


def begun(clip_id: UUID, rater: Any, *, is_gold: bool = False) -> RatingTurn:
    """A turn on the clip; whether its step will show what the model heard is drawn by lot, once."""
    facts = {"lease_expires_at": lease_end(), "is_gold": is_gold}
    again = facts | {"opened_at": timezone.now(), "closed_at": None, "heard_at": None}
    turn, _is_new = RatingTurn.objects.select_related("clip").update_or_create(
        clip_id=clip_id, rater=rater, defaults=again, create_defaults=facts | {"arm": drawn_arm()}
    )
    return turn


def drawn_arm() -> str:
    """The arm, by lot."""
    return Arm.HIDDEN if by_lot() < settings.HIDDEN_ARM else Arm.SHOWN


def lease_end() -> datetime:
    """When a turn that begins now runs out."""
    return timezone.now() + timedelta(seconds=settings.RATING_LEASE_SECONDS)


def note_heard(turn: RatingTurn, *, by: Any) -> None:
    """Keep that the clip was played to its end; a second time changes nothing.

    Raises HeardTooSoon where less time has passed than that takes: playing is the browser's word, the clock is ours.
    """
    current = RatingTurn.objects.select_related("clip").get(pk=turn.pk)
    if current.rater_id != by.pk:
        raise NotYourTurn
    now = timezone.now()
    if (now - current.opened_at).total_seconds() < PLAYED_AT_LEAST * (current.clip.duration_seconds or 0):
        raise HeardTooSoon
    RatingTurn.objects.filter(pk=turn.pk, heard_at=None).update(heard_at=now)
    turn.heard_at = current.heard_at or now


def left_today(rater: Any) -> int:
    """How many more clips the listener may rate within a day."""
    today = answered_since(rater, timezone.now() - DAY).aggregate(clips=Count("clip", distinct=True))
    return max(0, settings.RATINGS_PER_DAY - today["clips"])


def is_break_due(rater: Any) -> bool:
    """Whether to hint that a rest would do good: after so many answers without one."""
    answers = sitting(rater, now=timezone.now())
    return answers > 0 and answers % RATINGS_TO_A_BREAK == 0


def sitting(rater: Any, *, now: datetime) -> int:
    """How many clips were answered since the listener last rested."""
    answers, later = 0, now
    today = answered_since(rater, now - DAY).order_by("-rated_at")
    for rated_at in today.values_list("rated_at", flat=True)[: settings.RATINGS_PER_DAY]:
        if later - rated_at > REST:
            break
        answers, later = answers + 1, rated_at
    return answers


def answered_since(rater: Any, moment: datetime) -> Any:
    """The listener's first answers since then, whatever became of them."""
    return Rating.objects.filter(rater=rater, phase=Rating.Phase.BLIND, rated_at__gt=moment)
