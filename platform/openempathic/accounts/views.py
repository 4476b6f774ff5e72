"""Pages about who may do what: inviting, accepting, and the link that lets a first curator in."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from openempathic.accounts import invitations, moderators
from openempathic.accounts.doors import curators_only
from openempathic.accounts.forms import InvitationForm, ModeratorForm
from openempathic.accounts.models import Invitation

# What a session keeps of a fresh invitation until its link has been shown, once.
FRESH_LINK = "fresh_invitation_link"


@curators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_list(request: HttpRequest) -> HttpResponse:
    """Invite somebody; the link is mailed and shown once, since nothing but its digest is kept."""
    curator: Any = request.user
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        invitation, word = invitations.invite(**form.cleaned_data, by=curator)
        link = settings.SITE_URL + reverse("invitation", args=[word])
        invitations.send(invitation, link=link)
        request.session[FRESH_LINK] = {"email": invitation.email, "link": link}
        return redirect("invitations")
    facts = {
        "form": form,
        "fresh": request.session.pop(FRESH_LINK, None),
        "standing": [(each, moderators.described(each.moderated_languages)) for each in unanswered()],
        "moderators": [(each, moderators.described(each.moderated_languages)) for each in moderators.moderators()],
    }
    return render(request, "accounts/invitations.html", facts)


def unanswered() -> "QuerySet[Invitation]":
    """The invitations that somebody may still accept, the newest first."""
    return Invitation.objects.filter(accepted_at=None, expires_at__gt=Now()).order_by("-invited_at")


@curators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def moderator(request: HttpRequest, person_id: int) -> HttpResponse:
    """In which languages one moderator judges, and a curator's word to change it."""
    person = get_object_or_404(moderators.moderators(), pk=person_id)
    curator: Any = request.user
    initial = {"moderated_languages": person.moderated_languages}
    form = ModeratorForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        moderators.judge_only(person, form.cleaned_data["moderated_languages"], by=curator)
        messages.success(request, _("Saved. It holds from the next page that they open."))
        return redirect("invitations")
    return render(request, "accounts/moderator.html", {"form": form, "person": person})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the link offers; take it only when somebody signed in presses the button."""
    try:
        standing = invitations.standing(token)
        if request.method == "POST":
            return accepted(request, token)
    except invitations.NotInvitable as refusal:
        return render(request, "accounts/link_ended.html", {"why": str(refusal)}, status=410)
    languages = moderators.described(standing.moderated_languages)
    return render(request, "accounts/invitation.html", {"invitation": standing, "languages": languages})


def accepted(request: HttpRequest, token: str) -> HttpResponse:
    """Give the person the role, and lead them to where they can use it."""
    if not request.user.is_authenticated:
        raise PermissionDenied(_("Please sign in first, then open the link of your invitation again."))
    taken = invitations.accept(token, by=request.user)
    # Whoever knew the session's key before does not have the role.
    request.session.cycle_key()
    messages.success(request, _("Welcome! You are now a %(role)s.") % {"role": taken.get_role_display().lower()})
    return redirect("home")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, word: str) -> HttpResponse:
    """Let in whom a one-time link names. Looking at it spends nothing: a mail program's preview must not."""
    person = invitations.person_for(word)
    if person is None:
        why = _("This link was used already, is too old, or is not complete.")
        return render(request, "accounts/link_ended.html", {"why": why}, status=410)
    if request.method == "POST":
        login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
        messages.success(request, _("You are signed in. Set a password in your account, so that you can come back."))
        return redirect("home")
    return render(request, "accounts/sign_in.html", {"person": person})
