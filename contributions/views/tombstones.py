"""The public feed of clips that were taken back, as signed JSON and as a table."""

import hashlib
import json
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag
from django.views.decorators.http import require_safe

from contributions.leaving import tombstones
from openempathic import signatures


@require_safe
def as_json(request: HttpRequest) -> HttpResponseBase:
    """One page of the feed, signed."""
    return answer(request, "tombstones")


@require_safe
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """One page of the feed as a table; the header Link names the next."""
    return answer(request, "tombstones-csv")


def answer(request: HttpRequest, name: str) -> HttpResponseBase:
    """The page that was asked for, or 304 to whoever has it already."""
    try:
        after = UUID(request.GET["after"]) if "after" in request.GET else None
    except ValueError:
        return HttpResponseBadRequest("after must be a clip's id", content_type="text/plain")
    some = tombstones.page(after=after, rows=tombstones.ROWS_A_PAGE)
    following = address_after(name, some.last) if some.last else None
    if name == "tombstones":
        content = signatures.sign(tombstones.as_content(some, following=following))
        body, media_type = json.dumps(content).encode(), "application/json"
    else:
        body, media_type = tombstones.as_csv(some).encode(), "text/csv; charset=utf-8"
    response = HttpResponse(body, content_type=media_type)
    # Everybody may read it, from other sites too, and each time asks whether it is still so.
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = "public, no-cache"
    if following:
        response["Link"] = f'<{following}>; rel="next"'
    return conditional(request, response, body, some.changed_at)


def address_after(name: str, last: UUID) -> str:
    """Where the lines after that one are."""
    return f"{settings.SITE_URL}{reverse(name)}?{urlencode({'after': last})}"


def conditional(
    request: HttpRequest, response: HttpResponse, body: bytes, changed_at: datetime | None
) -> HttpResponseBase:
    """The response with its ETag and date, or 304 in its place."""
    etag = quote_etag(hashlib.sha256(body).hexdigest()[:32])
    response["ETag"] = etag
    seconds = None
    if changed_at:
        seconds = int(changed_at.timestamp())
        response["Last-Modified"] = http_date(seconds)
    return get_conditional_response(request, etag=etag, last_modified=seconds, response=response) or response
