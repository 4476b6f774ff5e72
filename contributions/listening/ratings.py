"""Listening: a turn, a blind answer, and only then what the model suggested."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contributions import permissions, states, taxonomy
from contributions.models import Clip, Purpose, Rating, RatingTurn, Suggestion
from contributions.models.clip import ClipQuerySet
from contributions.taxonomy import reasons
from openempathic import audit

# What may be answered beside the emotions we know: something else in the listener's own words, or nothing certain.
OTHER_ANSWERS = ("other", "cannot_tell")
# Clips whose emotion may still be told: those in review, and accepted ones whose turn began before they were.
RATEABLE = (Clip.Status.IN_REVIEW, Clip.Status.ACCEPTED, Clip.Status.DISPUTED)


class NotRateable(Exception):
    """The answer could not be kept; the message is for the listener."""

    text = gettext_noop("This clip cannot be rated.")

    @property
    def message(self) -> str:
        """Why, in the listener's language."""
        return _(self.text)


class MayNotModerate(NotRateable):
    text = gettext_noop("Only moderators rate clips.")


class TurnExpired(NotRateable):
    text = gettext_noop("Your turn on this clip ran out and somebody else is listening to it now. Here is another.")


class OwnClip(NotRateable):
    text = gettext_noop("This is your own voice: somebody else has to judge it.")


class AlreadyRated(NotRateable):
    text = gettext_noop("You have rated this clip already.")


class NoLongerRateable(NotRateable):
    text = gettext_noop("This clip is no longer in review. Your answer was not needed any more; here is another.")


class IncompleteAnswer(NotRateable):
    text = gettext_noop("Please say whether the clip is usable, and then which emotion you heard or why it is not.")


@dataclass(frozen=True)
class Answer:
    """What one listener said; None and empty mean that nothing was said."""

    is_usable: bool
    unusable_reason: str = ""
    emotion: str = ""
    secondary_emotions: tuple[str, ...] = ()
    intensity: int | None = None
    description: str = ""


def open_turn(rater: Any) -> RatingTurn | None:
    """The rater's turn on a clip to hear, for ten minutes; None when nothing waits for them."""
    if not permissions.may_moderate(rater):
        raise MayNotModerate
    current = RatingTurn.objects.filter(rater=rater, closed_at=None, clip__in=waiting_for(rater)).first()
    if current:
        return renewed(current)
    clip = waiting_for(rater).exclude(Exists(others_turns(rater))).order_by("?").first()
    if clip is None:
        return None
    turn, _is_new = RatingTurn.objects.update_or_create(
        clip=clip, rater=rater, defaults={"lease_expires_at": lease_end(), "closed_at": None}
    )
    return turn


def waiting_for(rater: Any) -> Any:
    """Clips in review whose voice is not the rater's and which they have not rated."""
    answered = Rating.objects.filter(clip=OuterRef("pk"), rater=rater)
    clips = Clip.objects.filter(status=Clip.Status.IN_REVIEW).covered_by(Purpose.STORE_AND_REVIEW)
    return clips.not_of(rater).exclude(Exists(answered))


def others_turns(rater: Any) -> Any:
    """Running turns of other listeners on a clip."""
    running = RatingTurn.objects.filter(clip=OuterRef("pk"), closed_at=None, lease_expires_at__gt=timezone.now())
    return running.exclude(rater=rater)


def renewed(turn: RatingTurn) -> RatingTurn:
    """The same turn with its time begun anew."""
    turn.lease_expires_at = lease_end()
    turn.save(update_fields=["lease_expires_at"])
    return turn


def lease_end() -> Any:
    """When a turn that begins now runs out."""
    return timezone.now() + timedelta(seconds=settings.RATING_LEASE_SECONDS)


def rate(turn: RatingTurn, *, by: Any, answer: Answer) -> Rating:
    """Keep one listener's blind answer, and settle the clip once enough of them agree."""
    check_may_rate(turn, by)
    check_complete(answer)
    try:
        with transaction.atomic():
            # The clip's row is locked, so that of two last answers one counts the other.
            clip = Clip.objects.select_for_update().get(pk=turn.clip_id)
            # Asked again behind the lock: withdrawn, or without leave, while the answer was on its way, it takes none.
            if not rateable().filter(pk=clip.pk).exists():
                raise NoLongerRateable
            rating = Rating.objects.create(clip=clip, rater=by, phase=Rating.Phase.BLIND, **columns(answer))
            RatingTurn.objects.filter(pk=turn.pk).update(closed_at=timezone.now())
            audit.record("clip.rated", subject=clip, by=by, is_usable=answer.is_usable)
            settle(clip, by=by)
    except IntegrityError as twice:
        raise AlreadyRated from twice
    return rating


def rateable() -> ClipQuerySet:
    """Clips of which an answer may still be kept."""
    return Clip.objects.covered_by(Purpose.STORE_AND_REVIEW).filter(status__in=RATEABLE)


def check_may_rate(turn: RatingTurn, rater: Any) -> None:
    """Raise unless the turn is the rater's, still theirs, and on a clip that may be judged by them."""
    if not permissions.may_moderate(rater) or turn.rater_id != rater.pk:
        raise MayNotModerate
    clip = rateable().filter(pk=turn.clip_id).first()
    if clip is None:
        raise NoLongerRateable
    if clip.contributor.actor == rater:
        raise OwnClip
    if Rating.objects.filter(clip=clip, rater=rater).exists():
        raise AlreadyRated
    # A turn that ran out unnoticed is still good while nobody else listens: no answer is thrown away for a clock.
    has_run_out = turn.lease_expires_at <= timezone.now()
    if has_run_out and Clip.objects.filter(Exists(others_turns(rater)), pk=clip.pk).exists():
        raise TurnExpired


def check_complete(answer: Answer) -> None:
    """A usable clip has an emotion we know; an unusable one a reason we know."""
    if answer.is_usable and not {answer.emotion, *answer.secondary_emotions} <= answerable():
        raise IncompleteAnswer
    if not answer.is_usable and answer.unusable_reason not in {reason.code for reason in reasons.LISTENING}:
        raise IncompleteAnswer


def answerable() -> set[str]:
    """Every emotion that a listener may answer with."""
    return {emotion.name for emotion in taxonomy.emotions()} | set(OTHER_ANSWERS)


def columns(answer: Answer) -> dict[str, Any]:
    """The answer as a Rating keeps it: an unusable clip has no emotion."""
    if not answer.is_usable:
        return {"is_usable": False, "unusable_reason": answer.unusable_reason, "description": answer.description}
    said = asdict(answer) | {"unusable_reason": "", "secondary_emotions": list(answer.secondary_emotions)}
    return said


def settle(clip: Clip, *, by: Any) -> None:
    """Move a clip in review once enough blind answers are in."""
    if clip.status != Clip.Status.IN_REVIEW:
        return
    blind = list(clip.ratings.filter(phase=Rating.Phase.BLIND))
    if len(blind) < settings.RATINGS_REQUIRED:
        return
    usable = [rating for rating in blind if rating.is_usable]
    if len(usable) == len(blind):
        states.move(clip, to=Clip.Status.ACCEPTED, by=by)
    elif usable:
        states.move(clip, to=Clip.Status.DISPUTED, by=by)
    else:
        states.move(clip, to=Clip.Status.REJECTED, by=by, reason=blind[-1].unusable_reason)


def suggestion_for(rating: Rating) -> Suggestion | None:
    """What a checkpoint heard, for the listener whose blind answer is stored; the only way to it."""
    if rating.phase != Rating.Phase.BLIND or not rating.is_usable:
        return None
    # A clip that was withdrawn after the answer is gone from here at once, not only when it is purged.
    ours = Clip.objects.covered_by(Purpose.STORE_AND_REVIEW).filter(pk=rating.clip_id)
    made = Suggestion.objects.filter(clip__in=ours, scores__isnull=False)
    return made.select_related("checkpoint").order_by("-made_at").first()


def reconsider(rating: Rating, *, by: Any, emotion: str) -> Rating:
    """Keep the listener's second answer, given after they saw the suggestion: the same emotion keeps the first."""
    if rating.rater_id != by.pk:
        raise MayNotModerate
    if emotion not in answerable():
        raise IncompleteAnswer
    try:
        with transaction.atomic():
            # Behind the same lock as the first answer: a clip that is withdrawn now takes no second one.
            Clip.objects.select_for_update().get(pk=rating.clip_id)
            suggestion = suggestion_for(rating)
            if suggestion is None:
                raise NoLongerRateable
            informed = Rating.objects.create(
                clip=rating.clip,
                rater=by,
                phase=Rating.Phase.INFORMED,
                is_usable=True,
                emotion=emotion,
                intensity=rating.intensity,
                suggestion=suggestion,
            )
            audit.record("clip.reconsidered", subject=rating.clip, by=by, is_kept=emotion == rating.emotion)
    except IntegrityError as twice:
        raise AlreadyRated from twice
    return informed
