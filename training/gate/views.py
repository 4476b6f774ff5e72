"""A curator's word on a candidate, and the gate's report to take away."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from openempathic.accounts.doors import curators_only
from training.gate import GATE, PAGE, approval, page
from training.models import TrainingRun


@curators_only
@require_POST
def run_approval(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Approve or refuse the candidate of a run that waits for it, or say why that cannot be."""
    run = get_object_or_404(TrainingRun, pk=run_id)
    try:
        if request.POST.get("answer") == "approve":
            approval.approve(run, by=request.user)
            messages.success(request, _("Approved: the next free trainer publishes it."))
        else:
            approval.refuse(run, by=request.user, reason=request.POST.get("reason", ""))
            messages.success(request, _("Refused: the champion stays."))
    except approval.NotApprovable as refusal:
        messages.warning(request, str(refusal))
    return redirect("run", run_id=run.pk)


@curators_only
@never_cache
@require_safe
def run_gate(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """What the gate found of a run's candidate, published or not, as a file: a page, or JSON."""
    run = get_object_or_404(TrainingRun, pk=run_id)
    if not run.verdict:
        raise Http404
    answer: Any
    if request.GET.get("format") == "json":
        answer, name = JsonResponse(run.verdict, json_dumps_params={"indent": 2}), GATE
    else:
        answer, name = HttpResponse(page.written(run.verdict)), PAGE
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
