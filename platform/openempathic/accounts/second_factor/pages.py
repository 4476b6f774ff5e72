"""Pages about the second factor: allauth's, never cached; what weakens one asks for a code of it first."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.base.views import AuthenticateView, IndexView, ReauthenticateView
from allauth.mfa.recovery_codes.views import (
    DownloadRecoveryCodesView,
    GenerateRecoveryCodesView,
    ViewRecoveryCodesView,
)
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache

from openempathic.accounts import second_factor

View = Callable[..., HttpResponseBase]
LETTERS_A_GROUP = 4


def confirmed(view: View) -> View:
    """Open to who has typed a code within the last minutes: the password alone must not switch a factor off."""

    @login_required
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
        if second_factor.is_set_up_by(request.user) and not second_factor.has_lately_shown(request):
            return second_factor.confirmation(request.path)
        return view(request, *args, **named)

    return answer


class Index(IndexView):
    """What is set up, and whether it must be."""

    def get_context_data(self, **named: Any) -> dict[str, Any]:
        """With whether the role asks for it."""
        person: Any = self.request.user
        asked = settings.SECOND_FACTOR_REQUIRED and person.is_moderator
        return super().get_context_data(is_asked=asked, **named)


class SetUp(ActivateTOTPView):
    """The picture, the letters and the first code."""

    def get_context_data(self, **named: Any) -> dict[str, Any]:
        """With the letters in groups, and whether somebody was led here."""
        facts: dict[str, Any] = super().get_context_data(**named)
        secret = facts["form"].secret
        groups = [secret[at : at + LETTERS_A_GROUP] for at in range(0, len(secret), LETTERS_A_GROUP)]
        return facts | {"letters": " ".join(groups), "is_led_here": second_factor.THEN in self.request.session}


class Codes(ViewRecoveryCodesView):
    """The recovery codes, once, and the way on to where somebody was going."""

    def get_context_data(self, **named: Any) -> dict[str, Any]:
        """With that way."""
        return super().get_context_data(then=self.request.session.get(second_factor.THEN), **named)


index = never_cache(Index.as_view())
authenticate = never_cache(AuthenticateView.as_view())
reauthenticate = never_cache(ReauthenticateView.as_view())
set_up = never_cache(login_required(SetUp.as_view()))
switch_off = never_cache(confirmed(DeactivateTOTPView.as_view()))
codes = never_cache(confirmed(Codes.as_view()))
new_codes = never_cache(confirmed(GenerateRecoveryCodesView.as_view()))
codes_file = never_cache(confirmed(DownloadRecoveryCodesView.as_view()))
