"""A curator's way to training: the runs, and one opened by hand."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from openempathic.accounts.doors import curators_only
from openempathic.registry.champion import champion, suggester
from training import lineage, schedule
from training.models import TrainingRun

RUNS_SHOWN = 50


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
