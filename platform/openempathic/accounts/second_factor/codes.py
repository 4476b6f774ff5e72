"""A code opens once, and nobody guesses for long: kept in the database, since each process has its own memory."""

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from allauth.mfa.utils import decrypt
from django.db import transaction

from openempathic.accounts.second_factor import app_of

# Of a million codes three are right at a time: so many guesses are right once in thirty years.
TRIES, TRIES_SECONDS = 5, 300
TRIES_A_DAY, DAY_SECONDS = 30, 86_400


class TooManyTries(Exception):
    """The person, or somebody who knows their password, has guessed too often."""


class UsedBefore(Exception):
    """The code was right, and somebody has used it or a later one."""


def count_try(person: Any, *, at: float) -> None:
    """Count a code before it is looked at, so that guesses sent at once are counted too; raises TooManyTries."""

    def counted(data: dict[str, Any]) -> None:
        tried = [each for each in data.get("tried_at", []) if each > at - DAY_SECONDS]
        if len(tried) >= TRIES_A_DAY or sum(each > at - TRIES_SECONDS for each in tried) >= TRIES:
            raise TooManyTries
        data["tried_at"] = [*tried, at]

    change(person, counted)


def forget_tries(person: Any) -> None:
    """After a code that was right."""
    change(person, lambda data: data.pop("tried_at", None))


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
