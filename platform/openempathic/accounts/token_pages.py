"""A person's tokens: what stands, a new one shown once, and the end of one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from openempathic.accounts import tokens
from openempathic.accounts.forms import TokenForm
from openempathic.accounts.models import ApiToken


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """The person's tokens, and a form for one more.

    The new word is in the answer to the POST itself: on its way through a redirect it would lie in the session's row.
    """
    person: Any = request.user
    form, word = TokenForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            _token, word = tokens.make(**form.cleaned_data, by=person)
        except tokens.NotMakeable as refusal:
            form.add_error(None, str(refusal))
        else:
            form = TokenForm()
    standing = tokens.standing_of(person, at=timezone.now())
    return render(request, "accounts/tokens.html", {"form": form, "word": word, "standing": standing})


@login_required
@require_POST
def revocation(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """End one of the person's tokens."""
    person: Any = request.user
    tokens.revoke(get_object_or_404(ApiToken, pk=token_id, owner=person), by=person)
    messages.success(request, _("The token is revoked: it opens nothing any more."))
    return redirect("tokens")
