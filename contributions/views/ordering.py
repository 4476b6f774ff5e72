"""A curator's way to releases: what there is, one more dataset ordered, one looked at, published and taken back."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributions.models import Dataset, Release, ReleaseOrder
from contributions.releasing import datasets, orders
from contributions.views.datasets import NAME_LETTERS, datasheet, drawn, named_so, told
from openempathic.accounts.doors import curators_only

RELEASES_SHOWN = 100


@curators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def releases(request: HttpRequest) -> HttpResponse:
    """The newest releases of both kinds and the last order; a POST orders a dataset."""
    if request.method == "POST":
        return ordered(request)
    last = ReleaseOrder.objects.select_related("ordered_by", "release").order_by("-ordered_at").first()
    if request.GET.get("format") == "json":
        return JsonResponse(progress_of(last))
    facts = {"releases": list(rows()), "order": last, "progress": progress_of(last)}
    return render(request, "curation/releases.html", facts)


def ordered(request: HttpRequest) -> HttpResponse:
    """Order a dataset, or say why there can be none now."""
    try:
        orders.order(by=request.user)
    except orders.NotOrderable as refusal:
        messages.warning(request, str(refusal))
    return redirect("releases")


@curators_only
@never_cache
@require_safe
def release(request: HttpRequest, name: str) -> HttpResponse:
    """A dataset as its page will be, before it is one."""
    dataset = named_so(datasets.all_of_them(), name)
    facts = told(dataset) | {
        "plot_door": "release-plot",
        "sheet_door": "release-sheet",
        "downloads": datasets.downloads_of(dataset.release),
        "left_out": sorted(dataset.release.counts.get("left_out", {}).items()),
    }
    return render(request, "curation/release.html", facts)


@curators_only
@require_safe
def plot(request: HttpRequest, name: str, plot_name: str) -> HttpResponseBase:
    """One plot of a dataset that may not be published yet."""
    return drawn(request, named_so(datasets.all_of_them(), name), plot_name)


@curators_only
@never_cache
@require_safe
def sheet(request: HttpRequest, name: str, language: str) -> HttpResponse:
    """One datasheet of a dataset that may not be published yet."""
    return datasheet(request, named_so(datasets.all_of_them(), name), language)


@curators_only
@never_cache
@require_POST
def publication(request: HttpRequest, name: str) -> HttpResponse:
    """Publish a dataset, or take it back from the public."""
    dataset = named_so(datasets.all_of_them(), name)
    if request.POST.get("is_public") == "no":
        datasets.unpublish(dataset, by=request.user)
        messages.success(request, _("It is not public any more. Who holds a copy is told of withdrawals all the same."))
        return redirect("release", name=name)
    try:
        datasets.publish(dataset, by=request.user, at=timezone.now())
    except datasets.NotPublishable as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("It is public now."))
    return redirect("release", name=name)


def rows() -> Any:
    """Each of the newest releases, with what is known of its publication and how many clips have left it."""
    newest = list(Release.objects.order_by("-frozen_at")[:RELEASES_SHOWN])
    known = {each.pk: each for each in Dataset.objects.filter(release__in=newest)}
    for each in newest:
        dataset = known.get(each.pk)
        yield {
            "release": each,
            "name": each.digest[:NAME_LETTERS],
            "dataset": dataset,
            "is_dataset": each.kind == Release.Kind.DATASET,
            "speakers": each.counts.get("speakers"),
            "clips": each.counts.get("clips"),
        }


def progress_of(order: ReleaseOrder | None) -> dict[str, Any]:
    """Where the order is, as plain values; the reason of a failure in the reader's words where we have them."""
    if order is None:
        return {"is_open": False}
    return {
        "is_open": order.finished_at is None,
        "state": state_of(order),
        "attempts": order.attempts,
        "byte_count": order.progress.get("byte_count", 0),
        "failure": _(order.failure) if order.failure else "",
    }


def state_of(order: ReleaseOrder) -> str:
    """In a few words."""
    if order.finished_at is not None:
        return _("It is there.") if order.release_id else _("It could not be made.")
    return _("A worker is making it.") if order.lease_expires_at else _("It waits for a worker.")
