"""Who the contributors' pages open to: accounts and guests; a stranger is asked how they want to take part."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from contributions.consenting.voices import voices_of
from contributions.models import Contributor

View = Callable[..., HttpResponseBase]


def voice_required(view: View) -> View:
    """Let in whoever has a voice here; bring others back to this page once they have one."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
        if voices_of(request):
            return view(request, *args, **named)
        return redirect(f"{reverse('take-part')}?{urlencode({'next': request.get_full_path()})}")

    return answer


def named_voice(request: HttpRequest) -> Contributor:
    """The one of the person's voices that the request names, else the one that speaks now; 404 for anybody else's."""
    voices = {str(voice.pk): voice for voice in voices_of(request)}
    named = request.POST.get("voice") or request.GET.get("voice") or next(iter(voices))
    if named not in voices:
        raise Http404
    return voices[named]


def speaking(request: HttpRequest) -> Contributor:
    """The voice that speaks now, on a page that only opens to one."""
    return voices_of(request)[0]
