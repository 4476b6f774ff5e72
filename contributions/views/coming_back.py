"""What brings a person back: the goal they set for themselves, and an end to mail at one click."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from contributions import news, progress
from contributions.consenting import consent
from contributions.models import Contributor
from contributions.models.coming_back import CLIPS_A_WEEK_MAX
from contributions.views.doors import speaking, voice_required


@voice_required
@require_POST
def goal(request: HttpRequest) -> HttpResponse:
    """Keep how many clips a week the person would like to give; empty is none."""
    voice, said = speaking(request), request.POST.get("clips_a_week", "").strip()
    try:
        progress.set_goal(voice, number_in(said), by=voice.actor)
    except progress.NotAGoal:
        wanted = _("Please give a number from 1 to %(most)s, or leave it empty.") % {"most": CLIPS_A_WEEK_MAX}
        messages.error(request, wanted)
    else:
        kept = _("Your goal is set. Nothing depends on it but your own joy.") if said else _("You have no goal now.")
        messages.success(request, kept)
    return redirect("my-clips")


def number_in(said: str) -> int | None:
    """The number that was written; None for nothing."""
    if not said:
        return None
    # Arabic and Hindi digits are digits too.
    if not said.isdecimal() or len(said) > 6:
        raise progress.NotAGoal
    return int(said)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, word: str) -> HttpResponse:
    """End mail with one click: the page's button, or the mail program's own, which sends no cookie (RFC 8058).

    A visit alone changes nothing, since programs that look for viruses follow every link.
    """
    try:
        voice = news.subscriber_of(word)
    except news.NotOurs as fault:
        raise Http404 from fault
    if request.POST.get("List-Unsubscribe") == "One-Click":
        return ended(request, voice)
    return asked(request, voice=voice)


@csrf_protect
def asked(request: HttpRequest, *, voice: Contributor) -> HttpResponse:
    """The question at a GET, the act at a POST of our own page."""
    if request.method == "POST":
        return ended(request, voice)
    return shown(request, is_over=False)


def ended(request: HttpRequest, voice: Contributor) -> HttpResponse:
    """From now on we write no more."""
    news.unsubscribe(voice, locale=consent.locale_now())
    return shown(request, is_over=True)


def shown(request: HttpRequest, **facts: Any) -> HttpResponse:
    """The page, in either state."""
    return render(request, "contribute/unsubscribe.html", facts)
