"""What a token may do; a session of the site's own pages may do everything that its person may."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from openempathic.accounts.models import ApiToken

# Imported for its type alone: the framework's views look this module up while they are still being read.
if TYPE_CHECKING:
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """A token does what its scopes say and nothing else; a view says in `scopes` what each method asks for.

    None is for what any token may do. A method that the view has and does not name is open to no token.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """True, or PermissionDenied with the scope that is missing."""
        token, method = request.auth, request.method or ""
        # What the view does not do at all is answered with 405 after us.
        if not isinstance(token, ApiToken) or method == "OPTIONS" or not hasattr(view, method.lower()):
            return True
        wanted = asked_by(view, method)
        if wanted is None or token.allows(wanted):
            return True
        raise PermissionDenied(
            _("This token may not do this: it lacks the scope %(scope)s.") % {"scope": wanted}, code="missing_scope"
        )


def asked_by(view: "APIView", method: str) -> str | None:
    """The scope that the view asks for at that method; one that nobody has, where it says nothing."""
    scopes: dict[str, str | None] = getattr(view, "scopes", {})
    return scopes.get("GET" if method == "HEAD" else method, "nothing")


class TokenThrottle(SimpleRateThrottle):
    """So many requests a minute for one token, counted in each web process; our own pages are not counted."""

    scope = "token"

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        """The token's number; None, which is not counted, for a session."""
        return f"api-token-{request.auth.pk}" if isinstance(request.auth, ApiToken) else None
