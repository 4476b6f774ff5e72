"""What a page answers when the database or the storage fails: that it is for now, and when to come again."""

import sys

from django.db import Error, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.defaults import server_error

from openempathic import storage

WAIT_SECONDS = 5
# PostgreSQL's word for a full disk; SQLite has a sentence.
DISK_FULL = "53100"
FOR_NOW = (OperationalError, InterfaceError, storage.StorageUnreachable, storage.StorageFull)


def is_full(error: Error) -> bool:
    """Whether the database has no room left."""
    return getattr(error.__cause__, "sqlstate", None) == DISK_FULL or "disk is full" in str(error)


def broken(request: HttpRequest) -> HttpResponse:
    """The page of a fault; 503 where it is one of those that pass."""
    response = server_error(request)
    if isinstance(sys.exc_info()[1], FOR_NOW):
        response.status_code = 503
        response.headers["Retry-After"] = str(WAIT_SECONDS)
    return response
