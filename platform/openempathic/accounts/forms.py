"""What a curator fills in to invite somebody, and anybody to make a token."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from openempathic.accounts import languages
from openempathic.accounts.models import ApiToken, Invitation, Role, Scope
from openempathic.accounts.tokens import DAYS

INVITABLE = [(role.value, role.label) for role in (Role.MODERATOR, Role.CURATOR)]


class LanguagesField(forms.MultipleChoiceField):
    """The languages in which somebody judges; none of them is all of them."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **options: Any) -> None:
        help_text = _("Leave all boxes empty for every language.")
        super().__init__(**{"choices": languages.choices, "required": False, "help_text": help_text, **options})


class InvitationForm(forms.ModelForm):
    """Whom to invite, to do what, and in which languages."""

    role = forms.ChoiceField(label=_("To help as"), choices=INVITABLE, initial=Role.MODERATOR)
    moderated_languages = LanguagesField(label=_("A moderator judges clips in"))

    class Meta:
        model = Invitation
        fields = ["email", "role", "moderated_languages"]


class ModeratorForm(forms.Form):
    """The languages that one moderator judges."""

    moderated_languages = LanguagesField(label=_("Judges clips in"))


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
