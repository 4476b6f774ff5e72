"""Words by which a person's own programs speak for them: made, shown once, kept as a digest, and ended."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from openempathic import audit
from openempathic.accounts.invitations import digest_of
from openempathic.accounts.models import ApiToken, Scope, User

# The beginning tells a person, and a program that looks for lost secrets, what the word is.
PREFIX = "oe_"
DAYS = (30, 90, 365)
STANDING_MAX = 20


class NotMakeable(Exception):
    """The token asked for cannot be made."""


class NotStanding(Exception):
    """The word opens nothing; `code` is for programs, the message for people."""

    code = "token_unknown"
    text = gettext_noop("This token is not known here.")

    def __str__(self) -> str:
        return _(self.text)


class Expired(NotStanding):
    code = "token_expired"
    text = gettext_noop("This token has run out. Make a new one on your account's page.")


class Revoked(NotStanding):
    code = "token_revoked"
    text = gettext_noop("This token was revoked. Make a new one on your account's page.")


class Inactive(NotStanding):
    code = "account_inactive"
    text = gettext_noop("The account of this token is closed.")


def make(*, name: str, scopes: Iterable[str], days: int, by: User) -> tuple[ApiToken, str]:
    """Make a token of the person's own; return it with its word, which is kept nowhere. Raises NotMakeable."""
    asked = sorted(set(scopes))
    if not asked or not set(asked) <= set(Scope.values) or days not in DAYS:
        raise NotMakeable(_("Say what the token may do, and for how long."))
    word = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        # The person's row is the lock: two tabs that make one at once are counted one after the other.
        User.objects.select_for_update().get(pk=by.pk)
        if standing_of(by, at=timezone.now()).count() >= STANDING_MAX:
            raise NotMakeable(_("You have as many tokens as one person may have. Revoke one first."))
        token = ApiToken.objects.create(
            owner=by,
            name=name,
            scopes=asked,
            sha256=digest_of(word),
            expires_at=timezone.now() + timedelta(days=days),
        )
        audit.record("token.made", subject=token, by=by, scopes=asked, days=days)
    return token, word


def standing(word: str, *, at: datetime) -> ApiToken:
    """The token that the word is of; raises NotStanding, which says why, when it opens nothing.

    The row is found by the digest, so that how long we look says nothing about how much of a guess was right.
    """
    token = ApiToken.objects.select_related("owner").filter(sha256=digest_of(word)).first()
    if token is None:
        raise NotStanding
    if token.revoked_at is not None:
        raise Revoked
    if token.expires_at <= at:
        raise Expired
    if not token.owner.is_active:
        raise Inactive
    return token


def standing_of(person: Any, *, at: datetime) -> QuerySet[ApiToken]:
    """The person's tokens that open something, newest first."""
    return ApiToken.objects.filter(owner=person, revoked_at=None, expires_at__gt=at).order_by("-made_at")


def used(token: ApiToken, *, at: datetime) -> None:
    """Note the day of use; one write a day, however often it is used."""
    earlier = Q(last_used_date=None) | Q(last_used_date__lt=at.date())
    ApiToken.objects.filter(earlier, pk=token.pk).update(last_used_date=at.date())


def revoke(token: ApiToken, *, by: User) -> None:
    """End the token at once; a second time changes nothing."""
    with transaction.atomic():
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
            audit.record("token.revoked", subject=token, by=by)
