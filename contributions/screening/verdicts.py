"""A moderator's verdict on what a machine, or the listeners, could not settle: heard by a person, it stands.

A machine that later finds the same fault with a clip that a moderator called usable is told so, and lets it pass. Who
spoke the clip, has rated or reported it, decides nothing about it. Where a child or personal data may be heard the word
of one that it can be used is a proposal, until another moderator says the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Aggregate, Count, Max, OuterRef, Subquery
from django.db.models.functions import Now
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contributions import permissions, states
from contributions.listening import reports
from contributions.models import Clip, ClipReport, Examination, Purpose, Verdict
from contributions.screening import suspicions
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


class OwnReport(NotDecidable):
    text = gettext_noop("You have reported this clip: another moderator has to decide.")


class OwnProposal(NotDecidable):
    text = gettext_noop("You have proposed just this. Another moderator has to second it.")


class NotInBulk(NotDecidable):
    text = gettext_noop("A child or personal data may be heard in it: two people have to hear it and agree.")


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


class AlreadySo(IncompleteVerdict):
    text = gettext_noop("That is what became of it already.")


class NothingFound(IncompleteVerdict):
    text = gettext_noop("No machine found anything in it: refuse it by itself, with a reason.")


@dataclass(frozen=True)
class Decision:
    """What a moderator said: where the clip goes, why, a note for other moderators, and a word to who reported it.

    In bulk nobody has heard the clip: no machine is overturned by that, and nothing is proposed or seconded.
    """

    to_status: str
    reason: str = ""
    note: str = ""
    answer: str = ""
    is_in_bulk: bool = False


def waiting_count(person: Any, *, at_most: int) -> int:
    """How many clips wait for this moderator, counted no further than asked."""
    return permissions.decidable_by(person).filter(status__in=WAITING)[:at_most].count()


def in_templates(request: Any) -> dict[str, Any]:
    """For every page: what waits for the person who reads it. Asked only where a template looks."""
    person = request.user

    def answers() -> str:
        return counted(reports.unread_count(person)) if person.is_authenticated else ""

    return {
        "set_aside_count": SimpleLazyObject(lambda: counted(waiting_count(person, at_most=COUNTED_MAX + 1))),
        "waiting_counts": SimpleLazyObject(lambda: waiting_counts(person)),
        "report_answer_count": SimpleLazyObject(answers),
    }


def waiting_counts(person: Any) -> dict[str, str]:
    """How many disputes, set aside clips and reports wait for this moderator, as a page has room for it."""
    decidable = permissions.decidable_by(person)
    kinds = {str(status): decidable.filter(status=status) for status in (S.DISPUTED, S.QUARANTINED)}
    kinds["reports"] = permissions.reported_to(person)
    return {kind: counted(clips[: COUNTED_MAX + 1].count()) for kind, clips in kinds.items()}


def counted(count: int) -> str:
    """The number as a page has room for it; empty where nothing waits."""
    if count > COUNTED_MAX:
        return f"{COUNTED_MAX}+"
    return str(count) if count else ""


def decide(clip: Clip, *, by: Any, decision: Decision, seen: str) -> Verdict:
    """Keep one moderator's verdict and move the clip, if it still is as they saw it; raises NotDecidable.

    Where two have to agree, the first one's word is a proposal that moves nothing. Whoever reported the clip is
    answered once it moves. The suggestion that a clip in review is owed comes from the next sweep, as for all of them.
    """
    check_before(clip, by=by, decision=decision)
    with transaction.atomic():
        current = Clip.objects.select_for_update().get(pk=clip.pk)
        check_behind_the_lock(current, by=by, decision=decision, seen=seen)
        proposal = suspicions.proposal_on(current)
        needs_two = needs_second(current, decision)
        is_seconding = needs_two and proposal is not None and proposal.to_status == decision.to_status
        verdict = Verdict.objects.create(
            clip=current,
            decided_by=by,
            from_status=current.status,
            to_status=decision.to_status,
            reason=decision.reason,
            note=decision.note,
            examination=answered(current, decision),
            is_proposal=needs_two and not is_seconding,
            proposal=proposal if is_seconding else None,
        )
        if not verdict.is_proposal:
            columns = columns_owed(decision.to_status)
            states.move(current, to=decision.to_status, by=by, reason=decision.reason, **columns)
            reports.answer(current, by=by, words=decision.answer, verdict=verdict)
    return verdict


def foresee(clip: Clip, *, by: Any, decision: Decision, seen: str) -> None:
    """Raise what `decide` would raise now, and change nothing."""
    check_before(clip, by=by, decision=decision)
    check_behind_the_lock(clip, by=by, decision=decision, seen=seen)


def check_before(clip: Clip, *, by: Any, decision: Decision) -> None:
    """What is asked before the transaction: nobody waits for storage behind a lock."""
    check_may_decide(clip, by)
    check_complete(clip, decision)
    if decision.to_status in USABLE and not has_sound(clip):
        raise NothingToHear


def check_behind_the_lock(clip: Clip, *, by: Any, decision: Decision, seen: str) -> None:
    """Raise where the clip is not as it was seen, or one person would decide alone what takes two."""
    check_is_as_seen(clip, seen)
    if not needs_second(clip, decision):
        return
    if decision.is_in_bulk:
        raise NotInBulk
    proposal = suspicions.proposal_on(clip)
    if proposal and proposal.decided_by_id == by.pk and proposal.to_status == decision.to_status:
        raise OwnProposal


def needs_second(clip: Clip, decision: Decision) -> bool:
    """Whether two have to agree: screening it again lets others hear it too, where the machine finds nothing."""
    return decision.to_status != S.REJECTED and suspicions.is_suspected(clip)


def answered(clip: Clip, decision: Decision) -> Examination | None:
    """The machine's opinion that the verdict confirms or overturns; unheard, nobody overturns it."""
    return None if decision.is_in_bulk and decision.to_status in USABLE else opinion_on(clip)


def check_may_decide(clip: Clip, person: Any) -> None:
    """Raise unless the person moderates its language, and the clip is nothing to them."""
    if not permissions.may_moderate_in(person, clip.language):
        raise MayNotDecide
    if clip.ratings.filter(rater=person).exists():
        raise OwnRating
    if clip.reports.filter(reporter=person).exists():
        raise OwnReport
    if not permissions.impartial(person).filter(pk=clip.pk).exists():
        raise OwnClip


def check_complete(clip: Clip, decision: Decision) -> None:
    """Raise unless the clip goes somewhere, and a refusal has a reason that we know."""
    if decision.to_status == clip.status:
        raise AlreadySo
    if decision.to_status not in TARGETS:
        raise IncompleteVerdict
    if decision.to_status == S.REJECTED and decision.reason not in known_reasons(clip):
        raise NothingFound if decision.is_in_bulk else IncompleteVerdict


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
    return marks([clip])[clip.pk]


def marks(clips: Iterable[Clip]) -> dict[UUID, str]:
    """The mark of each: its status as we read it, and the last of all that was said of it. In one query."""
    read = {clip.pk: clip.status for clip in clips}

    def of_each(rows: Any, said: Aggregate) -> Subquery:
        return Subquery(rows.filter(clip=OuterRef("pk")).order_by().values("clip").annotate(said=said).values("said"))

    said = Clip.objects.filter(pk__in=read).values_list(
        "pk",
        of_each(Verdict.objects, Max("pk")),
        of_each(Examination.objects, Max("pk")),
        of_each(ClipReport.objects, Count("pk")),
    )
    return {pk: f"{read[pk]}.{verdict or 0}.{seen or 0}.{reported or 0}" for pk, verdict, seen, reported in said}


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
    for verdict in clip.verdicts.filter(is_proposal=False).select_related("examination").order_by("pk"):
        if verdict.examination is None:
            continue
        if verdict.to_status in USABLE:
            # The whole clip was heard, and with it whatever else was found.
            wrong.update({verdict.examination.reason, *verdict.examination.notes})
        elif verdict.to_status == S.REJECTED:
            wrong -= {verdict.examination.reason, *verdict.examination.notes}
    return frozenset(wrong)
