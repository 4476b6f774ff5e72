"""My voice: how each clip of one's own fares, and a way to take back one, a day's, a purpose, or all."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributions import progress
from contributions.api.serializers import reason_given, warnings_given
from contributions.consenting import consent, guests, receipts
from contributions.consenting.voices import voices_of
from contributions.leaving import withdrawal
from contributions.models import Clip, Contributor, Purpose, Rating
from contributions.releasing import lineage
from contributions.views import words
from contributions.views.doors import speaking, voice_required

CLIPS_A_PAGE = 25
S = Clip.Status
IN_WORDS = {
    S.STORED: gettext_lazy("Waiting to be checked"),
    S.IN_REVIEW: gettext_lazy("Waiting for a listener"),
    S.UNUSABLE: gettext_lazy("Cannot be used"),
    S.QUARANTINED: gettext_lazy("Set aside for a moderator"),
    S.ACCEPTED: gettext_lazy("Accepted"),
    S.REJECTED: gettext_lazy("Not accepted"),
    S.DISPUTED: gettext_lazy("Listeners disagree; a moderator decides"),
    S.WITHDRAWN: gettext_lazy("Withdrawn; its sound is being erased"),
    S.PURGED: gettext_lazy("Withdrawn; its sound is erased"),
}


SETTLED = (S.ACCEPTED, S.REJECTED)
GONE = (S.WITHDRAWN, S.PURGED)


@voice_required
@never_cache
@require_safe
def my_clips(request: HttpRequest) -> HttpResponse:
    """What the person allows, and their clips, newest first, a heading for each day."""
    voices = voices_of(request)
    clips = Clip.objects.of(voices)
    newest = clips.prefetch_related("examinations").order_by("-stored_at")
    page = Paginator(newest, CLIPS_A_PAGE).get_page(request.GET.get("page"))
    labels = heard(page)
    learnt = lineage.helped_by(page)
    facts = {
        "page": page,
        "clips": [described(clip) | {"heard": labels[clip.pk], "helped": learnt.get(clip.pk, ())} for clip in page],
        "has_live": clips.live().exists(),
        "progress": progress.of(voices, request.user, now=timezone.now()),
        "helped": progress.helped(voices),
        "wants_mail": consent.covers(voices[0], Purpose.CONTACT),
        "purposes": allowed(voices),
        "claimed": voices[1:],
        "as_guest": code_in_this_browser(request),
    }
    return render(request, "contribute/my_clips.html", facts)


def described(clip: Clip) -> dict[str, Any]:
    """A clip as its speaker reads of it."""
    return {
        "clip": clip,
        "day": clip.stored_at.date(),
        "status": IN_WORDS[S(clip.status)],
        "reason": reason_given(clip),
        "warnings": warnings_given(clip),
        "feeling": words.feeling(clip.intended_emotion) if clip.intended_emotion else None,
        "is_live": clip.status not in GONE,
        "is_audible": clip.duration_seconds is not None and clip.status not in (S.UNUSABLE, *GONE),
    }


def heard(clips: Iterable[Clip]) -> dict[UUID, list[dict[str, Any]]]:
    """How many listeners heard which feeling, for clips that are settled; never who."""
    settled = [clip.pk for clip in clips if clip.status in SETTLED]
    blind = Rating.objects.filter(clip__in=settled, phase=Rating.Phase.BLIND, is_usable=True)
    counted: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    answers = blind.values_list("clip", "emotion").annotate(listeners=Count("pk")).order_by("-listeners", "emotion")
    for clip_id, emotion, count in answers:
        counted[clip_id].append({"feeling": words.feeling(emotion), "count": count})
    return counted


def code_in_this_browser(request: HttpRequest) -> str | None:
    """For somebody with an account: the code of the guest as whom this browser acted before they signed in."""
    if not request.user.is_authenticated:
        return None
    guest = guests.guest_of(request.session)
    return guests.code_of(guest) if guest else None


def allowed(voices: Iterable[Contributor]) -> list[dict[str, Any]]:
    """The purposes that the person allows now with any of their voices, the required one first."""
    given = {purpose for voice in voices for purpose, is_given in consent.current(voice).items() if is_given}
    ordered = [purpose for purpose in Purpose if purpose in given]
    return [{"purpose": purpose, "is_required": purpose == consent.REQUIRED} for purpose in ordered]


@voice_required
@require_POST
def take_back(request: HttpRequest, clip_id: UUID) -> HttpResponse:
    """Withdraw one of the person's clips."""
    clip = get_object_or_404(Clip.objects.of(voices_of(request)), pk=clip_id)
    withdrawal.withdraw(clip, by=clip.contributor.actor)
    messages.success(request, _("The clip is withdrawn. Nobody hears it any more, and its sound is being erased."))
    return redirect("my-clips")


@voice_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take_all_back(request: HttpRequest) -> HttpResponse:
    """Ask once, then withdraw every clip of the person."""
    return taken_back(request, address=reverse("withdrawal-of-all"))


@voice_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take_day_back(request: HttpRequest, day: str) -> HttpResponse:
    """Ask once, then withdraw the clips that the person gave on one day (UTC)."""
    asked = day_of(day)
    if not Clip.objects.of(voices_of(request)).filter(stored_at__date=asked).exists():
        raise Http404
    return taken_back(request, address=reverse("withdrawal-of-day", args=[day]), day=asked)


def day_of(word: str) -> date:
    """The day that an address names; 404 where it is none."""
    try:
        return date.fromisoformat(word)
    except ValueError as no_day:
        raise Http404 from no_day


def taken_back(request: HttpRequest, *, address: str, day: date | None = None) -> HttpResponse:
    """The question at a GET, the act at a POST."""
    if request.method == "POST":
        with transaction.atomic():
            for voice in voices_of(request):
                withdrawal.withdraw_all(voice, by=voice.actor, day=day)
        messages.success(request, _("These clips are withdrawn. Nobody hears them, and their sound is being erased."))
        return redirect("my-clips")
    clips = Clip.objects.of(voices_of(request))
    clips = clips.filter(stored_at__date=day) if day else clips
    facts = {"address": address, "day": day, "count": clips.live().count()}
    return render(request, "contribute/take_back.html", facts)


@voice_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take_purpose_back(request: HttpRequest, purpose: str) -> HttpResponse:
    """Take back one purpose; the page asks first where every clip goes with it."""
    if purpose not in Purpose.values:
        raise Http404
    if request.method == "POST":
        with transaction.atomic():
            changes = [withdrawn(voice, purpose) for voice in voices_of(request)]
        if any(changes):
            # A mail that fails undoes nothing: the receipt is on its page too.
            receipts.send(speaking(request), at=timezone.now())
        messages.success(request, _("Taken back. From now on your clips are not used for this."))
        return redirect("my-clips")
    facts = {
        "address": reverse("purpose-withdrawal", args=[purpose]),
        "purpose": Purpose(purpose),
        "is_required": purpose == consent.REQUIRED,
        "count": Clip.objects.of(voices_of(request)).live().count(),
    }
    return render(request, "contribute/take_back.html", facts)


def withdrawn(voice: Contributor, purpose: str) -> bool:
    """Take the purpose back for one voice; whether that changed anything."""
    return bool(consent.withdraw(voice, purpose, by=voice.actor, locale=consent.locale_now()))
