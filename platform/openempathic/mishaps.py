"""What is answered when something breaks: a page in the reader's language or JSON, with the request's number.

The page of a fault asks neither the database nor the storage, since these may be what broke. It never shows the fault
itself; whoever reports the number has it found in the log.
"""

import sys

from django.core.exceptions import RequestDataTooBig
from django.db import Error, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.defaults import bad_request

from openempathic import storage
from openempathic.visits import KEY

WAIT_SECONDS = 5
# PostgreSQL's word for a full disk; SQLite has a sentence.
DISK_FULL = "53100"
FOR_NOW = (OperationalError, InterfaceError, storage.StorageUnreachable, storage.StorageFull)


def is_full(error: Error) -> bool:
    """Whether the database has no room left."""
    return getattr(error.__cause__, "sqlstate", None) == DISK_FULL or "disk is full" in str(error)


def broken(request: HttpRequest) -> HttpResponse:
    """A fault; 503 where it is one of those that pass."""
    is_passing = isinstance(sys.exc_info()[1], FOR_NOW)
    number = str(request.META.get(KEY, ""))
    response = for_program(number, is_passing) if is_programs(request) else page(number, is_passing)
    if is_passing:
        response.status_code = 503
        response.headers["Retry-After"] = str(WAIT_SECONDS)
    return response


def is_programs(request: HttpRequest) -> bool:
    """Whether a program asked, which reads no page."""
    return request.path.startswith("/api/v1/")


def for_program(number: str, is_passing: bool) -> HttpResponse:
    """In the form of every refusal of the API, with the number."""
    code = "away" if is_passing else "broken"
    message = _("We will be back in a moment") if is_passing else _("Something broke on our side")
    return JsonResponse({"code": code, "message": message, "request_id": number}, status=500)


def page(number: str, is_passing: bool) -> HttpResponse:
    """The page for people."""
    words = {"request_number": number, "is_passing": is_passing}
    return HttpResponse(render_to_string("500.html", words), status=500)


def misunderstood(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What cannot be read: 413 where it was too much, else 400."""
    if isinstance(exception, RequestDataTooBig):
        return render(request, "413.html", status=413)
    return bad_request(request, exception)
