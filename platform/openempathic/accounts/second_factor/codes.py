"""A code opens once, and nobody guesses for long: kept in the database, since each process has its own memory."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from allauth.mfa.utils import decrypt
from django.db import transaction

from openempathic.accounts import limits
from openempathic.accounts.limits import Limit
from openempathic.accounts.second_factor import app_of

# Of a million codes three are right at a time: so many guesses are right once in thirty years.
TRIES, TRIES_SECONDS = 5, 300
TRIES_A_DAY, DAY_SECONDS = 30, 86_400
LIMITS = (Limit("codes", count=TRIES, seconds=TRIES_SECONDS), Limit("codes-of-a-day", TRIES_A_DAY, DAY_SECONDS))


class TooManyTries(Exception):
    """The person, or somebody who knows their password, has guessed too often."""


class UsedBefore(Exception):
    """The code was right, and somebody has used it or a later one."""


def count_try(person: Any, *, at: datetime) -> None:
    """Count a code before it is looked at, so that guesses sent at once are counted too; raises TooManyTries."""
    try:
        limits.take_all([(limit, str(person.pk)) for limit in LIMITS], at=at)
    except limits.TooMany:
        raise TooManyTries from None


def forget_tries(person: Any) -> None:
    """After a code that was right."""
    for limit in LIMITS:
        limits.forget(limit, str(person.pk))


def spend(app: Authenticator, code: str) -> None:
    """Use up the code, and with it every earlier one (RFC 6238, 5.2); raises UsedBefore."""
    counter = counter_of(decrypt(app.data["secret"]), code)

    def spent(data: dict[str, Any]) -> None:
        if counter <= data.get("counter", 0):
            raise UsedBefore
        data["counter"] = counter

    change(app.user, spent)


def counter_of(secret: str, code: str) -> int:
    """Which of the half minutes that count now the code is of; raises UsedBefore where none is any more."""
    typed = "".join(code.split())
    for counter in auth.yield_hotp_counters_from_time():
        if auth.format_hotp_value(auth.hotp_value(secret, counter)) == typed:
            return counter
    raise UsedBefore


def change(person: Any, how: Callable[[dict[str, Any]], Any]) -> None:
    """Change what is kept beside the person's secret, one at a time."""
    with transaction.atomic():
        app = app_of(person).select_for_update().first()
        if app is not None:
            how(app.data)
            app.save(update_fields=["data"])
