"""Published datasets: what a researcher finds, reads, accepts and downloads. Whatever is not published is not there."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from contributions import plots, taxonomy
from contributions.api.files import served
from contributions.models import Dataset
from contributions.releasing import datasets, downloads, loading, withdrawn_news
from contributions.taxonomy import reading
from contributions.views import words
from contributions.views.dataset_panels import length, named, panels
from contributions.views.figures import POLICY, kept
from contributions.views.unsubscribing import ends_mail

NAME_LETTERS = 12


@require_safe
@never_cache
def listed(request: HttpRequest) -> HttpResponse:
    """Every published dataset, the newest first."""
    return render(request, "datasets/list.html", {"datasets": [in_short(each) for each in datasets.public()]})


@require_safe
@never_cache
def page(request: HttpRequest, name: str) -> HttpResponse:
    """One dataset with everything about it, and its files for who accepted its terms."""
    dataset = found(name)
    facts = told(dataset) | {
        "accepted": downloads.accepted_by(request.user, dataset.release),
        "promises": downloads.promises(),
        "prohibited": prohibited(),
        "terms_sha256": downloads.terms_sha256(),
        "plot_door": "dataset-plot",
        "sheet_door": "dataset-sheet",
    }
    return render(request, "datasets/page.html", facts)


@require_safe
def plot(request: HttpRequest, name: str, plot_name: str) -> HttpResponseBase:
    """One plot as a picture; with `?wide` as a desk has room for it."""
    return drawn(request, found(name), plot_name)


@require_safe
@never_cache
def sheet(request: HttpRequest, name: str, language: str) -> HttpResponse:
    """The datasheet of one language."""
    return datasheet(request, found(name), language)


@login_required
@never_cache
@require_POST
def terms(request: HttpRequest, name: str) -> HttpResponse:
    """Accept the terms of a release, as they were shown."""
    dataset = found(name)
    if "accepted" not in request.POST:
        messages.error(request, _("Please tick that you accept the terms."))
        return redirect(f"{reverse('dataset', args=[name])}#download")
    try:
        downloads.accept(dataset, by=request.user, terms=request.POST.get("terms", ""), locale=words.reading())
    except downloads.TermsNotAccepted as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Thank you. The files are yours to download now."))
    return redirect(f"{reverse('dataset', args=[name])}#download")


@require_safe
@never_cache
def file(request: HttpRequest, name: str, path: str) -> HttpResponseBase:
    """One file of a release: papers for everybody, the rest for who accepted the terms as they stand."""
    dataset = found(name)
    known = downloads.file_of(dataset, path)
    if known is None:
        raise Http404
    if not datasets.is_paper(path):
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        accepted = downloads.accepted_by(request.user, dataset.release)
        if accepted is None:
            return redirect(f"{reverse('dataset', args=[name])}#download")
        if request.method == "GET":
            downloads.note_fetched(accepted, path)
    return of_release(request, dataset, known)


def of_release(request: Any, dataset: Dataset, known: dict[str, Any]) -> HttpResponseBase:
    """The bytes of one file of it."""
    response = served(
        f"{dataset.release.prefix}/{known['name']}",
        name=known["name"],
        range_header=request.headers.get("Range", ""),
        if_range=request.headers.get("If-Range", ""),
        sha256=known["sha256"] or "",
    )
    if datasets.is_paper(known["name"]):
        # Search engines and other sites read these.
        response["Access-Control-Allow-Origin"] = "*"
    return response


@ends_mail("datasets/mail.html")
def mail(word: str) -> Callable[[], bool]:
    """End mail about withdrawals with one click."""
    person = withdrawn_news.person_of(word)
    return lambda: withdrawn_news.unsubscribe(person)


def found(name: str) -> Dataset:
    """The published dataset of this name; 404 for any other, and for what is no name."""
    return named_so(datasets.public(), name)


def named_so(among: Any, name: str) -> Dataset:
    """The one among these whose digest begins so; 404 for none."""
    known: Dataset | None = None
    if len(name) == NAME_LETTERS:
        known = among.filter(release__digest__startswith=name).first()
    if known is None:
        raise Http404
    return known


def in_short(dataset: Dataset) -> dict[str, Any]:
    """What a list says of it."""
    figures = dataset.figures
    return {
        "dataset": dataset,
        "name": dataset.release.digest[:NAME_LETTERS],
        "clips": figures.get("clips", 0),
        "speakers": figures.get("speakers", 0),
        "time": length(figures.get("seconds", 0)),
        "languages": [named(tag) for tag in figures.get("languages", {})],
    }


def told(dataset: Dataset) -> dict[str, Any]:
    """What its own page says of it."""
    about = in_short(dataset)
    return about | {
        "about": about,
        "release": dataset.release,
        "panels": list(panels(dataset.figures, dataset.read_at)),
        "sheets": [(tag, named(tag)) for tag in dataset.sheets],
        "files": [{**each, "is_paper": datasets.is_paper(each["name"])} for each in dataset.files],
        "papers": {each["name"] for each in dataset.files if datasets.is_paper(each["name"])},
        "byte_count": sum(each["byte_count"] for each in dataset.files),
        "readers": loading.READERS,
        "feed": settings.SITE_URL + reverse("tombstones"),
        "sizes": {"narrow": plots.NARROW, "wide": plots.WIDE},
    }


def prohibited() -> list[dict[str, Any]]:
    """The prohibited uses in the reader's words."""
    language = words.reading()
    return [
        {"id": use.id, "words": use.words.get(language, use.words["en"]), "law": use.law}
        for use in taxonomy.prohibited_uses()
    ]


def drawn(request: HttpRequest, dataset: Dataset, plot_name: str) -> HttpResponseBase:
    """One of its plots, for the reader's own memory."""
    every = (each for panel in panels(dataset.figures, dataset.read_at) for each in panel.plots)
    wanted = next((each for each in every if each.name == plot_name), None)
    if wanted is None:
        raise Http404
    picture = wanted.picture(is_wide="wide" in request.GET)
    response = kept(request, HttpResponse(picture, content_type="image/svg+xml"))
    response["Content-Security-Policy"] = POLICY
    return response


def datasheet(request: HttpRequest, dataset: Dataset, language: str) -> HttpResponse:
    """One of its datasheets as a page."""
    if language not in dataset.sheets:
        raise Http404
    body = mark_safe(reading.as_html(dataset.sheets[language]))  # noqa: S308  it escapes what it is given
    facts = in_short(dataset) | {"language": named(language), "body": body, "is_public": bool(dataset.published_at)}
    return render(request, "datasets/sheet.html", facts)
