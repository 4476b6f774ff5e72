"""The person's own archive, built when they ask for it."""

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from contributions import consent, exports


@login_required
@never_cache
@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    """Everything of the person's voice as one download."""
    try:
        archive = exports.export(consent.contributor_for(request.user), by=request.user)
    except exports.TooManyExports:
        return too_many(request)
    name = f"my-voice-{timezone.now():%Y-%m-%d}.zip"
    return FileResponse(archive, as_attachment=True, filename=name, content_type="application/zip")


def too_many(request: HttpRequest) -> HttpResponse:
    """The page that asks for patience."""
    return render(request, "429.html", status=429)
