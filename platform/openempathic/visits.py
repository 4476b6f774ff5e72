"""Each request gets a number, one line in the log and a place in the figures.

The number is the answer's X-Request-ID and stands on every error page, so that somebody can name it who reports a
fault. A proxy that we stand behind may bring its own. The line tells method, door, status and time, never who it was:
no address of a person or a machine, no path and no query, since these may hold a code that opens something.
"""

import logging
import re
from collections.abc import Callable
from time import perf_counter
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from openempathic import logs
from openempathic.metrics import requests

log = logging.getLogger(__name__)

HEADER = "X-Request-ID"
# Where a request keeps it; no header of a stranger's becomes a name without HTTP_ before it.
KEY = "OE_REQUEST_ID"
SANE = re.compile(r"[A-Za-z0-9-]{8,64}")
# Machines that ask how we are, every few seconds.
UNTOLD = {"healthz", "readyz", "metrics"}


class Visits:
    """The outermost middleware: whatever answers inside, the number and the line are there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the number in every line that is logged meanwhile."""
        number = request.META[KEY] = number_of(request)
        began = perf_counter()
        with logs.about(request_id=number):
            response = self.get_response(request)
            tell(request, response, seconds=perf_counter() - began)
        response.headers[HEADER] = number
        return response

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: dict[str, Any]) -> None:
        """What the address names, every line of the request is about."""
        logs.add(clip_id=kwargs.get("clip_id"), run_id=kwargs.get("run_id"))


def number_of(request: HttpRequest) -> str:
    """The proxy's number where we stand behind one and it is a plain one, else a new one."""
    brought = request.headers.get(HEADER, "") if settings.PROXIES else ""
    return brought if SANE.fullmatch(brought) else uuid4().hex


def tell(request: HttpRequest, response: HttpResponseBase, *, seconds: float) -> None:
    """One line, and one more in the figures; what is streamed is told when its first bytes are ready."""
    method, route, status = method_of(request), route_of(request, response), response.status_code
    requests.count(method=method, route=route, status=status, seconds=seconds)
    log.log(
        logging.DEBUG if route in UNTOLD else logging.INFO,
        "%s %s %s",
        method,
        route,
        status,
        extra={"method": method, "route": route, "status": status, "milliseconds": round(1000 * seconds, 1)},
    )


def method_of(request: HttpRequest) -> str:
    """One of the methods that there are: a stranger may send any word."""
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    return request.method if request.method in known else "OTHER"


def route_of(request: HttpRequest, response: HttpResponseBase) -> str:
    """The door's name; a file of ours has none, nor has an address that leads nowhere."""
    if request.resolver_match is None and request.path.startswith(f"/{settings.STATIC_URL.strip('/')}/"):
        return "static"
    return logs.route_of(request)
