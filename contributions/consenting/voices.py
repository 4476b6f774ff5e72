"""With whose voice a request speaks: an account's own and those it claimed, a guest's, or nobody's."""

from typing import Any

from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from contributions.consenting import consent, guests, retention
from contributions.models import Contributor

KNOWN = "_voices"


def voices_of(request: Any) -> list[Contributor]:
    """Every voice that is the person's, the one that speaks now first; none for a stranger. Asked once a request."""
    if not hasattr(request, KNOWN):
        setattr(request, KNOWN, found(request))
    return list(getattr(request, KNOWN))


def found(request: Any) -> list[Contributor]:
    """The account's voices, or else the guest's; that they came moves the clock of retention."""
    if request.user.is_authenticated:
        own = consent.contributor_for(request.user)
        voices = [own, *Contributor.objects.filter(claimed_by=request.user).order_by("created_at")]
    else:
        guest = guests.guest_of(request.session)
        voices = [guest] if guest else []
    for voice in voices[:1]:
        retention.touch(voice, now=timezone.now())
    return voices


def voice_of(request: Any) -> Contributor | None:
    """The voice that speaks now."""
    return next(iter(voices_of(request)), None)


def forget(request: Any) -> None:
    """For the rest of the request nobody speaks: the person has just left."""
    setattr(request, KNOWN, [])


def is_guest(request: Any) -> bool:
    """Whether the person has a voice here and no account."""
    return not request.user.is_authenticated and voice_of(request) is not None


def in_templates(request: Any) -> dict[str, Any]:
    """For every page: whether it is read by a guest, and whose takes it may send. Asked only where a template looks."""
    return {
        "is_guest": SimpleLazyObject(lambda: is_guest(request)),
        "voice_ids": SimpleLazyObject(lambda: " ".join(ids_of(request))),
        "unclaimed": SimpleLazyObject(lambda: unclaimed(request)),
    }


def ids_of(request: Any) -> list[str]:
    """The ids of the person's voices, their own first; to be read on any page, so it makes none and winds no clock."""
    if hasattr(request, KNOWN) or not request.user.is_authenticated:
        return [str(voice.pk) for voice in voices_of(request)]
    mine = Contributor.objects.filter(Q(user=request.user) | Q(claimed_by=request.user))
    return [str(pk) for pk in mine.order_by(F("user").desc(nulls_last=True), "created_at").values_list("pk", flat=True)]


def unclaimed(request: Any) -> str:
    """The id of the guest's voice that this browser spoke with before its person signed in; empty if there is none."""
    guest = guests.guest_of(request.session) if request.user.is_authenticated else None
    return str(guest.pk) if guest else ""
