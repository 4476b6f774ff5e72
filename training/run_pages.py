"""A curator's way to one training run: what it would come to, how far it is, and the acts upon it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from contributions.views.figures import POLICY
from contributions.views.recalls import Recall, recall
from openempathic.accounts.doors import curators_only
from openempathic.moves import IllegalMove, MovedMeanwhile
from training import estimates, lineage, run_words, schedule
from training.models import TrainingRun
from training.plan import UnusablePlan

WAYS = (
    ("zero_shot", gettext_lazy("CLARA's own suggestions")),
    ("probe", gettext_lazy("Logistic regression on its embeddings")),
    ("log_mel_baseline", gettext_lazy("Logistic regression without CLARA, to compare with")),
)


@curators_only
@never_cache
@require_safe
def run_new(request: HttpRequest) -> HttpResponse:
    """What a run would come to, before it is started; the button posts to the list of runs."""
    facts: dict[str, Any] = {"active": schedule.active_run(), "refusal": ""}
    try:
        found = estimates.estimate()
    except UnusablePlan as reason:
        facts["refusal"] = schedule.refusal(reason)
    else:
        facts |= {"estimate": found, "sound": run_words.lasting(found.sound_seconds)}
        if found.seconds is not None:
            times = (found.seconds, found.seconds_low or 0, found.seconds_high or 0)
            facts["seconds"], facts["low"], facts["high"] = map(run_words.lasting, times)
    return render(request, "curation/run_new.html", facts)


@curators_only
@never_cache
@require_safe
def run_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """One run from its release to its checkpoint; as JSON for whoever asks for that."""
    run = run_of(run_id)
    if request.GET.get("format") == "json":
        return JsonResponse(described(run))
    evaluation = run.checkpoint.evaluation if run.checkpoint else {}
    facts = {
        "run": run,
        "stages": run_words.stages(run, now=timezone.now()),
        "readings": run_words.readings(run),
        "curves": run_words.curves(run),
        "table": run_words.table(run),
        "happenings": run_words.happenings(run),
        "may_pause": run.status in schedule.PAUSABLE and not run.is_paused,
        "withdrawn": lineage.withdrawn_heard_by(run.checkpoint) if run.checkpoint else 0,
        "recalls": recalls(evaluation),
        "chance": evaluation.get("chance"),
    }
    return render(request, "curation/run.html", facts)


@curators_only
@require_safe
def run_plot(request: HttpRequest, run_id: UUID, name: str) -> HttpResponse:
    """One curve of the run as a picture; the page names the newest step in its address, so that it is asked anew."""
    run = run_of(run_id)
    found = next((plot for plot in run_words.curves(run) if plot.name == name), None)
    if found is None:
        raise Http404
    response = HttpResponse(found.picture(is_wide=False), content_type="image/svg+xml")
    response["Content-Security-Policy"] = POLICY
    response["Cache-Control"] = "private, no-store"
    return response


@curators_only
@require_POST
def run_pause(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Put the run off."""
    return acted(request, run_id, schedule.pause, _("The run is paused. Its trainer keeps what was learnt."))


@curators_only
@require_POST
def run_resumption(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Let trainers take it again."""
    return acted(request, run_id, schedule.resume, _("The run goes on as soon as a trainer takes it."))


@curators_only
@require_POST
def run_cancellation(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """End it before it publishes."""
    return acted(request, run_id, schedule.cancel, _("The run is cancelled. Nothing of it is published."))


def acted(request: HttpRequest, run_id: UUID, act: Any, done: str) -> HttpResponse:
    """Do it, or say why not, and lead back to the run."""
    run = run_of(run_id)
    try:
        act(run, by=request.user)
    except schedule.NotOpenable as refusal:
        messages.warning(request, str(refusal))
    except (IllegalMove, MovedMeanwhile):
        messages.warning(request, _("The run has moved on meanwhile: look where it is now."))
    else:
        messages.success(request, done)
    return redirect("run", run_id=run_id)


def run_of(run_id: UUID) -> TrainingRun:
    """The run with what belongs to it, or 404."""
    return get_object_or_404(TrainingRun.objects.select_related("release", "checkpoint", "opened_by"), pk=run_id)


def described(run: TrainingRun) -> dict[str, Any]:
    """Where the run is, as plain values."""
    return {
        "status": run.status,
        "status_text": run.get_status_display(),
        "reason": run.status_reason,
        "is_active": run.is_active,
        "is_paused": run.is_active and run.is_paused,
        "progress": run.progress,
        "checkpoint": run.checkpoint.version if run.checkpoint else None,
        "release": run.release.digest[:12] if run.release else None,
    }


def recalls(evaluation: dict[str, Any]) -> list[Recall]:
    """What an eval.json says of each way of recognising, and of each language."""
    told = [(str(label), evaluation[way]) for way, label in WAYS if way in evaluation]
    told += [(f"{WAYS[0][1]}: {tag}", summary) for tag, summary in evaluation.get("by_language", {}).items()]
    return [recall(of, summary) for of, summary in told]
