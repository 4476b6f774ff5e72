"""About me: what a volunteer may tell about themselves, open only while they allow us to keep it."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from contributions.consenting import consent, facts, varieties
from contributions.forms.contributing import VARIETY, AboutMeForm
from contributions.models import Contributor, Purpose
from contributions.views import words
from contributions.views.contributing import SPOKEN_LANGUAGE
from contributions.views.doors import speaking, voice_required


@voice_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def about_me(request: HttpRequest) -> HttpResponse:
    """Ask for age band, gender, and accent in each language, each of which may stay empty."""
    contributor = speaking(request)
    said = request.POST if request.method == "POST" else None
    languages = {tag: words.tongue(tag).label for tag in languages_of(request, contributor)}
    form = AboutMeForm(said, initial=told(contributor), languages=languages)
    may_tell = consent.covers(contributor, Purpose.DEMOGRAPHICS)
    if request.method == "POST" and form.is_valid():
        try:
            keep(contributor, form)
        except facts.NotAllowed:
            may_tell = False
        else:
            messages.success(request, _("Saved. You can change or empty it at any time."))
            return redirect("my-clips")
    status = 200 if may_tell or request.method != "POST" else 403
    suggested = [(tag, varieties.suggestions(tag)) for tag in languages] if may_tell else []
    page = {"form": form, "may_tell": may_tell, "suggested": suggested, "fewest": varieties.VOICES_TO_HIDE_AMONG}
    return render(request, "contribute/about_me.html", page, status=status)


def languages_of(request: HttpRequest, contributor: Contributor) -> list[str]:
    """The languages that the voice said something of, gave clips in, or is about to speak."""
    given = contributor.clips.values_list("language", flat=True).distinct()
    chosen = request.session.get(SPOKEN_LANGUAGE)
    return sorted({*contributor.varieties.values_list("language", flat=True), *given, *([chosen] if chosen else [])})


def told(contributor: Contributor) -> dict[str, str]:
    """What was told before, as the form shows it."""
    by_language = {f"{VARIETY}{tag}": said for tag, said in varieties.told(contributor).items()}
    return AboutMeForm.of(facts.told(contributor)) | by_language


def keep(contributor: Contributor, form: AboutMeForm) -> None:
    """Keep all of it or nothing; raises NotAllowed."""
    with transaction.atomic():
        facts.tell(contributor, form.facts(), by=contributor.actor)
        varieties.tell(contributor, form.varieties(), by=contributor.actor)
