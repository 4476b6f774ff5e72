"""Who may do what. Querysets are scoped by these; a page asks them before it acts."""

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from contributions.models import Clip

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from openempathic.accounts.models import User


def may_contribute(person: "User | AnonymousUser") -> bool:
    """Everybody who signed in may give their voice."""
    return person.is_authenticated


def may_moderate(person: Any) -> bool:
    """Moderators and curators judge clips."""
    return person.is_authenticated and person.is_moderator


def may_curate(person: Any) -> bool:
    """Curators invite, release and retrain."""
    return person.is_authenticated and person.is_curator


def audible_to(person: Any) -> Any:
    """The live clips that the person may hear: their own, a moderator's turns, or all for a curator."""
    clips = Clip.objects.live()
    if may_curate(person):
        return clips
    if may_moderate(person):
        return clips.filter(Q(contributor__user=person) | Q(turns__rater=person)).distinct()
    if may_contribute(person):
        return clips.of(person)
    return clips.none()
