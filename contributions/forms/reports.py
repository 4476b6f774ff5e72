"""What somebody fills in who reports a clip, and a moderator who answers."""

from django import forms
from django.utils.translation import gettext_lazy as _

from contributions.listening.reports import REASONS

WORDS_LENGTH = 1000


class ClipReportForm(forms.Form):
    """What is wrong with the clip, and in the person's own words if they like."""

    reason = forms.ChoiceField(
        label=_("What is wrong with it?"),
        choices=[(each.code, each.text) for each in REASONS],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=_("In your own words, if you like"),
        max_length=WORDS_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )


class AnswerForm(forms.Form):
    """What becomes of a clip that is still heard, and a word to whoever reported it."""

    SET_ASIDE, LEAVE = "SET_ASIDE", "LEAVE"
    outcome = forms.ChoiceField(choices=[(SET_ASIDE, SET_ASIDE), (LEAVE, LEAVE)])
    words = forms.CharField(max_length=WORDS_LENGTH, required=False)
