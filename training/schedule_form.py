"""What a curator fills in to change the schedule."""

from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from training.clara.config import PRESETS
from training.models import EVERY_DAY, TrainingSchedule
from training.schedule import SET

# The seed head is made once, of corpora; a site trains the others.
NOT_OFFERED = ("seed",)
IN_WORDS = {
    "site": _("site: a small ear on the fixed base that ships, for one CPU or GPU"),
    "tiny": _("tiny: from scratch, for one CPU"),
    "small": _("small: from scratch, 46 million parameters, for one GPU"),
    "base": _("base: from scratch, 131 million parameters, for several GPUs"),
    "nano": _("nano: for trying the site out, learns next to nothing"),
}


class ScheduleForm(forms.Form):
    """Everything that can be set, and the version that was looked at."""

    every_hours = forms.FloatField(label=_("Hours between two runs, at least"), min_value=0)
    min_new_clips = forms.IntegerField(label=_("New clips that make a run worth it"), min_value=0)
    after_withdrawals = forms.IntegerField(
        label=_("Withdrawn clips that make a run due"),
        min_value=0,
        help_text=_("Clips that the champion has heard and that were taken back since. 0: they open no run."),
    )
    weekdays = forms.MultipleChoiceField(
        label=_("On these days"),
        choices=[(str(day), WEEKDAYS[day]) for day in range(7)],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one day of the week.")},
    )
    from_hour = forms.TypedChoiceField(label=_("From"), coerce=int, choices=[(n, f"{n:02d}:00") for n in range(24)])
    until_hour = forms.TypedChoiceField(
        label=_("Until"), coerce=int, choices=[(n, f"{n:02d}:00") for n in range(1, 25)]
    )
    preset = forms.ChoiceField(
        label=_("What is trained"),
        choices=[(name, words) for name, words in IN_WORDS.items() if name in PRESETS.keys() - set(NOT_OFFERED)],
    )
    plan = forms.JSONField(
        label=_("The plan, where it differs"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "translate": "no"}),
        help_text=_('Names and values as JSON, such as {"steps": 800}. Every run starts from the fixed base.'),
    )
    is_paused = forms.BooleanField(label=_("Open no run by itself; one can still be started by hand"), required=False)
    needs_approval = forms.BooleanField(
        label=_("A curator approves each checkpoint before it is published"), required=False
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})

    def clean_plan(self) -> dict[str, Any]:
        """No plan is an empty one."""
        return self.cleaned_data["plan"] or {}

    def clean_weekdays(self) -> str:
        """The days in their order, as the row keeps them."""
        return "".join(sorted(self.cleaned_data["weekdays"]))

    @classmethod
    def showing(cls, row: TrainingSchedule) -> "ScheduleForm":
        """The form as the schedule stands."""
        values = {name: getattr(row, name) for name in SET}
        days = [day for day in EVERY_DAY if day in row.weekdays]
        return cls(initial=values | {"weekdays": days, "seen": row.version})
