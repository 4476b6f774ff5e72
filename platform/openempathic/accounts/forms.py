"""What a curator fills in to invite somebody, and anybody to make a token."""

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from openempathic.accounts.models import ApiToken, Invitation, Role, Scope
from openempathic.accounts.tokens import DAYS

INVITABLE = [(role.value, role.label) for role in (Role.MODERATOR, Role.CURATOR)]


class InvitationForm(forms.ModelForm):
    """Whom to invite, and to do what."""

    role = forms.ChoiceField(label=_("To help as"), choices=INVITABLE, initial=Role.MODERATOR)

    class Meta:
        model = Invitation
        fields = ["email", "role"]


def how_long() -> list[tuple[int, str]]:
    """How long a token may last, in the reader's words."""
    return [(days, gettext("%(days)s days") % {"days": days}) for days in DAYS]


class TokenForm(forms.ModelForm):
    """What the token is for, what it may do, and how long."""

    name = forms.CharField(
        label=_("What is it for?"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    scopes = forms.MultipleChoiceField(
        label=_("What may it do?"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    days = forms.TypedChoiceField(label=_("How long?"), coerce=int, choices=how_long)

    class Meta:
        model = ApiToken
        fields = ["name"]
