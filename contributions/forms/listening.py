"""What a listener fills in: whether a clip can be used, and what was heard in it."""

from django import forms
from django.utils.translation import gettext_lazy as _

from contributions.listening import ratings
from contributions.listening.ratings import Answer
from contributions.taxonomy import reasons

INTENSITIES = (
    (0, _("Not at all")),
    (1, _("Slight")),
    (2, _("Clear")),
    (3, _("Strong")),
)


class RatingForm(forms.Form):
    """One listener's blind answer; what was not said stays empty."""

    is_usable = forms.TypedChoiceField(
        choices=[("yes", _("Yes")), ("no", _("No"))], coerce=lambda said: said == "yes", empty_value=None
    )
    unusable_reason = forms.ChoiceField(
        choices=lambda: [(reason.code, reason.text) for reason in reasons.LISTENING], required=False
    )
    emotion = forms.ChoiceField(choices=lambda: [(name, name) for name in ratings.answerable()], required=False)
    intensity = forms.TypedChoiceField(choices=INTENSITIES, coerce=int, empty_value=None, required=False)
    description = forms.CharField(max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def answer(self) -> Answer:
        """The answer as the act takes it; only of a form that is valid."""
        said = self.cleaned_data
        if not said["is_usable"]:
            return Answer(is_usable=False, unusable_reason=said["unusable_reason"], description=said["description"])
        return Answer(
            is_usable=True,
            emotion=said["emotion"],
            intensity=said["intensity"],
            description=said["description"],
        )
