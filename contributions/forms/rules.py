"""What a curator fills in to change a rule of screening."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contributions.screening import rules
from contributions.taxonomy.measures import measure_of
from contributions.taxonomy.screening import Consequence, Rule

# As long as its column.
REASON_LENGTH = 300
DIGITS = 12  # more than any threshold has: takes away what the turn from percent adds
CONSEQUENCES = {
    Consequence.UNUSABLE: _("Nobody is asked to hear it"),
    Consequence.WARN: _("Its speaker is told, and it is heard"),
    Consequence.NOTE: _("A moderator reads it, nobody else"),
    Consequence.OFF: _("Nothing: the rule is switched off"),
}


class RuleForm(forms.Form):
    """The threshold, in the unit in which it is read, and the consequence, of one rule."""

    threshold = forms.FloatField(label=_("Threshold"))
    consequence = forms.ChoiceField(label=_("What follows"))

    def __init__(self, *args: Any, rule: Rule, **options: Any) -> None:
        super().__init__(*args, **options)
        self.rule, self.times = rule, shown_times(rule)
        threshold, consequence = self.fields["threshold"], self.fields["consequence"]
        threshold.initial = shown(rule.threshold, self.times)
        threshold.widget.attrs |= {"step": "any", "min": shown(rule.lowest, self.times)}
        threshold.widget.attrs |= {"max": shown(rule.highest, self.times)}
        consequence.initial = rule.consequence.value
        choices = [(each.value, CONSEQUENCES[each]) for each in reversed(rule.choices)]
        consequence.choices = choices  # type: ignore[attr-defined]

    def change(self) -> rules.Change:
        """What was filled in; only of a form that is valid."""
        threshold = round(self.cleaned_data["threshold"] / self.times, DIGITS)
        return rules.Change(self.rule.name, threshold, Consequence(self.cleaned_data["consequence"]))


class RuleChangeForm(RuleForm):
    """The same with the version that was looked at, the reason, and whether to screen clips again."""

    seen = forms.IntegerField(widget=forms.HiddenInput)
    # Asked for by the act, so that what the change would do is shown again.
    reason = forms.CharField(max_length=REASON_LENGTH, required=False)
    screen_again = forms.BooleanField(required=False)


def shown_times(rule: Rule) -> float:
    """What a threshold is multiplied by to be read, as a ratio is in percent."""
    unit = measure_of(rule.measure).unit
    return unit.times if unit else 1


def shown(value: float, times: float) -> str:
    """The number as a field for numbers takes it."""
    return f"{round(value * times, DIGITS):g}"
