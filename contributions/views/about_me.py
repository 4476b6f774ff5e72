"""About me: what a volunteer may tell about themselves, open only while they allow us to keep it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from contributions import consent, facts
from contributions.forms import AboutMeForm
from contributions.models import Purpose
from contributions.views.doors import speaking, voice_required


@voice_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def about_me(request: HttpRequest) -> HttpResponse:
    """Ask for age band, gender and accent, each of which may stay empty."""
    contributor = speaking(request)
    said = request.POST if request.method == "POST" else None
    form = AboutMeForm(said, initial=AboutMeForm.of(facts.told(contributor)))
    may_tell = consent.covers(contributor, Purpose.DEMOGRAPHICS)
    if request.method == "POST" and form.is_valid():
        try:
            facts.tell(contributor, form.facts(), by=contributor.actor)
        except facts.NotAllowed:
            may_tell = False
        else:
            messages.success(request, _("Saved. You can change or empty it at any time."))
            return redirect("my-clips")
    status = 200 if may_tell or request.method != "POST" else 403
    return render(request, "contribute/about_me.html", {"form": form, "may_tell": may_tell}, status=status)
