"""A curator's way to the prompts: what was said of them, and whether they are offered."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from contributions import offering
from contributions.hearings import Hearing, hearings
from contributions.models import Prompt, PromptReport, PromptSkip
from contributions.views import words
from contributions.wish_forms import OfferingForm
from openempathic.accounts.doors import curators_only


@curators_only
@never_cache
@require_safe
def prompts(request: HttpRequest) -> HttpResponse:
    """The prompts that somebody said something of."""
    return render(request, "curation/prompts.html", {"hearings": [described(each) for each in hearings()]})


@curators_only
@never_cache
@require_POST
def decide(request: HttpRequest, prompt_id: str) -> HttpResponse:
    """Stop offering a prompt, or offer it again, with a reason."""
    prompt = get_object_or_404(Prompt, pk=prompt_id)
    form = OfferingForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please say why: others will want to know."))
        return redirect("prompts")
    try:
        offering.decide(prompt, by=request.user, **form.decision())
    except offering.NotDecidable as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Decided. Loading the data files again does not undo it."))
    return redirect("prompts")


def described(hearing: Hearing) -> dict[str, Any]:
    """One prompt's hearing in the reader's words."""
    return {
        "hearing": hearing,
        "prompt": hearing.prompt,
        "language": words.tongue(hearing.prompt.language),
        "feeling": words.feeling(hearing.prompt.emotion),
        "reports": named(hearing.reports, dict(PromptReport.Reason.choices)),
        "skips": named(hearing.skips, dict(PromptSkip.Reason.choices)),
    }


def named(reasons: Counter[str], labels: dict[str, Any]) -> list[tuple[str, int]]:
    """Each reason in words with how often it was given, the most frequent first."""
    return [(str(labels.get(reason, reason)), times) for reason, times in reasons.most_common()]
