"""Who a page opens to: a stranger is asked to sign in, somebody else is told that it is not for them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from openempathic.accounts import second_factor

View = Callable[..., HttpResponseBase]
Question = Callable[[Any], bool]


def open_to(may: Question, *, otherwise: str) -> Callable[[View], View]:
    """Let in those of whom the question is true; the sentence, translated, is what the others read.

    Moderators and curators show a second factor first, whoever else the page is for.
    """

    def guard(view: View) -> View:
        @login_required
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **named: Any) -> HttpResponseBase:
            if not may(request.user):
                raise PermissionDenied(_(otherwise))
            if second_factor.is_owed(request):
                return second_factor.asked(request)
            return view(request, *args, **named)

        return answer

    return guard


def is_curator(person: Any) -> bool:
    """Whether the person curates this site."""
    return person.is_curator


curators_only = open_to(
    is_curator, otherwise=gettext_noop("This page is for the curators of this site. You can still give your voice.")
)
