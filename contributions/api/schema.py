"""The API told to programs (OpenAPI 3.1): who may knock, with which scope, what is sent and what comes back."""

from collections.abc import Callable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from contributions.api.scopes import asked_by
from contributions.api.serializers import RefusalSerializer

Words = str | Promise

WHY_NOT: dict[int, Words] = {
    400: _("What was sent is malformed."),
    401: _("Nobody is signed in, or the token opens nothing."),
    403: _("The token lacks the scope, the session's proof (CSRF) is missing, or consent is."),
    404: _("There is nothing here, or it is not yours."),
    408: _("The upload broke off, or came too slowly: send it again."),
    409: _("Another clip was already sent under this number."),
    410: _("The clip is withdrawn."),
    413: _("The clip is too large."),
    415: _("This is not a sound file."),
    416: _("There are no such bytes."),
    429: _("Too many requests, or today's allowance is spent."),
    503: _("The storage does not answer: try again later."),
    507: _("The storage is full: try again later."),
}
ALWAYS = (401, 403, 429)

VOICE = OpenApiParameter(
    "voice",
    OpenApiTypes.UUID,
    OpenApiParameter.QUERY,
    description=_("One of your voices, by its id; you may have several once you claimed a guest's."),
)
CLIP = OpenApiParameter(
    "clip_id", OpenApiTypes.UUID, OpenApiParameter.PATH, description=_("The clip's id, which its giver made.")
)


class ScopedSchema(AutoSchema):
    """Says of each operation which scope a token needs, and that a session of the site needs none."""

    def get_auth(self) -> list[dict[str, list[str]]]:
        """A token with the scope, or a session."""
        wanted = asked_by(self.view, self.method)
        return [{"token": [wanted] if wanted else []}, {"session": []}]


def documented(
    *,
    name: str,
    tag: Words,
    summary: Words,
    description: Words = "",
    answers: dict[Any, Any],
    refusals: tuple[int, ...] = (),
    **more: Any,
) -> Callable[[Any], Any]:
    """Say all this of one method of a view; `answers` by status, `refusals` beside those that every door has."""
    told = {status: OpenApiResponse(RefusalSerializer, description=WHY_NOT[status]) for status in (*refusals, *ALWAYS)}
    return extend_schema(
        operation_id=name,
        tags=[str(tag)],
        summary=summary,
        description=description or summary,
        responses={**answers, **dict(sorted(told.items()))},
        **more,
    )
