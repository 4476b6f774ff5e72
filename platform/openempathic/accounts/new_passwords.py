"""What ends with an old password: other sessions, by Django itself, and every token, since a thief may have made it."""

from typing import Any

from allauth.account import signals
from django.contrib import messages
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from openempathic import audit
from openempathic.accounts import adapter, tokens
from openempathic.accounts.models import User


@receiver([signals.password_set, signals.password_changed, signals.password_reset])
def renewed(request: HttpRequest, user: User, **_named: Any) -> None:
    """End the person's tokens and say so; who signs in with the new password makes new ones."""
    with transaction.atomic():
        ended = 0
        for token in tokens.standing_of(user, at=timezone.now()):
            tokens.revoke(token, by=user)
            ended += 1
        audit.record("password.renewed", subject=user, by=user, tokens=ended)
    if ended:
        messages.info(request, _("Your tokens ended with the old password: make new ones for your programs."))


@receiver(signals.password_reset)
def proved(request: HttpRequest, user: User, **_named: Any) -> None:
    """Nobody's guesses from before keep out who came by mail."""
    adapter.forget_tries(request, user)
