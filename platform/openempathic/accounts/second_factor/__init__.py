"""A second factor beside the password: who owes one, whether a session has shown it, and how one is taken away again.

Moderators and curators owe one, since they hear voices that are not public and decide about them. What counts is the
session: one that was opened before the factor was set up, by a link or by a stolen cookie of then, has not shown it.
"""

import time
from typing import Any
from urllib.parse import urlencode

from allauth.account import app_settings
from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from openempathic import audit
from openempathic.accounts.models import User

METHOD = "mfa"
# What a session keeps of where somebody was going when they were led to set up a second factor.
THEN = "second_factor_then"
OPERATOR = "operator"


def is_owed(request: HttpRequest) -> bool:
    """Whether the person must show a second factor before pages of their role open, and this session has not."""
    person: Any = request.user
    asked = settings.SECOND_FACTOR_REQUIRED and person.is_authenticated and person.is_moderator
    return bool(asked) and not has_shown(request)


def has_shown(request: HttpRequest) -> bool:
    """Whether this session has shown a second factor that its person still has."""
    shown = {record.get("id") for record in shown_by(request)}
    return bool(shown) and Authenticator.objects.filter(user=request.user, pk__in=shown).exists()


def has_lately_shown(request: HttpRequest) -> bool:
    """Whether it did so within the minutes that a confirmation holds for."""
    return are_any_late(shown_by(request))


def has_lately_confirmed(request: HttpRequest) -> bool:
    """Whether a password or a code was typed in this session within these minutes."""
    return are_any_late(get_authentication_records(request, request.user))


def shown_by(request: HttpRequest) -> list[dict[str, Any]]:
    """When, and with which factor, the session has shown one."""
    records = get_authentication_records(request, request.user)
    return [record for record in records if record.get("method") == METHOD]


def are_any_late(records: list[dict[str, Any]]) -> bool:
    """Whether one of them is young enough to stand for a confirmation."""
    since = time.time() - app_settings.REAUTHENTICATION_TIMEOUT
    return any(record["at"] > since for record in records)


def is_set_up_by(person: Any) -> bool:
    """Whether the person has an app that makes codes."""
    return app_of(person).exists()


def app_of(person: Any) -> "QuerySet[Authenticator]":
    """The row of the person's app, if there is one."""
    return Authenticator.objects.filter(user=person, type=Authenticator.Type.TOTP)


def asked(request: HttpRequest) -> HttpResponseRedirect:
    """Lead to where the second factor is set up or shown, and from there on to where the person was going."""
    then = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("home")
    if is_set_up_by(request.user):
        return confirmation(then)
    request.session[THEN] = then
    return HttpResponseRedirect(reverse("mfa_activate_totp"))


def confirmation(then: str) -> HttpResponseRedirect:
    """Lead to where a code is asked for, and from there on."""
    return HttpResponseRedirect(f"{reverse('mfa_reauthenticate')}?{urlencode({REDIRECT_FIELD_NAME: then})}")


def reset(person: User) -> int:
    """Take the second factor of somebody who lost it; returns how many rows went. The operator's act: no page does it.

    Who was signed in stays so, but pages of their role ask them to set up another one first.
    """
    with transaction.atomic():
        _rows, deleted = Authenticator.objects.filter(user=person).delete()
        if count := deleted.get(Authenticator._meta.label, 0):
            audit.record("second_factor.reset", subject=person, by=OPERATOR)
    return count
