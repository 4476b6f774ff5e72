"""How every answer of the API is given: JSON, never cached, and a refusal as `{code, message}`."""

import logging
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from rest_framework.exceptions import APIException, NotAuthenticated, NotFound, ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from contributions.consenting.voices import voices_of
from contributions.intake import NotAccepted, StorageFullNow
from contributions.models import Contributor
from openempathic import mishaps, storage

log = logging.getLogger(__name__)


class DatabaseAway(NotAccepted):
    code, status, wait_seconds = "database_away", 503, 5
    text = gettext_noop("Our database does not answer at the moment. Please try again in a while.")


class SoundAway(NotAccepted):
    code, status, wait_seconds = "storage_away", 503, 5
    text = gettext_noop("Our storage does not answer at the moment. Please try again in a while.")


@method_decorator(never_cache, name="dispatch")
class VoiceView(APIView):
    """A door of the API: its `scopes` say what each method asks of a token."""

    scopes: dict[str, str | None] = {}

    def asked_voice(self) -> Contributor:
        """The voice that `?voice=` names, else the one that speaks now; 404 for anybody else's."""
        return self.asked_voices()[0]

    def asked_voices(self) -> list[Contributor]:
        """Every voice of the person, or the one that `?voice=` names; 404 for anybody else's."""
        voices = voices_of(self.request)
        if (asked := self.request.query_params.get("voice")) is None:
            return voices
        named = [voice for voice in voices if str(voice.pk) == asked]
        if not named:
            raise Http404
        return named


class Refused(APIException):
    """What was asked cannot be done; the subclass or the raiser says why."""

    def __init__(self, message: str, *, code: str, status: int, wait_seconds: int | None = None) -> None:
        super().__init__(message, code=code)
        self.status_code = status
        # What REST framework says as Retry-After.
        self.wait = wait_seconds


def told(refusal: Exception, context: dict[str, Any]) -> Response | None:
    """A refusal for programs and people; None, which is a 500, for what is no refusal."""
    if isinstance(refusal, OperationalError | InterfaceError):
        log.error("The database failed: %s", type(refusal).__name__)
        refusal = StorageFullNow() if mishaps.is_full(refusal) else DatabaseAway()
    elif isinstance(refusal, storage.StorageFull | storage.StorageUnreachable):
        log.error("The storage failed: %s", type(refusal).__name__)
        refusal = SoundAway()
    if isinstance(refusal, NotAccepted):
        refusal = Refused(refusal.message, code=refusal.code, status=refusal.status, wait_seconds=refusal.wait_seconds)
    elif isinstance(refusal, Http404):
        refusal = NotFound(_("There is nothing here, or it is not yours."))
    elif isinstance(refusal, NotAuthenticated):
        refusal.detail = NotAuthenticated(_("Please sign in, or send a token.")).detail
    response = exception_handler(refusal, context)
    if response is not None and isinstance(refusal, APIException):
        response.data = {"code": code_of(refusal), "message": message_of(refusal)}
    return response


def code_of(refusal: APIException) -> str:
    """One word for programs."""
    return "invalid" if isinstance(refusal, ValidationError) else str(refusal.get_codes())


def message_of(refusal: APIException) -> str:
    """One line for people; where several fields are wrong, each by its name."""
    if not isinstance(refusal.detail, dict):
        return str(refusal.detail if isinstance(refusal.detail, str) else " ".join(map(str, refusal.detail)))
    return " ".join(f"{name}: {' '.join(map(str, said))}" for name, said in refusal.detail.items())
