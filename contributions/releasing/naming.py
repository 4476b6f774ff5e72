"""The names that only one release gives: of its clips, its speakers and its listeners."""

import hmac
from collections.abc import Callable
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.conf import settings

NAME_DIGITS = 20


def pseudonym(salt: str, identity: UUID | str) -> str:
    """A name that without the site's key leads neither to the row nor to the same row in another release."""
    told = f"release:{salt}:{identity}".encode()
    return hmac.digest(settings.SIGNING_KEY.encode(), told, "sha256").hex()[:NAME_DIGITS]


def listener(salt: str, rater: int | None) -> str | None:
    """The name of who listened, another one than as a speaker; None where the account has left."""
    return None if rater is None else pseudonym(salt, f"rater:{rater}")


def answers(ratings: list[dict[str, Any]], named: Callable[[int | None], str | None]) -> list[dict[str, Any]]:
    """The ratings with their listeners' names in place of their accounts, in an order that tells no moment."""
    told = [{**rating, "rater": named(rating["rater"])} for rating in ratings]
    names = {rating["rater"] for rating in told}
    if len(names) == len(told) and None not in names:
        return sorted(told, key=itemgetter("rater"))
    # Accounts that have left have no names, so that what they said must tell their order.
    return sorted(told, key=lambda rating: (rating["rater"] or "", str(sorted(rating.items(), key=str))))
