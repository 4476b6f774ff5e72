"""What a curator fills in: which clips to look at, and what makes one of them an example."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contributions.listening.gold import EXPLANATION_LETTERS_MAX
from contributions.models import GoldItem

CANDIDATES, AMONG_OTHERS, TUTORIAL, RESTING = "candidates", "gold", "tutorial", "resting"
LISTS = (
    (TUTORIAL, _("Examples of the tutorial")),
    (AMONG_OTHERS, _("Heard among other clips, one in ten")),
    (RESTING, _("Retired, or no longer agreed on")),
    (CANDIDATES, _("Accepted clips to choose from")),
)


class GoldListForm(forms.Form):
    """Which clips are shown; what is no choice is no filter."""

    language = forms.ChoiceField(label=_("Language"), required=False)
    kept = forms.ChoiceField(label=_("Which clips"), choices=LISTS, required=False)

    def __init__(self, *args: Any, languages: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["language"].choices = [("", _("Every language")), *languages]  # type: ignore[attr-defined]

    def asked(self) -> dict[str, str]:
        """What was chosen of what there is to choose; the tutorial where nothing was."""
        self.is_valid()
        return {"kept": TUTORIAL} | {name: said for name, said in self.cleaned_data.items() if said}


class GoldForm(forms.Form):
    """What is heard in the clip, why, and whether the tutorial shows it."""

    leading = forms.ChoiceField(label=_("What is heard most"), required=False)
    close = forms.MultipleChoiceField(
        label=_("Close to it, and right as well"), required=False, widget=forms.CheckboxSelectMultiple
    )
    explanation = forms.CharField(
        label=_("Why it is heard so"),
        required=False,
        max_length=EXPLANATION_LETTERS_MAX,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )
    is_for_tutorial = forms.BooleanField(label=_("Show it in the tutorial"), required=False)

    def __init__(self, *args: Any, feelings: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["leading"].choices = [("", _("Please choose")), *feelings]  # type: ignore[attr-defined]
        self.fields["close"].choices = feelings  # type: ignore[attr-defined]

    @staticmethod
    def of(item: GoldItem | None, *, reader: str) -> dict[str, Any]:
        """What the form begins with."""
        if item is None:
            return {"is_for_tutorial": True}
        return {
            "leading": next(iter(item.emotions), ""),
            "close": item.emotions[1:],
            "explanation": item.explanation.get(reader, ""),
            "is_for_tutorial": item.is_for_tutorial,
        }

    def said(self) -> dict[str, Any]:
        """The choice as the act takes it; only of a form that is valid."""
        said = self.cleaned_data
        return {
            "emotions": [said["leading"], *said["close"]] if said["leading"] else [],
            "explanation": said["explanation"],
            "is_for_tutorial": said["is_for_tutorial"],
        }
