"""Whether this process lives, and whether it can do its work: for who starts it anew, and who sends it people."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from openempathic import readiness


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the database answers, else 503; asks nobody who they are and tells nothing about them."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "no database"}, status=503)
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when all that a page needs is there, else 503 with the names of what is missing."""
    missing = readiness.missing()
    if missing:
        answer = JsonResponse({"status": "not ready", "missing": missing}, status=503)
        # Asked every few seconds, and whoever asks is told: Django need not write an error each time.
        answer._has_been_logged = True  # type: ignore[attr-defined]
        return answer
    return JsonResponse({"status": "ready"})
