"""What a curator fills in to invite somebody."""

from django import forms
from django.utils.translation import gettext_lazy as _

from openempathic.accounts.models import Invitation, Role

INVITABLE = [(role.value, role.label) for role in (Role.MODERATOR, Role.CURATOR)]


class InvitationForm(forms.ModelForm):
    """Whom to invite, and to do what."""

    role = forms.ChoiceField(label=_("To help as"), choices=INVITABLE, initial=Role.MODERATOR)

    class Meta:
        model = Invitation
        fields = ["email", "role"]
