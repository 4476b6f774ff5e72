"""Leaving the site, and the last page that says what happened."""

from typing import Any

from django import forms
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from contributions import consent, farewell
from contributions.models import Clip
from openempathic.accounts.models import User


class FarewellForm(forms.Form):
    """The person's password; who signs in by links alone writes their address instead."""

    password = forms.CharField(
        label=gettext_lazy("Your password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    email = forms.EmailField(label=gettext_lazy("Your e-mail address"))

    def __init__(self, *args: Any, person: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.person = person
        del self.fields["email" if person.has_usable_password() else "password"]

    def clean_password(self) -> str:
        """Only the person's own."""
        if not self.person.check_password(self.cleaned_data["password"]):
            raise forms.ValidationError(_("This is not your password. Nothing was deleted."))
        return self.cleaned_data["password"]

    def clean_email(self) -> str:
        """Only the person's own."""
        if self.cleaned_data["email"].lower() != self.person.email.lower():
            raise forms.ValidationError(_("This is not your address. Nothing was deleted."))
        return self.cleaned_data["email"]


@login_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def delete_account(request: HttpRequest) -> HttpResponse:
    """Ask once, with the password, then take everything back and forget the person."""
    person: Any = request.user
    form = FarewellForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        told = farewell.delete_account(person, locale=consent.locale_now())
        logout(request)
        return render(request, "contribute/farewell.html", {"told": told})
    count = Clip.objects.of(person).live().count()
    return render(request, "contribute/delete_account.html", {"form": form, "count": count})
