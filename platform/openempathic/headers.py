"""Headers that every answer carries."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

POLICY = "microphone=(self), camera=(), geolocation=(), payment=(), usb=()"
# What holds words about somebody; pictures and scripts are the same for all who may have them.
PERSONAL = ("text/html", "application/json", "text/plain")


def permissions_policy(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give the microphone to our own pages and nothing else to anybody; what is somebody's own stays in no cache."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers["Permissions-Policy"] = POLICY
        # No page of another site may take in what a person's cookies open here, sound least of all.
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if is_personal(request, response) and "no-store" not in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = "private, no-store"
        return response

    return respond


def is_personal(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether the answer was made for one person: their session was asked, and it is somebody's."""
    session = getattr(request, "session", None)
    is_somebodys = session is not None and session.accessed and not session.is_empty()
    return is_somebodys and response.headers.get("Content-Type", "").startswith(PERSONAL)
