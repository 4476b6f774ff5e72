"""What people fill in about what they are asked for, and what a curator decides about it."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contributions.models import PromptReport, PromptSkip

# As long as their columns.
SKIP_LENGTH, REPORT_LENGTH, DECISION_LENGTH = 300, 1000, 300


class SkipForm(forms.Form):
    """Why not this one; nothing is preset, and nobody has to say."""

    reason = forms.ChoiceField(
        label=_("Why do you skip it?"), choices=PromptSkip.Reason.choices, required=False, widget=forms.RadioSelect
    )
    words = forms.CharField(label=_("In your own words, if you like"), max_length=SKIP_LENGTH, required=False)

    def said(self) -> dict[str, str]:
        """The reason as the act takes it; only of a form that is valid."""
        reason = self.cleaned_data["reason"] or PromptSkip.Reason.NOT_SAID
        return {"reason": reason, "words": self.cleaned_data["words"]}


class ReportForm(forms.Form):
    """What is wrong with it."""

    reason = forms.ChoiceField(
        label=_("What is wrong with it?"), choices=PromptReport.Reason.choices, widget=forms.RadioSelect
    )
    words = forms.CharField(
        label=_("In your own words, if you like"),
        max_length=REPORT_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class FeelingsForm(forms.Form):
    """What somebody does not want to be asked for."""

    unwanted = forms.MultipleChoiceField(
        label=_("Never ask me for"), required=False, widget=forms.CheckboxSelectMultiple
    )

    plain = forms.MultipleChoiceField(
        label=_("Never ask me to speak"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self,
        *args: Any,
        feelings: Iterable[tuple[str, str]],
        manners: Iterable[tuple[str, str]] = (),
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.fields["unwanted"].choices = list(feelings)  # type: ignore[attr-defined]
        self.fields["plain"].choices = list(manners)  # type: ignore[attr-defined]


class OfferingForm(forms.Form):
    """Whether a prompt is offered, and why."""

    is_offered = forms.TypedChoiceField(choices=[("yes", ""), ("no", "")], coerce=lambda said: said == "yes")
    reason = forms.CharField(max_length=DECISION_LENGTH)

    def decision(self) -> dict[str, Any]:
        """What was decided; only of a form that is valid."""
        return dict(self.cleaned_data)
