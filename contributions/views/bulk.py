"""Several clips at once: first what would happen to each, and why not to some; then each by a verdict of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from contributions import permissions
from contributions.forms.bulk import OWN_REASON, BulkForm
from contributions.models import Clip
from contributions.screening import verdicts
from contributions.screening.verdicts import Decision
from contributions.views import evidence
from contributions.views.moderating import in_a_list, list_page, moderators_only

S = Clip.Status


@dataclass(frozen=True)
class Outcome:
    """What would happen, or did, to one of the clips: `refusal` says why nothing."""

    shown: dict[str, Any]
    clip: Clip
    seen: str
    decided: str
    why: str
    refusal: str = ""


@moderators_only
@never_cache
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """For each chosen clip what would happen, or why it cannot; nothing happens yet."""
    form = BulkForm(request.POST)
    if not form.is_valid():
        return list_page(request, form, status=422)
    outcomes = list(each_clip(request, form, is_for_real=False))
    facts = {
        "form": form,
        "possible": [each for each in outcomes if not each.refusal],
        "impossible": [each for each in outcomes if each.refusal],
        "missing": len(form.chosen()) - len(outcomes),
        "query": request.GET.urlencode(),
    }
    return render(request, "moderate/bulk_preview.html", facts)


@moderators_only
@never_cache
@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Keep a verdict on each clip that is still as it was seen, and tell which were kept and which not."""
    form = BulkForm(request.POST)
    if not form.is_valid():
        return list_page(request, form, status=422)
    outcomes = list(each_clip(request, form, is_for_real=True))
    facts = {
        "kept": [each for each in outcomes if not each.refusal],
        "not_kept": [each for each in outcomes if each.refusal],
        "missing": len(form.chosen()) - len(outcomes),
        "query": request.GET.urlencode(),
    }
    return render(request, "moderate/bulk_result.html", facts)


def each_clip(request: HttpRequest, form: BulkForm, *, is_for_real: bool) -> Iterator[Outcome]:
    """The chosen clips that are the moderator's to decide about, the longest waiting first, and what became of each."""
    marks = form.chosen()
    act = verdicts.decide if is_for_real else verdicts.foresee
    clips = permissions.impartial(request.user).select_related("contributor").filter(pk__in=marks)
    for clip in clips.order_by("stored_at", "pk"):
        shown = in_a_list(clip)
        decision = decision_on(clip, form.cleaned_data)
        refusal = ""
        try:
            act(clip, by=request.user, decision=decision, seen=marks[clip.pk])
        except verdicts.NotDecidable as refused:
            refusal = refused.message
        why = evidence.reason(decision.reason) if decision.reason else ""
        yield Outcome(shown, clip, marks[clip.pk], evidence.decision(decision.to_status), why, refusal)


def decision_on(clip: Clip, said: dict[str, Any]) -> Decision:
    """What the moderator said of all, for this one; where no machine found anything there is no reason of its own."""
    reason = said["reason"] if said["to_status"] == S.REJECTED else ""
    if reason == OWN_REASON:
        opinion = verdicts.opinion_on(clip)
        reason = opinion.reason if opinion else ""
    return Decision(said["to_status"], reason=reason, note=said["note"].strip(), is_in_bulk=True)
