"""Leaving the site, and the last page that says what happened."""

from typing import Any

from django import forms
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from contributions.consenting import consent
from contributions.consenting.voices import forget, ids_of, is_guest, voices_of
from contributions.leaving import farewell
from contributions.models import Clip
from contributions.views.doors import speaking, voice_required
from openempathic.accounts import limits
from openempathic.accounts.limited_doors import PASSWORDS


class FarewellForm(forms.Form):
    """The person's password; who signs in by links alone writes their address; a guest presses the button."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    email = forms.EmailField(label=gettext_lazy("Your e-mail address"))

    def __init__(self, *args: Any, request: HttpRequest, **options: Any) -> None:
        super().__init__(*args, **options)
        self.request = request
        self.person: Any = request.user
        asked = {"password"} if self.person.is_authenticated and self.person.has_usable_password() else {"email"}
        asked = set() if is_guest(request) else asked
        self.fields = {name: field for name, field in self.fields.items() if name in asked}

    def clean_password(self) -> str:
        """Only the person's own, and not after many that were not."""
        try:
            limits.take(PASSWORDS, str(self.person.pk), at=timezone.now())
        except limits.TooMany:
            raise forms.ValidationError(_("Too many tries. Please wait a minute. Nothing was deleted.")) from None
        if not self.person.check_password(self.cleaned_data["password"]):
            raise forms.ValidationError(_("This is not your password. Nothing was deleted."))
        return self.cleaned_data["password"]

    def clean_email(self) -> str:
        """Only the person's own."""
        if self.cleaned_data["email"].lower() != self.person.email.lower():
            raise forms.ValidationError(_("This is not your address. Nothing was deleted."))
        return self.cleaned_data["email"]


@voice_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def delete_account(request: HttpRequest) -> HttpResponse:
    """Ask once, with the password, then take everything back and forget the person."""
    form = FarewellForm(request.POST if request.method == "POST" else None, request=request)
    voices = " ".join(ids_of(request))
    if request.method == "POST" and form.is_valid() and (told := gone(form, request)):
        was_guest = is_guest(request)
        logout(request)
        forget(request)
        return render(request, "contribute/farewell.html", {"told": told, "was_guest": was_guest, "ended": voices})
    count = Clip.objects.of(voices_of(request)).live().count()
    return render(request, "contribute/delete_account.html", {"form": form, "count": count})


def gone(form: FarewellForm, request: HttpRequest) -> farewell.Farewell | None:
    """Do what was asked; None, with the reason on the form, where the account must stay."""
    try:
        if is_guest(request):
            return farewell.end_guest(speaking(request), locale=consent.locale_now())
        return farewell.delete_account(form.person, locale=consent.locale_now())
    except farewell.NotDeletable as refusal:
        form.add_error(None, str(refusal))
        return None
