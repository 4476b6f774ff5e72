"""What people fill in about how they speak a language."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contributions.consenting.varieties import WORDS_LETTERS_MAX


class VarietyForm(forms.Form):
    """One of the suggestions, or words of one's own; nothing is preset, and nobody has to say."""

    suggested = forms.ChoiceField(required=False, widget=forms.RadioSelect)
    words = forms.CharField(label=_("Or in your own words"), max_length=WORDS_LETTERS_MAX, required=False)

    def __init__(self, *args: Any, suggestions: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        # As strings of the data or of people: they are in the language asked about, not in the reader's.
        self.fields["suggested"].choices = [(words, words) for words in suggestions]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse two answers to one question: which of them was meant, only the person knows."""
        said = super().clean() or {}
        if said.get("suggested") and said.get("words"):
            self.add_error("words", _("Choose one above, or use your own word: not both."))
        return said

    def said(self) -> str:
        """What was said, which may be nothing; only of a form that is valid."""
        return str(self.cleaned_data["suggested"] or self.cleaned_data["words"])
