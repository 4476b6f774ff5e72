"""The first page with its live figures."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from contributions.models import Clip
from openempathic.registry.champion import champion


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What this is in one breath, and how far it has come."""
    return render(request, "home.html", {"figures": figures(), "champion": champion()})


def figures() -> dict[str, int]:
    """How many clips of volunteers are live, in how many languages, by how many voices."""
    clips = Clip.objects.live().exclude(status=Clip.Status.UNUSABLE).filter(licence__isnull=True)
    return {
        "clips": clips.count(),
        "languages": clips.values("language").distinct().count(),
        "contributors": clips.values("contributor").distinct().count(),
    }
