"""Doors that somebody could knock at all day: how often each opens for a form that is sent to it."""

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from openempathic.accounts import limits
from openempathic.accounts.limits import Limit

log = logging.getLogger(__name__)
Respond = Callable[[HttpRequest], HttpResponse]

# What somebody signed in says to be their password, at whatever page asks for it.
PASSWORDS = Limit("passwords", count=10, seconds=600, longest_seconds=3600)
# By address, and so roomy that a class of forty behind one address gets in.
BY_ADDRESS = {
    "account_signup": Limit("sign-up", count=60, seconds=3600),
    "account_reset_password": Limit("reset", count=30, seconds=3600),
    "account_reset_password_from_key": Limit("new-password", count=60, seconds=3600),
    "account_confirm_email": Limit("confirmation", count=120, seconds=3600),
    "take-part": Limit("guests", count=120, seconds=3600),
    "guest": Limit("guest-codes", count=60, seconds=3600),
    "guest-claim": Limit("guest-codes", count=60, seconds=3600),
    "invitation": Limit("links", count=60, seconds=3600),
    "sign-in": Limit("links", count=60, seconds=3600),
}
BY_ACCOUNT = {
    "account_change_password": PASSWORDS,
    "account_set_password": PASSWORDS,
    "account_reauthenticate": PASSWORDS,
    "account_email": Limit("addresses", count=30, seconds=3600),
    "invitations": Limit("invitations", count=60, seconds=3600),
}


class LimitedDoors:
    """Answers 429 to a form too many; after the check of its origin, so that no other site spends what is ours."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing of its own."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, named: Any) -> HttpResponseBase | None:
        """The refusal, or None where the door opens."""
        found = counted(request) if request.method == "POST" else None
        if found is None:
            return None
        now = timezone.now()
        try:
            limits.take(*found, at=now)
        except limits.TooMany as refusal:
            log.info("Too many tries: %s", found[0].name)
            answer = render(request, "429.html", status=429)
            answer.headers["Retry-After"] = str(int((refusal.until - now).total_seconds()) + 1)
            return answer
        return None


def counted(request: HttpRequest) -> tuple[Limit, str] | None:
    """Under which limit the form is counted, and as whose; None where any number is welcome."""
    door = request.resolver_match.view_name if request.resolver_match else ""
    if (limit := BY_ADDRESS.get(door)) and (address := limits.address_of(request)):
        return limit, address
    if (limit := BY_ACCOUNT.get(door)) and request.user.is_authenticated:
        return limit, str(request.user.pk)
    return None
