"""What people fill in: what they allow, and who they are."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from django import forms
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from contributions.consenting import consent
from contributions.consenting.facts import Facts
from contributions.models import ConsentText
from contributions.taxonomy import reading

# A title, whose choice it is, and what happens; how long, who hears it and how to take it back unfold below.
LEAD_BLOCKS = 3
ALL_BLOCKS = slice(None)

NOT_SAID = ("", _("I do not say"))
AGE_BANDS = (NOT_SAID, ("18-29", "18-29"), ("30-44", "30-44"), ("45-59", "45-59"), ("60+", _("60 or older")))
# Stored as the corpora have them, so that a release says the same of a speaker wherever the voice came from.
GENDERS = (NOT_SAID, ("female", _("Woman")), ("male", _("Man")), ("non-binary", _("Non-binary")))
# What the fields about single languages begin with.
VARIETY = "variety-"
NO_LANGUAGES: Mapping[str, str] = MappingProxyType({})
# As long as their columns.
GENDER_LENGTH, ACCENT_LENGTH = 20, 120


class ConsentForm(forms.Form):
    """One unticked box a purpose, each bound to the very words that were shown."""

    is_adult = forms.BooleanField(label=_("I am 18 or older, and an adult where I live."), required=False)

    def __init__(self, *args: Any, texts: list[ConsentText], given: Collection[int] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.texts = texts
        for text in texts:
            name = text.purpose
            self.fields[f"shown_{name}"] = forms.CharField(widget=forms.HiddenInput, initial=seal(text))
            self.fields[f"given_{name}"] = forms.BooleanField(
                label=_("I agree to this"), required=False, initial=text.pk in given
            )

    def asked(self) -> list[dict[str, Any]]:
        """Each text with its box, as the page shows them."""
        return [
            {
                "text": text,
                "title": text.get_purpose_display(),
                "words": as_part(text.body, blocks=slice(0, LEAD_BLOCKS)),
                "rest": as_part(text.body, blocks=slice(LEAD_BLOCKS, None)),
                "is_required": text.purpose == consent.REQUIRED,
                "is_agreed": self.fields[f"given_{text.purpose}"].initial,
                "shown": self[f"shown_{text.purpose}"],
                "box": self[f"given_{text.purpose}"],
            }
            for text in self.texts
        ]

    def clean(self) -> dict[str, Any]:
        """Refuse an answer to words that are not the ones in force now."""
        said = super().clean() or {}
        if any(said.get(f"shown_{text.purpose}") != seal(text) for text in self.texts):
            raise forms.ValidationError(
                _("The words changed while this page was open. Please read them again."), code="words_changed"
            )
        return said

    @property
    def lacks_required(self) -> bool:
        """Whether the answer leaves out the purpose that all else rests on: the page then says how to end it."""
        return self.is_bound and not self.data.get(f"given_{consent.REQUIRED}")

    def given(self) -> set[str]:
        """The purposes that were ticked."""
        return {text.purpose for text in self.texts if self.cleaned_data[f"given_{text.purpose}"]}


def as_part(body: str, *, blocks: slice = ALL_BLOCKS) -> SafeString:
    """The words, or some blocks of them, as a part of a page that has a title of its own."""
    some = "\n\n".join(reading.blocks(body)[blocks])
    return mark_safe(reading.as_html(some).replace("h1>", "h2>"))  # noqa: S308  it escapes what it is given


def seal(text: ConsentText) -> str:
    """Which words were shown: the text's number and the digest of its body."""
    return f"{text.pk}:{text.sha256}"


class AboutMeForm(forms.Form):
    """Who speaks, as far as they say; nothing is preset, and all of it may stay empty."""

    age_band = forms.ChoiceField(label=_("How old are you?"), choices=AGE_BANDS, required=False)
    gender = forms.ChoiceField(label=_("Your gender"), choices=GENDERS, required=False)
    own_word = forms.CharField(label=_("Or your gender in your own word"), max_length=GENDER_LENGTH, required=False)
    accent = forms.CharField(
        label=_("Your accent or variety, in your own words"), max_length=ACCENT_LENGTH, required=False
    )

    def __init__(self, *args: Any, languages: Mapping[str, str] = NO_LANGUAGES, **options: Any) -> None:
        super().__init__(*args, **options)
        for tag, name in languages.items():
            self.fields[f"{VARIETY}{tag}"] = forms.CharField(
                label=_("Your accent or variety (%(language)s)") % {"language": name},
                max_length=ACCENT_LENGTH,
                required=False,
                widget=forms.TextInput(attrs={"list": f"suggested-{tag}"}),
            )
        # Asked by language, it is not asked a second time; what was told before by itself may still be changed.
        if languages and not self.initial.get("accent"):
            del self.fields["accent"]

    @classmethod
    def of(cls, told: Facts) -> dict[str, str]:
        """What was told before, as the form shows it."""
        chosen = told.gender if told.gender in dict(GENDERS) else ""
        own_word = "" if chosen else told.gender
        return {"age_band": told.age_band, "gender": chosen, "own_word": own_word, "accent": told.accent}

    def clean(self) -> dict[str, Any]:
        """Refuse two answers to one question: which of them was meant, only the person knows."""
        said = super().clean() or {}
        if said.get("gender") and said.get("own_word"):
            self.add_error("own_word", _("Choose one above, or use your own word: not both."))
        return said

    def facts(self) -> Facts:
        """What was told; only of a form that is valid."""
        said = self.cleaned_data
        accent = said.get("accent", "")
        return Facts(gender=said["gender"] or said["own_word"], age_band=said["age_band"], accent=accent)

    def varieties(self) -> dict[str, str]:
        """What was told of each language that was asked about; only of a form that is valid."""
        asked = (name for name in self.fields if name.startswith(VARIETY))
        return {name.removeprefix(VARIETY): self.cleaned_data[name] for name in asked}
