"""How it was, as the speaker says: kept beside what was asked for and what listeners hear, and never mixed with them.

Append-only: a later answer is a new row, and the newest counts. Only the clip's own voice may say it, and only under
words of consent that named it. Raters see none of it. What a release carries of it is the feeling and the manner, where
the words that the voice agreed to for that kind of release name them; the speaker's own words stay here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contributions import taxonomy
from contributions.models import Clip, Contributor, CurrentConsent, Purpose, SelfReport
from contributions.taxonomy.styles import names as styles
from openempathic import among, audit  # noqa: F401

NOT_SURE = "not_sure"
DESCRIPTION_LETTERS_MAX = 500
# A person who changes their mind more often than this is a program.
ANSWERS_MAX = 20
# The versions of the words since which they name it; who agreed to older ones agreed to less.
NAMED_SINCE: dict[str, tuple[int, ...]] = {Purpose.STORE_AND_REVIEW: (1, 1), Purpose.RELEASE_DATASET: (1, 1)}


@dataclass(frozen=True)
class Said:
    """One answer; what was not said is empty."""

    emotion: str = ""
    styles: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Kept:
    """The row, and whether this call made it."""

    report: SelfReport
    is_new: bool


class NotSaid(Exception):
    """The answer could not be kept; `code` is for programs, the message for people, `status` for HTTP."""

    code = "not_said"
    status = 400
    text = gettext_noop("This could not be kept.")

    @property
    def message(self) -> str:
        """Why, in the reader's language."""
        return _(self.text)


class NotYours(NotSaid):
    code, status = "not_found", 404
    text = gettext_noop("There is nothing here, or it is not yours.")


class NotAgreed(NotSaid):
    code, status = "not_agreed", 403
    text = gettext_noop(
        "We may not keep how it was: the words that you agreed to do not name it yet. Please read them."
    )


class Gone(NotSaid):
    code, status = "clip_gone", 410
    text = gettext_noop("The clip is withdrawn, so nothing is kept of it.")


class UnknownWord(NotSaid):
    code, status = "unknown_word", 400
    text = gettext_noop("We do not know this feeling, or this manner of speaking.")


class TooLong(NotSaid):
    code, status = "too_long", 400
    text = gettext_noop("Please say it in fewer words.")


class AnotherAnswer(NotSaid):
    code, status = "another_answer", 409
    text = gettext_noop("Another answer was already sent under this number.")


class TooOften(NotSaid):
    code, status = "too_often", 429
    text = gettext_noop("You have said how this clip was as often as we can keep.")


def say(clip: Clip, said: Said, *, report_id: UUID, by: Any) -> Kept:
    """Keep how it was; the same answer under the same id is kept once. Raises NotSaid."""
    if by is None or clip.contributor.actor != by:
        raise NotYours
    check_words(said)
    with transaction.atomic():
        # The lock on the clip: a purge comes before us, and is seen, or after, and erases what we kept.
        locked = Clip.objects.select_for_update().get(pk=clip.pk)
        if locked.status in (Clip.Status.WITHDRAWN, Clip.Status.PURGED):
            raise Gone
        if known := SelfReport.objects.filter(pk=report_id).first():
            return same(known, clip, said)
        if not names_it(clip.contributor, Purpose.STORE_AND_REVIEW):
            raise NotAgreed
        if clip.self_reports.count() >= ANSWERS_MAX:
            raise TooOften
        facts = {"emotion": said.emotion, "styles": list(said.styles), "description": said.description}
        report = SelfReport.objects.create(id=report_id, clip=clip, **facts)
        # That something was said, never what: the log is not erased.
        audit.record("clip.self_reported", subject=clip, by=by)
    return Kept(report, is_new=True)


def check_words(said: Said) -> None:
    """Raise UnknownWord or TooLong for what a form of ours would not send."""
    if said.emotion and said.emotion not in feelings():
        raise UnknownWord
    if not styles().issuperset(said.styles) or len(set(said.styles)) != len(said.styles):
        raise UnknownWord
    if len(said.description) > DESCRIPTION_LETTERS_MAX:
        raise TooLong


def feelings() -> tuple[str, ...]:
    """What a speaker may say that they felt: the seven, the families beyond them, and that they are not sure."""
    return (*(emotion.name for emotion in taxonomy.emotions()), NOT_SURE)


def same(known: SelfReport, clip: Clip, said: Said) -> Kept:
    """The row that an earlier try made; raises AnotherAnswer where it says something else, or of another clip."""
    if known.clip_id != clip.pk or content(known) != said:
        raise AnotherAnswer
    return Kept(known, is_new=False)


def content(report: SelfReport) -> Said:
    """What the row says."""
    return Said(report.emotion, tuple(report.styles), report.description)


def names_it(contributor: Contributor, purpose: str) -> bool:
    """Whether the words that the contributor agrees to for the purpose name what speakers say."""
    return contributor.pk in agreed([contributor.pk], purpose)


def agreed(contributors: Sequence[UUID], purpose: str) -> set[UUID]:
    """Those of the contributors whose answer to the purpose stands, and stands on words that name it."""
    given = CurrentConsent.objects.filter(contributor__in=contributors, purpose=purpose, is_given=True)
    versions = given.values_list("contributor_id", "event__text__version")
    since = NAMED_SINCE.get(purpose, ())
    return {pk for pk, version in versions if not since or numbered(version) >= since}


def numbered(version: str | None) -> tuple[int, ...]:
    """The version as one compares versions; of an answer that came without its words, none."""
    return tuple(int(part) for part in (version or "").split(".") if part.isdigit())


def newest(clips: Iterable[UUID]) -> dict[UUID, SelfReport]:
    """The answer that counts, of each of these clips that has one which says something."""
    counts: dict[UUID, SelfReport] = {}
    for report in SelfReport.objects.filter(clip__pk__among=list(clips)).order_by("said_at", "pk"):
        counts[report.clip_id] = report
    return {pk: report for pk, report in counts.items() if content(report) != Said()}


def for_release(clips: Sequence[UUID], purpose: str) -> dict[UUID, dict[str, Any]]:
    """What a release for the purpose says of these clips: the feeling and the manner, never the speaker's own words."""
    reports = newest(clips)
    voices = dict(Clip.objects.filter(pk__in=list(reports)).values_list("pk", "contributor_id"))
    covered = agreed(list(set(voices.values())), purpose)
    told = {pk: report for pk, report in reports.items() if voices[pk] in covered}
    return {
        pk: {"emotion": report.emotion or None, "styles": sorted(report.styles)}
        for pk, report in told.items()
        if report.emotion or report.styles
    }


def erase(clip: Clip) -> None:
    """Nothing that its speaker said of it stays; for the purge, in its transaction."""
    SelfReport.objects.filter(clip=clip).delete()
