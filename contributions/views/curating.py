"""A curator's way to the prompts: what was said of them, and whether they are offered."""

from collections import Counter
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributions.asking import examples, offering
from contributions.asking.hearings import Hearing, hearings
from contributions.forms.wishes import OfferingForm
from contributions.models import Prompt, PromptExample, PromptReport, PromptSkip
from contributions.views import words
from openempathic.accounts.doors import curators_only

EXAMPLES_SHOWN = 20


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


@curators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def example(request: HttpRequest, prompt_id: str) -> HttpResponse:
    """Choose the clip that may be heard before the prompt is said, or none."""
    prompt = get_object_or_404(Prompt, pk=prompt_id)
    if request.method == "POST":
        decide_example(request, prompt)
        return redirect("prompt-example-choice", prompt_id=prompt.pk)
    chosen = PromptExample.objects.filter(prompt=prompt).first()
    facts = {
        "prompt": prompt,
        "language": words.tongue(prompt.language),
        "feeling": words.feeling(prompt.emotion),
        "clips": examples.candidates(prompt)[:EXAMPLES_SHOWN],
        "chosen": chosen and chosen.clip_id,
    }
    return render(request, "curation/example.html", facts)


def decide_example(request: HttpRequest, prompt: Prompt) -> None:
    """Do what the curator pressed, and say so."""
    if "remove" in request.POST:
        examples.remove(prompt, by=request.user)
        messages.success(request, _("There is no example any more."))
        return
    try:
        examples.choose(prompt, uuid_in(request.POST.get("clip", "")), by=request.user)
    except examples.NotAnExample as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Kept. Everybody but its speaker may ask to hear it."))


def uuid_in(said: str) -> UUID | None:
    """The id that was sent; None for what is none."""
    try:
        return UUID(said)
    except ValueError:
        return None


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
