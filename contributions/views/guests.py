"""A guest's way: how to take part without an account, the code, and the clips that an account may claim."""

from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributions.consenting import guests
from contributions.consenting.voices import is_guest, voice_of, voices_of
from contributions.models import Contributor
from contributions.views.contributing import CODE_SHOWN

FILE_NAME = "open-empathic-code.txt"


class CodeForm(forms.Form):
    """The code that a guest kept, however it was written down."""

    code = forms.CharField(
        label=gettext_lazy("Your code"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    def clean_code(self) -> str:
        """The code of a guest who may come in; whose it is stays on the form."""
        try:
            self.guest = guests.admit(self.cleaned_data["code"], now=timezone.now())
        except guests.NotAdmitted as refusal:
            raise forms.ValidationError(refusal.message) from refusal
        return str(self.cleaned_data["code"])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take_part(request: HttpRequest) -> HttpResponse:
    """Ask a stranger how they want to take part; a POST goes on as a guest."""
    address = safe_next(request)
    if voices_of(request):
        return HttpResponseRedirect(address)
    if request.method == "POST":
        guests.enter(request.session, guests.welcome())
        return HttpResponseRedirect(address)
    return render(request, "guests/take_part.html", {"next": address})


def safe_next(request: HttpRequest) -> str:
    """Where the person was going, if that is a page of this site."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return wanted if is_ours else reverse("choose-language")


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_code(request: HttpRequest) -> HttpResponse:
    """Let in whoever holds a code; somebody with an account is asked whether to claim what it opens."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        if request.user.is_authenticated:
            return render(request, "guests/claim.html", facts_of_claim(form.guest))
        guests.enter(request.session, form.guest)
        return redirect("my-clips")
    status = 422 if form.is_bound else 200
    return render(request, "guests/open_code.html", {"form": form}, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Show the guest's code; a POST makes a new one, and this browser goes on with it."""
    guest = guest_or_404(request)
    if request.method == "POST":
        guest = guests.renew(guest, by=guest.actor)
        guests.enter(request.session, guest)
        messages.success(request, _("This is your new code. The old one opens nothing any more."))
        return redirect("guest-code")
    request.session[CODE_SHOWN] = True
    said = guests.code_of(guest)
    facts = {
        "code": said,
        "picture": segno.make(link_of(said), error="m").svg_data_uri(scale=4, border=3),
        "expires_at": guests.expires_at(guest),
    }
    return render(request, "guests/code.html", facts)


@never_cache
@require_safe
def code_file(request: HttpRequest) -> HttpResponse:
    """The code as a small file of words."""
    guest = guest_or_404(request)
    said = guests.code_of(guest)
    lines = [
        _("Your Open Empathic code. Whoever holds it can hear your clips and take them back: keep it to yourself."),
        said,
        link_of(said),
        _("If you do not come back, your clips are erased and the code ends on: %(day)s")
        % {"day": date_format(guests.expires_at(guest), "DATE_FORMAT")},
    ]
    kept_as = f'attachment; filename="{FILE_NAME}"'
    headers = {"Content-Disposition": kept_as}
    return HttpResponse("\n\n".join(lines) + "\n", content_type="text/plain; charset=utf-8", headers=headers)


def link_of(said: str) -> str:
    """The page that opens with the code. Behind a #, so that no server and no log ever sees it."""
    return f"{settings.SITE_URL}{reverse('guest')}#{said}"


def guest_or_404(request: HttpRequest) -> Contributor:
    """The guest who reads this page."""
    if not is_guest(request) or (guest := voice_of(request)) is None:
        raise Http404
    return guest


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Forget the guest on this browser: for those who share it."""
    guests.leave(request.session)
    messages.success(request, _("This browser has forgotten you. Your code brings you back."))
    return redirect("home")


@login_required
@sensitive_post_parameters("code")
@never_cache
@require_POST
def claim(request: HttpRequest) -> HttpResponse:
    """Make the clips that the code opens the account's."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        return render(request, "guests/open_code.html", {"form": form}, status=422)
    try:
        guests.claim(form.guest, by=request.user)
    except (guests.NotClaimable, guests.NotAdmitted) as refusal:
        form.add_error("code", getattr(refusal, "message", str(refusal)))
        return render(request, "guests/open_code.html", {"form": form}, status=422)
    messages.success(request, _("These clips are yours now. The code is not needed any more and opens nothing."))
    return redirect("my-clips")


def facts_of_claim(guest: Contributor) -> dict[str, Any]:
    """What the person would claim."""
    return {"code": guests.code_of(guest), "count": guest.clips.live().count(), "since": guest.created_at}
