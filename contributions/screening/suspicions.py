"""Where a child, or somebody's personal data, may be heard: no one person alone lets others hear such a clip again.

A sign is a report, a listener's answer, a machine's reason or an earlier verdict that says so. The word of one
moderator that the clip may be used is a proposal; another's word to the same end moves the clip, and settles every sign
before it. Refusing needs one.
"""

from datetime import UTC, datetime
from typing import Any

from django.db.models import DateTimeField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from contributions.models import Clip, ClipReport, Examination, Rating, Verdict
from contributions.models.clip import ClipQuerySet

DELICATE = ("MINOR", "PERSONAL_DATA")
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def suspected(clips: ClipQuerySet) -> ClipQuerySet:
    """Those of the clips that two people have to agree on before they may be used."""
    of_clip = {"clip": OuterRef("pk")}
    agreed = Verdict.objects.filter(**of_clip, proposal__isnull=False).order_by("-pk").values("decided_at")[:1]
    since = clips.annotate(agreed_at=Coalesce(Subquery(agreed), Value(NEVER, output_field=DateTimeField())))
    after = OuterRef("agreed_at")
    reported = ClipReport.objects.filter(**of_clip, reason__in=DELICATE, reported_at__gt=after)
    heard = Rating.objects.standing().filter(**of_clip, unusable_reason__in=DELICATE, rated_at__gt=after)
    decided = Verdict.objects.filter(**of_clip, reason__in=DELICATE, decided_at__gt=after)
    found = Examination.objects.filter(**of_clip, reason__in=DELICATE, examined_at__gt=after)
    signs = Q(status_reason__in=DELICATE) | Exists(reported) | Exists(heard) | Exists(decided) | Exists(found)
    return since.filter(signs)


def is_suspected(clip: Clip) -> bool:
    """Whether two people have to agree that the clip may be used."""
    return suspected(Clip.objects.filter(pk=clip.pk)).exists()


def proposed() -> "QuerySet[Verdict]":
    """The proposals that are the last word on their clip, and whose author is still here."""
    later = Verdict.objects.filter(clip=OuterRef("clip"), pk__gt=OuterRef("pk"))
    standing = Verdict.objects.filter(is_proposal=True, decided_by__isnull=False, from_status=F("clip__status"))
    return standing.exclude(Exists(later))


def proposal_on(clip: Clip) -> Verdict | None:
    """What somebody proposed and nobody has seconded yet."""
    return proposed().filter(clip=clip).first()


def to_second(clips: ClipQuerySet, person: Any) -> ClipQuerySet:
    """Those of the clips on which another moderator proposed something that this one may second."""
    return clips.filter(pk__in=proposed().exclude(decided_by=person).values("clip"))
