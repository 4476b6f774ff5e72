"""How somebody speaks the language that they chose: asked once, before the studio opens."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from contributions.consenting import consent, facts, varieties
from contributions.forms.varieties import VarietyForm
from contributions.models import Purpose
from contributions.views import words
from contributions.views.contributing import SPOKEN_LANGUAGE
from contributions.views.doors import speaking, voice_required


@voice_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def variety(request: HttpRequest) -> HttpResponse:
    """Ask for accent and variety; whoever skips is not asked again. Without the permission nothing is asked."""
    contributor, language = speaking(request), request.session.get(SPOKEN_LANGUAGE)
    if language is None:
        return redirect("choose-language")
    if not consent.covers(contributor, Purpose.DEMOGRAPHICS):
        return redirect("studio")
    suggested = varieties.suggestions(language)
    form = VarietyForm(request.POST if request.method == "POST" else None, suggestions=suggested)
    is_skipped = "skip" in request.POST
    if is_skipped or form.is_valid():
        try:
            said = varieties.told(contributor).get(language, "") if is_skipped else form.said()
            varieties.tell(contributor, {language: said}, by=contributor.actor)
        except facts.NotAllowed:
            # Taken back a moment ago, in another tab.
            pass
        return redirect("studio")
    facts_of_page = {"form": form, "language": words.tongue(language), "fewest": varieties.VOICES_TO_HIDE_AMONG}
    return render(request, "contribute/variety.html", facts_of_page, status=422 if form.is_bound else 200)
