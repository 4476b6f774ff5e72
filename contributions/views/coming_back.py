"""What brings a person back: the goal they set for themselves, and an end to mail at one click."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from contributions import news, progress
from contributions.consenting import consent
from contributions.models.coming_back import CLIPS_A_WEEK_MAX
from contributions.views.doors import speaking, voice_required
from contributions.views.unsubscribing import ends_mail


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


@ends_mail("contribute/unsubscribe.html")
def unsubscribe(word: str) -> Callable[[], bool]:
    """End mail about clips and checkpoints with one click."""
    voice = news.subscriber_of(word)
    return lambda: news.unsubscribe(voice, locale=consent.locale_now())
