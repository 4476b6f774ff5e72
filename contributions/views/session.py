"""One sitting in the studio: when it began, and a way to stop and delete all that was given in it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from contributions.consenting.voices import voice_of
from contributions.leaving import withdrawal
from contributions.models import Contributor
from contributions.views.doors import speaking, voice_required

KEPT = "studio_session"
# Who comes back after so long begins anew: what they gave in the morning is not in question in the evening.
ENDS_AFTER = timedelta(hours=4)
# More takes than this on one device are none that we counted.
TAKES_MAX = 10_000


@dataclass(frozen=True)
class Session:
    """With which voice, since when, and when the studio was last asked for something."""

    voice: str
    began_at: datetime
    seen_at: datetime


def kept_in_session(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For the studio: a visit begins a session, or goes on with the one that is open."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        response = view(request, *args, **named)
        if response.status_code == 200:
            go_on(request, speaking(request), now=timezone.now())
        return response

    return answer


def go_on(request: HttpRequest, voice: Contributor, *, now: datetime) -> None:
    """Note that the studio is open for this voice now."""
    open_one = open_session(request, voice, now=now)
    began_at = open_one.began_at if open_one else now
    request.session[KEPT] = {"voice": str(voice.pk), "began_at": began_at.isoformat(), "seen_at": now.isoformat()}


def open_session(request: HttpRequest, voice: Contributor | None, *, now: datetime) -> Session | None:
    """The session of this voice in this browser, unless it ended by itself."""
    said = request.session.get(KEPT)
    if said is None or voice is None or said["voice"] != str(voice.pk):
        return None
    moments = {name: datetime.fromisoformat(said[name]) for name in ("began_at", "seen_at")}
    return Session(said["voice"], **moments) if now - moments["seen_at"] < ENDS_AFTER else None


@voice_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest) -> HttpResponse:
    """Ask once, then withdraw what was given since the session began; the page itself drops what is on the device."""
    voice, now = speaking(request), timezone.now()
    session = open_session(request, voice_of(request), now=now)
    if session is None:
        messages.info(request, _("No session is open in this browser. Below is everything that you gave."))
        return redirect("my-clips")
    if request.method == "POST":
        withdrawn = withdrawal.withdraw_all(voice, by=voice.actor, since=session.began_at)
        del request.session[KEPT]
        messages.success(request, told(withdrawn, dropped=takes_in(request.POST.get("dropped", ""))))
        return redirect("my-clips")
    facts = {
        "voice": voice,
        "began_at": session.began_at,
        "seconds": int((now - session.began_at).total_seconds()),
        "count": withdrawal.given(voice, since=session.began_at).count(),
    }
    return render(request, "contribute/end_session.html", facts)


def takes_in(said: str) -> int:
    """How many takes the page says it dropped from the device."""
    return min(int(said), TAKES_MAX) if said.isascii() and said.isdigit() else 0


def told(withdrawn: int, *, dropped: int) -> str:
    """What happened, in words."""
    sentences = [
        _("The session is over."),
        ngettext(
            "%(count)s clip is withdrawn: nobody hears it any more, and its sound is being erased.",
            "%(count)s clips are withdrawn: nobody hears them any more, and their sound is being erased.",
            withdrawn,
        )
        % {"count": withdrawn}
        if withdrawn
        else _("No clip of it had reached us, so there was none to withdraw."),
    ]
    if dropped:
        sentences.append(
            ngettext(
                "%(count)s take is deleted from this device.",
                "%(count)s takes are deleted from this device.",
                dropped,
            )
            % {"count": dropped}
        )
    return " ".join(sentences)
