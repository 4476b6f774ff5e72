"""Who may do what. Querysets are scoped by these; a page asks them before it acts."""

from typing import Any

from django.db.models import Q

from contributions.models import Clip, Contributor


def may_moderate(person: Any) -> bool:
    """Moderators and curators judge clips."""
    return person.is_authenticated and person.is_moderator


def may_curate(person: Any) -> bool:
    """Curators invite, release and retrain."""
    return person.is_authenticated and person.is_curator


def audible_to(person: Any, voices: list[Contributor]) -> Any:
    """The live clips that the person with these voices may hear: their own, a moderator's turns, a curator all."""
    clips = Clip.objects.live()
    if may_curate(person):
        return clips
    if may_moderate(person):
        return clips.filter(Q(contributor__in=voices) | Q(turns__rater=person)).distinct()
    return clips.of(voices)
