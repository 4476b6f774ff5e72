"""Pages that help when the microphone does not."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from contributions.microphone_help import BROWSERS, PROBLEMS, browser_of


@require_safe
def microphones(request: HttpRequest) -> HttpResponse:
    """Every way to have no sound, to choose the one that fits."""
    return render(request, "help/microphones.html", {"problems": PROBLEMS})


@require_safe
@vary_on_headers("User-Agent")
def microphone(request: HttpRequest, problem: str) -> HttpResponse:
    """What to do about one of them: first for the reader's own browser, then for the others."""
    told = next((each for each in PROBLEMS if each.name == problem), None)
    if told is None:
        raise Http404
    own = browser_of(request.headers.get("User-Agent", ""))
    ways = [{"name": name, "label": label, "steps": told.steps[name]} for name, label in BROWSERS.items()]
    shown = {
        "problem": told,
        "own": next(way for way in ways if way["name"] == own),
        "others": [way for way in ways if way["name"] != own],
        "further": [each for each in PROBLEMS if each is not told],
    }
    return render(request, "help/microphone.html", shown)
