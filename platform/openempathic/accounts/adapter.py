"""What allauth leaves to a site about signing in and writing to people: how often, and when to ask a password again."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils import timezone

from openempathic.accounts import limits, second_factor
from openempathic.accounts.limits import Limit
from openempathic.accounts.models import User

# Of what somebody at one address guesses about one account: nobody else is kept out by it.
PAIR = Limit("sign-in-from-there-to-that", count=5, seconds=300, longest_seconds=3600)
# A school has one address: right passwords are given back, and the wait does not grow.
ADDRESS = Limit("sign-in-from-there", count=50, seconds=3600)
# Of what many addresses together guess about one account: its owner comes in by mail, see decision 14.
ACCOUNT = Limit("sign-in-to-that", count=100, seconds=86_400)
# Of one kind of letter to one mailbox, which may be a stranger's.
LETTERS = Limit("letters-of-a-kind-to-one", count=5, seconds=3600, longest_seconds=86_400)


class AccountAdapter(DefaultAccountAdapter):
    """Counts every password before it is looked at, and every letter before it is sent."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raise what the person reads where too many passwords were tried."""
        try:
            limits.take_all(tries(request, credentials), at=timezone.now())
        except limits.TooMany:
            raise self.validation_error("too_many_login_attempts") from None

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """The person; a right password is no guess, and proves the guesses before it harmless."""
        person = super().authenticate(request, **credentials)
        if person:
            for limit, whom in tries(request, credentials):
                (limits.forget if limit is PAIR else limits.give_back)(limit, whom)
        return person

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send one letter, unless this mailbox had as many of its kind: whoever asks is told the same either way."""
        try:
            limits.take(LETTERS, f"{template_prefix} {email.lower()}", at=timezone.now())
        except limits.TooMany:
            return
        super().send_mail(template_prefix, email, context)

    def is_reauthentication_required(self, *, app: str, **named: str) -> bool:
        """Signing in is a confirmation too, for as long as one holds."""
        required = super().is_reauthentication_required(app=app, **named)
        return bool(required) and not second_factor.has_lately_confirmed(self.request)


def tries(request: HttpRequest, credentials: dict[str, Any]) -> list[tuple[Limit, str]]:
    """What one password is counted under."""
    account, address = str(credentials.get("email", "")).strip().lower(), limits.address_of(request)
    there = [(PAIR, f"{address} {account}"), (ADDRESS, address)] if address else []
    return [*there, (ACCOUNT, account)]


def forget_tries(request: HttpRequest, person: User) -> None:
    """Who set a new password by mail has proved who they are."""
    for limit, whom in tries(request, {"email": person.email}):
        if limit is not ADDRESS:
            limits.forget(limit, whom)
