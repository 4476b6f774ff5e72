"""How a program says who it is: `Authorization: Bearer oe_...`."""

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from openempathic.accounts import tokens
from openempathic.accounts.models import ApiToken, User


class TokenAuthentication(BaseAuthentication):
    """Lets in the owner of a standing token, with the token as `request.auth`; a stranger is told to bring one."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The owner and the token; None where no bearer is named; 401 where the word opens nothing."""
        keyword, _space, word = request.headers.get("Authorization", "").partition(" ")
        if keyword.lower() != self.keyword.lower():
            return None
        now = timezone.now()
        try:
            token = tokens.standing(word.strip(), at=now)
        except tokens.NotStanding as refusal:
            raise AuthenticationFailed(str(refusal), code=refusal.code) from None
        tokens.used(token, at=now)
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return f'{self.keyword} realm="Open Empathic"'
