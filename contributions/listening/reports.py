"""A listener says that a clip should be heard by nobody: at the second such word, or a moderator's first, it is not.

Whoever reported a clip reads what was answered, on a page of their own, and never by whom. A moderator who reported
one leaves the decision to another.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from contributions import permissions, states
from contributions.listening import queue
from contributions.models import Clip, ClipReport, Purpose, Rating, RatingTurn, ReportAnswer, Verdict
from contributions.models.clip import ClipQuerySet
from openempathic import audit
from openempathic.audit.models import AuditEvent

S = Clip.Status
AGENT = "reports"
REPORTED = "REPORTED"
# In the log: a person looked at the answers to their reports.
READ = "reports.read"
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
HIDING_REPORTS = 2
HEARD = permissions.HEARD
# A moderator decides about these in any case; a report is one word more.
UNDECIDED = (S.DISPUTED, S.QUARANTINED)


class NotReportable(Exception):
    """The report, or the answer to one, could not be kept; the message is for whoever wrote it."""

    text = gettext_noop("This clip cannot be reported.")

    @property
    def message(self) -> str:
        """Why, in the reader's language."""
        return _(self.text)


class MayNotReport(NotReportable):
    text = gettext_noop("You can report a clip that you have heard here.")


class AlreadyReported(NotReportable):
    text = gettext_noop("You have reported this clip already. The answer will stand under Your reports.")


class NoLongerHeard(NotReportable):
    text = gettext_noop("Nobody hears this clip any more, so there is nothing left to report. Thank you all the same.")


class IncompleteReport(NotReportable):
    text = gettext_noop("Please choose what is wrong with the clip.")


class MayNotAnswer(NotReportable):
    text = gettext_noop("Another moderator has to answer this report.")


class NothingToAnswer(NotReportable):
    text = gettext_noop("Somebody has answered meanwhile, or the clip is gone. There is nothing to answer any more.")


@dataclass(frozen=True)
class ReportReason:
    """What may be wrong with a clip, by its stored code and as its reporter reads it."""

    code: str
    text: str | Promise


REASONS = (
    ReportReason("MINOR", gettext_lazy("The speaker seems to be under 18")),
    ReportReason("PERSONAL_DATA", gettext_lazy("One can tell who somebody is: a name, an address, a number")),
    ReportReason("OFFENSIVE", gettext_lazy("It is hateful or degrading")),
    ReportReason("NOT_THEIRS", gettext_lazy("It does not seem to be the speaker's own voice, or not given freely")),
    ReportReason("DANGER", gettext_lazy("Somebody seems to be in danger")),
    ReportReason("OTHER", gettext_lazy("Something else")),
)


def in_words(code: str) -> str:
    """The reason as people read it; one that nobody has words for is shown as it is."""
    return next((str(reason.text) for reason in REASONS if reason.code == code), code)


def reportable_by(person: Any) -> ClipQuerySet:
    """The clips that the person may report: covered, not their own, and heard by them or theirs to moderate."""
    turns = RatingTurn.objects.filter(clip=OuterRef("pk"), rater=person)
    answers = Rating.objects.filter(clip=OuterRef("pk"), rater=person)
    has_met = Q(Exists(turns)) | Q(Exists(answers))
    clips = Clip.objects.covered_by(Purpose.STORE_AND_REVIEW).not_of(person)
    # A condition that says nothing, as theirs who moderate all, would leave only the other one.
    if permissions.moderates_all(person):
        return clips
    return clips.filter(has_met | permissions.moderated(person))


def report(clip: Clip, *, by: Any, reason: str, words: str = "") -> ClipReport:
    """Keep one person's report, end their turn, and set the clip aside where it is enough; raises NotReportable."""
    if reason not in {each.code for each in REASONS}:
        raise IncompleteReport
    if not reportable_by(by).filter(pk=clip.pk).exists():
        raise MayNotReport
    is_by_moderator = permissions.may_moderate_in(by, clip.language)
    try:
        with transaction.atomic():
            # The clip's row is locked, so that of two reports at once the second one counts the first.
            current = Clip.objects.select_for_update().get(pk=clip.pk)
            if not is_reportable(current):
                raise NoLongerHeard
            kept = ClipReport.objects.create(
                clip=current, reporter=by, reason=reason, words=words.strip(), is_by_moderator=is_by_moderator
            )
            audit.record("clip.reported", subject=current, by=by, reason=reason)
            RatingTurn.objects.filter(clip=current, rater=by, closed_at=None).update(closed_at=timezone.now())
            queue.let_go(current.pk, by=by)
            set_aside_where_enough(current)
    except IntegrityError as twice:
        raise AlreadyReported from twice
    return kept


def is_reportable(clip: Clip) -> bool:
    """Behind the lock: whether anybody may still hear the clip, or a moderator has yet to decide about it."""
    covered = Clip.objects.covered_by(Purpose.STORE_AND_REVIEW).filter(pk=clip.pk)
    return clip.status in (*HEARD, *UNDECIDED) and covered.exists()


def set_aside_where_enough(clip: Clip) -> None:
    """Take the clip from all listeners at the second unanswered report, or at a moderator's first."""
    standing = unanswered(clip)
    is_enough = standing.filter(is_by_moderator=True).exists() or standing.count() >= HIDING_REPORTS
    if is_enough and clip.status in HEARD:
        states.move(clip, to=S.QUARANTINED, by=AGENT, reason=REPORTED)


def unanswered(clip: Clip) -> "QuerySet[ClipReport]":
    """The reports of the clip that wait for an answer, the oldest first."""
    return ClipReport.objects.filter(clip=clip, answer__isnull=True)


def answer(clip: Clip, *, by: Any, words: str, verdict: Verdict | None = None) -> int:
    """Answer every open report of the clip, in the transaction of whatever was decided; returns how many."""
    answers = [
        ReportAnswer(report=each, verdict=verdict, words=words.strip(), answered_by=by) for each in unanswered(clip)
    ]
    ReportAnswer.objects.bulk_create(answers)
    return len(answers)


def leave(clip: Clip, *, by: Any, words: str) -> int:
    """Answer the reports of a clip that one listener reported, and leave it with the listeners; returns how many."""
    if not open_to(by).filter(pk=clip.pk).exists():
        raise MayNotAnswer if unanswered(clip).exists() else NothingToAnswer
    with transaction.atomic():
        current = Clip.objects.select_for_update().get(pk=clip.pk)
        if current.status not in HEARD or not unanswered(current).exists():
            raise NothingToAnswer
        audit.record("clip.left", subject=current, by=by)
        return answer(current, by=by, words=words)


def open_to(person: Any) -> ClipQuerySet:
    """The clips that are still heard, with an open report that the moderator may answer."""
    return permissions.reported_to(person)


def of(person: Any) -> "QuerySet[ClipReport]":
    """The person's own reports with their answers, the newest first."""
    return ClipReport.objects.filter(reporter=person).select_related("answer__verdict", "clip").order_by("-reported_at")


def unread_count(person: Any) -> int:
    """How many answers came since the person last looked at them; asked on every page, so in one query."""
    looked = AuditEvent.objects.filter(subject_type=person._meta.label_lower, subject_id=str(person.pk), act=READ)
    last = Coalesce(Subquery(looked.order_by("-pk").values("at")[:1]), Value(NEVER, output_field=DateTimeField()))
    return ReportAnswer.objects.filter(report__reporter=person, answered_at__gt=last).count()


def note_read(person: Any) -> None:
    """Keep that the person has looked at every answer to a report of theirs."""
    if unread_count(person):
        with transaction.atomic():
            audit.record(READ, subject=person, by=person)


def erase_words(clip: Clip) -> None:
    """What was written of a clip goes with it; that it was reported, and why, stays."""
    ClipReport.objects.filter(clip=clip).update(words="")
    ReportAnswer.objects.filter(report__clip=clip).update(words="")
