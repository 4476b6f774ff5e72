"""A curator's way to training: the runs, one opened by hand, and one watched."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from contributions.views.recalls import Recall, recall
from openempathic.accounts.doors import curators_only
from openempathic.registry.champion import champion, suggester
from training import lineage, schedule
from training.models import TrainingRun

RUNS_SHOWN = 50
WAYS = (
    ("zero_shot", _("CLARA's own suggestions")),
    ("probe", _("Logistic regression on its embeddings")),
    ("log_mel_baseline", _("Logistic regression without CLARA, to compare with")),
)


@curators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def run_list(request: HttpRequest) -> HttpResponse:
    """The newest runs; a POST opens one now."""
    if request.method == "POST":
        return opened(request)
    runs = list(TrainingRun.objects.select_related("release", "checkpoint", "opened_by")[:RUNS_SHOWN])
    withdrawn = lineage.withdrawn_by_release({run.checkpoint.release_digest for run in runs if run.checkpoint})
    listed = [(run, withdrawn.get(run.checkpoint.release_digest, 0) if run.checkpoint else 0) for run in runs]
    facts = {"runs": listed, "champion": champion(), "suggester": suggester(), "active": schedule.active_run()}
    return render(request, "curation/runs.html", facts)


def opened(request: HttpRequest) -> HttpResponse:
    """Open a run by hand, or say why there can be none now."""
    try:
        run = schedule.open_run(by=request.user)
    except schedule.NotOpenable as refusal:
        messages.warning(request, str(refusal))
        return redirect("runs")
    return redirect("run", run_id=run.pk)


@curators_only
@never_cache
@require_safe
def run_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One run from its release to its checkpoint; as JSON for whoever watches it."""
    runs = TrainingRun.objects.select_related("release", "checkpoint", "opened_by")
    run = get_object_or_404(runs, pk=run_id)
    if request.GET.get("format") == "json":
        return JsonResponse(described(run))
    evaluation = run.checkpoint.evaluation if run.checkpoint else {}
    facts = {
        "run": run,
        "facts": described(run),
        "withdrawn": lineage.withdrawn_heard_by(run.checkpoint) if run.checkpoint else 0,
        "recalls": recalls(evaluation),
        "chance": evaluation.get("chance"),
    }
    return render(request, "curation/run.html", facts)


def described(run: TrainingRun) -> dict[str, Any]:
    """Where the run is, as plain values."""
    return {
        "status": run.status,
        "status_text": run.get_status_display(),
        "reason": run.status_reason,
        "is_active": run.is_active,
        "progress": run.progress,
        "checkpoint": run.checkpoint.version if run.checkpoint else None,
        "release": run.release.digest[:12] if run.release else None,
    }


def recalls(evaluation: dict[str, Any]) -> list[Recall]:
    """What an eval.json says of each way of recognising, and of each language."""
    told = [(str(label), evaluation[way]) for way, label in WAYS if way in evaluation]
    told += [(f"{WAYS[0][1]}: {tag}", summary) for tag, summary in evaluation.get("by_language", {}).items()]
    return [recall(of, summary) for of, summary in told]
