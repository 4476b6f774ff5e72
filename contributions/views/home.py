"""The first page with its live figures, and the pages in plain words."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from contributions import taxonomy
from contributions.models import Clip
from contributions.taxonomy import reading
from contributions.views import words
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


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What we keep of a person, why, and for how long."""
    return plain_page(request, "privacy", title=_("Privacy"))


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    """What we ask of each other."""
    return plain_page(request, "terms", title=_("Terms"))


def plain_page(request: HttpRequest, name: str, *, title: str) -> HttpResponse:
    """A page of plain words, in the reader's language or else in English."""
    for language in (words.reading(), taxonomy.SOURCE_LANGUAGE):
        try:
            body = mark_safe(reading.as_html(taxonomy.page(name, language)))  # noqa: S308  it escapes what it is given
        except taxonomy.NotWritten:
            continue
        return render(request, "pages/plain.html", {"title": title, "language": language, "body": body})
    raise Http404
