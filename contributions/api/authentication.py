"""Who asks the API from a browser: an account's session or a guest's."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from contributions.consenting import guests
from contributions.consenting.voices import voices_of


class VoiceSession(SessionAuthentication):
    """The session of the site's own pages; a guest's is held to the same proof that no other site sent the request."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The account, or nobody with a guest's session."""
        if (account := super().authenticate(request)) is not None:
            return account
        if guests.guest_of(request._request.session) is None:
            return None
        self.enforce_csrf(request)
        return AnonymousUser(), None

    def enforce_csrf(self, request: Request) -> None:
        """Refuse what another site may have sent, with a code that our own pages know."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied as refusal:
            raise PermissionDenied(str(refusal.detail), code="csrf_failed") from refusal


class HasVoice(BasePermission):
    """Accounts and guests; a stranger has no clips to ask for."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether somebody speaks."""
        return bool(voices_of(request))
