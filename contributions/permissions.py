"""Who may do what. Querysets are scoped by these; a page asks them before it acts."""

from typing import Any

from django.db.models import Exists, OuterRef, Q

from contributions.models import Clip, Contributor, Examination, Purpose, Rating
from contributions.models.clip import ClipQuerySet

# What a machine, or the listeners, could not settle or settled against the clip: a moderator may decide about it.
DECIDABLE = (Clip.Status.UNUSABLE, Clip.Status.QUARANTINED, Clip.Status.DISPUTED, Clip.Status.REJECTED)


def may_moderate(person: Any) -> bool:
    """Moderators and curators judge clips."""
    return person.is_authenticated and person.is_moderator


def may_curate(person: Any) -> bool:
    """Curators invite, release and retrain."""
    return person.is_authenticated and person.is_curator


def impartial(person: Any) -> ClipQuerySet:
    """The clips that the person neither spoke nor rated, and that are like none of theirs."""
    rated = Rating.objects.filter(clip=OuterRef("pk"), rater=person)
    own = Q(twin__contributor__user=person) | Q(twin__contributor__claimed_by=person)
    like_theirs = Examination.objects.filter(own, clip=OuterRef("pk"))
    return Clip.objects.all().not_of(person).exclude(Exists(rated)).exclude(Exists(like_theirs))


def decidable_by(person: Any) -> ClipQuerySet:
    """The clips that the moderator may decide about: set aside, covered now, and nothing to them."""
    return impartial(person).covered_by(Purpose.STORE_AND_REVIEW).filter(status__in=DECIDABLE)


def twins_before(person: Any) -> ClipQuerySet:
    """The clips that one of those is like, so that the moderator can hear both."""
    like = Examination.objects.filter(twin=OuterRef("pk"), clip__in=decidable_by(person))
    return Clip.objects.covered_by(Purpose.STORE_AND_REVIEW).filter(Exists(like))


def audible_to(person: Any, voices: list[Contributor]) -> Any:
    """The live clips that the person with these voices may hear.

    Their own; a moderator's turns, and what they may decide about with what it is like; all for a curator.
    """
    clips = Clip.objects.live()
    if may_curate(person):
        return clips
    if may_moderate(person):
        decidable = Exists(decidable_by(person).filter(pk=OuterRef("pk")))
        twins = Exists(twins_before(person).filter(pk=OuterRef("pk")))
        return clips.filter(Q(contributor__in=voices) | Q(turns__rater=person) | decidable | twins).distinct()
    return clips.of(voices)
