"""A curator's way to checkpoints: which serves, what speaks against one, where it came from, and how to change it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from contributions.models import Release
from contributions.releasing import lineage
from openempathic.accounts.doors import curators_only
from openempathic.audit.models import AuditEvent
from openempathic.registry import champion
from openempathic.registry.models import Checkpoint
from training.model_figures import figures_of
from training.model_pages import CHECKPOINTS_A_PAGE, published
from training.models import TrainingRun

CLIPS_A_PAGE = 50
ROLLBACK, RETRACTION = "rollback", "retraction"


@curators_only
@never_cache
@require_safe
def checkpoints(request: HttpRequest) -> HttpResponse:
    """Every checkpoint, the newest first, and what a curator may do."""
    known = Checkpoint.objects.filter(status__in=champion.PUBLISHED).order_by("-number")
    page = Paginator(known, CHECKPOINTS_A_PAGE).get_page(request.GET.get("page"))
    withdrawn = lineage.withdrawn_by_release({each.release_digest for each in page})
    facts = {
        "page": page,
        "checkpoints": [
            (each, figures_of(each.evaluation).suggestions, withdrawn.get(each.release_digest, 0)) for each in page
        ],
        "suggester": champion.suggester(),
        "champion": champion.champion(),
        "previous": champion.previous(),
    }
    return render(request, "curation/checkpoints.html", facts)


@curators_only
@never_cache
@require_safe
def checkpoint(request: HttpRequest, version: str) -> HttpResponse:
    """One checkpoint: its run, its release, what happened to it, and the clips that it heard."""
    mine = published(version)
    members = lineage.members_heard_by(mine).select_related("clip")
    facts = {
        "checkpoint": mine,
        "run": TrainingRun.objects.filter(pk=mine.run_id).first(),
        "release": Release.objects.filter(digest=mine.release_digest).first(),
        "withdrawn": lineage.withdrawn_heard_by(mine),
        "events": events_of(mine),
        "page": Paginator(members, CLIPS_A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "curation/checkpoint.html", facts)


def events_of(mine: Checkpoint) -> list[dict[str, Any]]:
    """What the log says of it, the newest first, in words."""
    words = {
        "checkpoint.champion": _("became champion"),
        "checkpoint.rolled_back": _("became champion again"),
        "checkpoint.retracted": _("was retracted"),
        "checkpoint.refused": _("was refused by a worker"),
        "checkpoint.accepted": _("was found sound again"),
        "checkpoint.past_limit": _("has heard too many clips that were withdrawn since"),
        "checkpoint.within_limit": _("is within its limit again"),
        "checkpoint.delisted": _("is no longer offered"),
    }
    log = AuditEvent.objects.filter(subject_type=mine._meta.label_lower, subject_id=str(mine.pk), act__in=words)
    return [
        {"at": each.at, "what": words[each.act], "by": each.actor, "why": each.facts.get("reason", "")}
        for each in log.select_related("actor").order_by("-pk")
    ]


@curators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def crown(request: HttpRequest, version: str) -> HttpResponse:
    """Ask once, then make this earlier checkpoint champion again."""
    return changed(request, published(version), ROLLBACK)


@curators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def retract(request: HttpRequest, version: str) -> HttpResponse:
    """Ask once, then retract the checkpoint for good."""
    return changed(request, published(version), RETRACTION)


def changed(request: HttpRequest, mine: Checkpoint, change: str) -> HttpResponse:
    """The question at a GET, the act at a POST; who may not, or gives no reason, reads why and is asked again."""
    if request.method == "POST":
        reason = request.POST.get("reason", "").strip()
        try:
            if change == ROLLBACK:
                champion.rollback(by=request.user, reason=reason, to=mine)
            else:
                champion.retract(mine, by=request.user, reason=reason)
        except champion.NotChanged as refusal:
            facts = {"checkpoint": mine, "change": change, "refusal": str(refusal), "reason": reason}
            return render(request, "curation/checkpoint_change.html", facts, status=422)
        messages.success(request, _("Done. Workers go by it from the next clip on."))
        return redirect("checkpoints")
    facts = {"checkpoint": mine, "change": change, "heir": heir_of(mine), "holder": champion.champion()}
    return render(request, "curation/checkpoint_change.html", facts)


def heir_of(mine: Checkpoint) -> Checkpoint | None:
    """Who would serve were this one retracted."""
    return champion.previous() if mine.status == Checkpoint.Status.CHAMPION else champion.champion()
