"""A moderator's verdict on what a machine, or the listeners, could not settle: heard by a person, it stands.

A machine that later finds the same fault with a clip that a moderator called usable is told so, and lets it pass. Who
spoke the clip, or has rated it, decides nothing about it.
"""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contributions import permissions, states
from contributions.models import Clip, Examination, Purpose, Verdict
from contributions.taxonomy import reasons
from openempathic import storage

S = Clip.Status
# Nobody has decided about these yet; REJECTED ones were decided about and may be thought over.
WAITING = (S.UNUSABLE, S.QUARANTINED, S.DISPUTED)
DECIDABLE = permissions.DECIDABLE
USABLE = (S.IN_REVIEW, S.ACCEPTED)
COUNTED_MAX = 99
TARGETS = (*USABLE, S.STORED, S.REJECTED)


class NotDecidable(Exception):
    """The verdict could not be kept; the message is for the moderator."""

    text = gettext_noop("Nothing can be decided about this clip.")

    @property
    def message(self) -> str:
        """Why, in the moderator's language."""
        return _(self.text)


class MayNotDecide(NotDecidable):
    text = gettext_noop("Only moderators decide about clips.")


class OwnClip(NotDecidable):
    text = gettext_noop("This is your own voice, or like it: somebody else has to decide.")


class OwnRating(NotDecidable):
    text = gettext_noop("You have rated this clip: another moderator has to decide.")


class TakenBack(NotDecidable):
    text = gettext_noop("The speaker took this clip back while you had it open. There is nothing to decide any more.")


class DecidedMeanwhile(NotDecidable):
    text = gettext_noop("Something happened to this clip while you had it open, so your verdict was not kept.")


class NothingToHear(NotDecidable):
    text = gettext_noop(
        "No sound of this clip can be played, so nobody could listen to it. Screen it again, or refuse it."
    )


class IncompleteVerdict(NotDecidable):
    text = gettext_noop("Please say what becomes of the clip, and if it is refused, why.")


@dataclass(frozen=True)
class Decision:
    """What a moderator said: where the clip goes, why, and a note for other moderators."""

    to_status: str
    reason: str = ""
    note: str = ""


def waiting_count(person: Any, *, at_most: int) -> int:
    """How many clips wait for this moderator, counted no further than asked."""
    return permissions.decidable_by(person).filter(status__in=WAITING)[:at_most].count()


def in_templates(request: Any) -> dict[str, Any]:
    """For every page: how many clips wait for the moderator who reads it. Asked only where a template looks."""
    return {"set_aside_count": SimpleLazyObject(lambda: counted(waiting_count(request.user, at_most=COUNTED_MAX + 1)))}


def counted(count: int) -> str:
    """The number as a page has room for it; empty where nothing waits."""
    if count > COUNTED_MAX:
        return f"{COUNTED_MAX}+"
    return str(count) if count else ""


def decide(clip: Clip, *, by: Any, decision: Decision, seen: str) -> Verdict:
    """Keep one moderator's verdict and move the clip, if it still is as they saw it; raises NotDecidable.

    The suggestion that a clip in review is owed comes from the next sweep, as for all of them.
    """
    check_may_decide(clip, by)
    check_complete(clip, decision)
    # Asked before the transaction: nobody waits for storage behind a lock.
    if decision.to_status in USABLE and not has_sound(clip):
        raise NothingToHear
    with transaction.atomic():
        current = Clip.objects.select_for_update().get(pk=clip.pk)
        check_is_as_seen(current, seen)
        verdict = Verdict.objects.create(
            clip=current,
            decided_by=by,
            from_status=current.status,
            to_status=decision.to_status,
            reason=decision.reason,
            note=decision.note,
            examination=opinion_on(current),
        )
        states.move(current, to=decision.to_status, by=by, reason=decision.reason, **columns_owed(decision.to_status))
    return verdict


def check_may_decide(clip: Clip, person: Any) -> None:
    """Raise unless the person moderates, and the clip is not theirs, like one of theirs, or rated by them."""
    if not permissions.may_moderate(person):
        raise MayNotDecide
    if clip.ratings.filter(rater=person).exists():
        raise OwnRating
    if not permissions.impartial(person).filter(pk=clip.pk).exists():
        raise OwnClip


def check_complete(clip: Clip, decision: Decision) -> None:
    """Raise unless the clip goes somewhere, and a refusal has a reason that we know."""
    if decision.to_status not in TARGETS or decision.to_status == clip.status:
        raise IncompleteVerdict
    if decision.to_status == S.REJECTED and decision.reason not in known_reasons(clip):
        raise IncompleteVerdict


def known_reasons(clip: Clip) -> list[str]:
    """Why the clip may be refused: first the machine's own objection, then what a listener may say."""
    opinion = opinion_on(clip)
    heard = [reason.code for reason in reasons.LISTENING]
    return ([opinion.reason] if opinion and opinion.reason not in heard else []) + heard


def has_sound(clip: Clip) -> bool:
    """Whether somebody could listen to the clip."""
    try:
        storage.stat(clip.archive)
    except storage.NotStored:
        return False
    return True


def check_is_as_seen(clip: Clip, seen: str) -> None:
    """Behind the lock: raise where the speaker took it back, or it was moved or examined since it was looked at."""
    if not Clip.objects.covered_by(Purpose.STORE_AND_REVIEW).filter(pk=clip.pk).exists():
        raise TakenBack
    if clip.status not in DECIDABLE or mark_of(clip) != seen:
        raise DecidedMeanwhile


def mark_of(clip: Clip) -> str:
    """What a page says that it showed: another mark, and the clip is no longer as it was seen."""
    last_verdict, last_examination = clip.verdicts.last(), clip.examinations.order_by("pk").last()
    return f"{clip.status}.{last_verdict.pk if last_verdict else 0}.{last_examination.pk if last_examination else 0}"


def columns_owed(to_status: str) -> dict[str, Any]:
    """A clip that is screened again is due at once, with all its attempts before it."""
    if to_status != S.STORED:
        return {}
    return {"next_attempt_at": Now(), "attempts": 0, "lease_owner": "", "lease_expires_at": None}


def opinion_on(clip: Clip) -> Examination | None:
    """What a machine held against the clip when it last looked; None where it held nothing against it."""
    last = clip.examinations.order_by("fence").last()
    if last is None:
        return None
    return clip.examinations.filter(fence=last.fence, is_usable=False).order_by("pk").first()


def overturned(clip: Clip) -> frozenset[str]:
    """The machine's reasons that a moderator heard and found wrong for this clip: they hold against it no more."""
    wrong: set[str] = set()
    for verdict in clip.verdicts.select_related("examination").order_by("pk"):
        if verdict.examination is None:
            continue
        if verdict.to_status in USABLE:
            # The whole clip was heard, and with it whatever else was found.
            wrong.update({verdict.examination.reason, *verdict.examination.notes})
        elif verdict.to_status == S.REJECTED:
            wrong -= {verdict.examination.reason, *verdict.examination.notes}
    return frozenset(wrong)
