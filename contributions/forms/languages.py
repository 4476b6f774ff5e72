"""What a native speaker fills in about a language's sentences."""

from typing import Any

from django import forms

from contributions.asking.languages import SCENE_LETTERS_MAX, TEXT_LETTERS_MAX
from contributions.listening.deciding import LEAST, MOST

REASON_LENGTH = 300
SCENE = "scene-"


class ConfirmationForm(forms.Form):
    """Which words were shown, and whether they are right."""

    seen = forms.CharField(max_length=64)
    is_right = forms.TypedChoiceField(choices=[("yes", ""), ("no", "")], coerce=lambda said: said == "yes")

    def said(self) -> dict[str, Any]:
        """The answer as the act takes it; only of a form that is valid."""
        return dict(self.cleaned_data)


class RepairForm(forms.Form):
    """Which words were shown, and better ones, with a scene for each prompt that has one."""

    seen = forms.CharField(max_length=64)
    text = forms.CharField(max_length=TEXT_LETTERS_MAX)

    def scenes(self) -> dict[str, str]:
        """What was said of each scene, by its prompt, cut off where it is far too long to be one."""
        named = (name for name in self.data if name.startswith(SCENE))
        return {name.removeprefix(SCENE): str(self.data[name])[: SCENE_LETTERS_MAX + 1] for name in named}

    def said(self) -> dict[str, Any]:
        """The repair as the act takes it; only of a form that is valid."""
        return dict(self.cleaned_data) | {"scenes": self.scenes()}


class StateForm(forms.Form):
    """Whether the language is active, and why."""

    is_active = forms.TypedChoiceField(choices=[("yes", ""), ("no", "")], coerce=lambda said: said == "yes")
    reason = forms.CharField(max_length=REASON_LENGTH)


class ListenersForm(forms.Form):
    """How many blind answers settle a clip of the language."""

    ratings_required = forms.IntegerField(min_value=LEAST, max_value=MOST)
