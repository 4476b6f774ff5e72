"""What a listener fills in: whether a clip can be used, and what was heard in it."""

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contributions.listening import refusals
from contributions.listening.answers import DESCRIPTION_LETTERS_MAX, WORD_LETTERS_MAX, Answer, answerable
from contributions.models.rating import SCALE
from contributions.taxonomy import reasons, styles

INTENSITIES = (
    (0, _("Not at all")),
    (1, _("Slight")),
    (2, _("Clear")),
    (3, _("Strong")),
)
# The three dimensions, and the words at both ends of each: 1 is the first, 7 the second.
DIMENSIONS: dict[str, tuple[str | Promise, str | Promise, str | Promise]] = {
    "valence": (_("How pleasant does the voice feel?"), _("unpleasant"), _("pleasant")),
    "arousal": (_("How much energy is in it?"), _("calm"), _("excited")),
    "dominance": (_("How much is the voice in control?"), _("helpless"), _("in control")),
}
STEPS = range(SCALE[0], SCALE[1] + 1)


def step_of_a_scale() -> forms.TypedChoiceField:
    """One of the seven steps, or nothing."""
    return forms.TypedChoiceField(
        choices=[(step, step) for step in STEPS], coerce=int, empty_value=None, required=False
    )


class RatingForm(forms.Form):
    """One listener's blind answer; what was not said stays empty."""

    is_usable = forms.TypedChoiceField(
        choices=[("yes", _("Yes")), ("no", _("No"))], coerce=lambda said: said == "yes", empty_value=None
    )
    unusable_reason = forms.ChoiceField(
        choices=lambda: [(reason.code, reason.text) for reason in reasons.LISTENING], required=False
    )
    emotion = forms.ChoiceField(choices=lambda: [(name, name) for name in answerable()], required=False)
    other_word = forms.CharField(max_length=WORD_LETTERS_MAX, required=False)
    secondary_emotions = forms.MultipleChoiceField(
        choices=lambda: [(name, name) for name in answerable()], required=False
    )
    intensity = forms.TypedChoiceField(choices=INTENSITIES, coerce=int, empty_value=None, required=False)
    valence = step_of_a_scale()
    arousal = step_of_a_scale()
    dominance = step_of_a_scale()
    styles = forms.MultipleChoiceField(choices=lambda: [(name, name) for name in styles.names()], required=False)
    description = forms.CharField(max_length=DESCRIPTION_LETTERS_MAX, required=False)

    @classmethod
    def of(cls, answer: Answer | None) -> "RatingForm":
        """The form with what was answered before filled in; empty where there was nothing."""
        if answer is None:
            return cls()
        said = {name: getattr(answer, name) for name in cls.base_fields}
        return cls(initial=said | {"is_usable": "yes" if answer.is_usable else "no"})

    def answer(self) -> Answer:
        """The answer as the act takes it; only of a form that is valid."""
        said = self.cleaned_data
        if not said["is_usable"]:
            return Answer(is_usable=False, unusable_reason=said["unusable_reason"], description=said["description"])
        lists = {"secondary_emotions": tuple(said["secondary_emotions"]), "styles": tuple(said["styles"])}
        return Answer(**{**said, **lists, "unusable_reason": ""})

    def lacks(self) -> refusals.NotRateable:
        """Why a form that is not valid makes no answer."""
        if set(self.errors) & {"other_word", "description"}:
            return refusals.TooManyWords()
        if set(self.errors) & {"intensity", *DIMENSIONS}:
            return refusals.OutOfRange()
        return refusals.IncompleteAnswer()

    def chosen(self, name: str) -> list[str]:
        """The values of a field as the page compares them: words, however they came."""
        said = self[name].value()
        if said is None or said == "":
            return []
        return [str(each) for each in said] if isinstance(said, (list, tuple)) else [str(said)]
