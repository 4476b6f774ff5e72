"""The person's own archive, built when they ask for it."""

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from contributions.leaving import exports
from contributions.views.doors import named_voice, voice_required


@voice_required
@never_cache
@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    """Everything of one of the person's voices as one download."""
    voice = named_voice(request)
    try:
        archive = exports.export(voice, by=voice.actor)
    except exports.TooManyExports:
        return too_many(request)
    name = f"my-voice-{timezone.now():%Y-%m-%d}.zip"
    return FileResponse(archive, as_attachment=True, filename=name, content_type="application/zip")


def too_many(request: HttpRequest) -> HttpResponse:
    """The page that asks for patience."""
    return render(request, "429.html", status=429)
