"""The dashboards of moderators and curators: every figure with its plots, and the table behind each, also as a file."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from contributions import permissions, plots, taxonomy
from contributions.models import Figure
from contributions.views import figure_opinions, figure_panels, words
from contributions.views.figure_tables import Panel, Table, Value
from contributions.views.moderating import moderators_only

# In addresses, all languages together; no language has this tag.
ALL = "all"
DRAWN: dict[str, Callable[..., Panel]] = {
    "queue": figure_panels.queue,
    "throughput": figure_panels.throughput,
    "agreement": figure_opinions.agreement,
    "confusion": figure_panels.confusion,
    "coverage": figure_panels.coverage,
    "assistance": figure_opinions.assistance,
}
# One style, by its digest, and nothing else: neither script nor picture nor font.
POLICY = f"default-src 'none'; style-src 'sha256-{plots.STYLE_SHA256}'; frame-ancestors 'none'; sandbox"
# What a spreadsheet would take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@moderators_only
@never_cache
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Every figure of one language, or of all of them."""
    language = chosen(request)
    facts = {
        "panels": list(panels(language)),
        "language": language,
        "languages": [(tag, words.tongue(tag).label) for tag in languages_shown_to(request.user)],
        "has_all": permissions.moderates_all(request.user),
        "sizes": {"narrow": plots.NARROW, "wide": plots.WIDE},
    }
    return render(request, "figures/page.html", facts)


@moderators_only
@require_safe
def plot(request: HttpRequest, language: str, name: str) -> HttpResponseBase:
    """One plot as a picture; with `?wide` as a desk has room for it."""
    entitled(request, language)
    found = next((each for panel in panels(language, of=name) for each in panel.plots if each.name == name), None)
    if found is None:
        raise Http404
    response = kept(request, HttpResponse(found.picture(is_wide="wide" in request.GET), content_type="image/svg+xml"))
    # Also with a 304, whose headers take the place of those that a browser kept.
    response["Content-Security-Policy"] = POLICY
    return response


@moderators_only
@require_safe
def table(request: HttpRequest, language: str, name: str) -> HttpResponseBase:
    """The table behind a figure, as a file."""
    entitled(request, language)
    panel = next((each for each in panels(language, of=name) if each.name == name), None)
    found = panel.table if panel and not panel.missing else None
    if found is None:
        raise Http404
    response = HttpResponse(as_csv(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{language}.csv"'
    return kept(request, response)


def chosen(request: HttpRequest) -> str:
    """The language that the page is asked for, else the widest choice that the person has; 404 for another's."""
    if asked := request.GET.get("language"):
        entitled(request, asked)
        return asked
    if permissions.moderates_all(request.user):
        return ALL
    return next(iter(languages_shown_to(request.user)), ALL)


def entitled(request: HttpRequest, language: str) -> None:
    """Raise 404 unless the person may see the figures of this language."""
    if language == ALL and permissions.moderates_all(request.user):
        return
    if language not in languages_shown_to(request.user):
        raise Http404


def languages_shown_to(person: Any) -> list[str]:
    """The languages with figures or sentences that the person moderates, in the order of their names."""
    reckoned = Figure.objects.filter(name__in=DRAWN).exclude(language="").values_list("language", flat=True).distinct()
    tags = {*reckoned.order_by(), *taxonomy.prompt_languages()}
    return sorted(
        (tag for tag in tags if permissions.may_moderate_in(person, tag)), key=lambda tag: words.tongue(tag).label
    )


def panels(language: str, *, of: str = "") -> Iterator[Panel]:
    """Every figure of the language, or the one of this plot or table; one that was not reckoned yet says so."""
    stored = "" if language == ALL else language
    names = [name for name in DRAWN if of in ("", name) or of.startswith(f"{name}-")]
    found = {figure.name: figure for figure in Figure.objects.filter(name__in=names, language=stored)}
    for name in names:
        if name == "agreement" and language == ALL:
            yield agreement_everywhere()
        elif name in found:
            yield DRAWN[name](found[name].content, found[name].reckoned_at)
        else:
            yield unreckoned(name)


def agreement_everywhere() -> Panel:
    """Agreement in every language, which is not reckoned of all together: who would hear a clip in all of them?"""
    rows = Figure.objects.filter(name="agreement").exclude(language="").order_by("language")
    found = [row for row in rows if row.content["overall"]["clips"]]
    if not found:
        return unreckoned("agreement")
    contents = {row.language: row.content for row in found}
    return figure_opinions.agreement_everywhere(contents, min(row.reckoned_at for row in found))


def unreckoned(name: str) -> Panel:
    """The place of a figure that is not there yet."""
    headings = {
        "queue": _("What waits for listeners"),
        "throughput": _("What was done each day"),
        "agreement": _("How far listeners agree"),
        "confusion": _("What was asked for, and what was heard"),
        "coverage": _("What was given of what is wanted"),
        "assistance": _("What the model's suggestions do"),
    }
    return Panel(
        name, headings[name], "", missing=_("There is nothing to reckon yet. It is looked for every few minutes.")
    )


def as_csv(found: Table) -> str:
    """The table with numbers as programs read them, and nothing that a spreadsheet would calculate."""
    text = io.StringIO()
    # A mark without which a spreadsheet takes the letters of most of our languages for others.
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(found.columns)
    writer.writerows([[harmless(value) for value in row] for row in found.rows])
    return text.getvalue()


def harmless(value: Value) -> Value:
    """The value, as a word where it begins like a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def kept(request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    """The response for this reader's own memory, asked for anew each time; 304 where nothing has changed."""
    etag = quote_etag(hashlib.sha256(response.content).hexdigest()[:32])
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return get_conditional_response(request, etag=etag, response=response) or response
