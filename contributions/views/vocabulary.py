"""What a listener chooses from, in their own language: feelings with their words, scales, manners."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from contributions import taxonomy
from contributions.forms.listening import DIMENSIONS, INTENSITIES, STEPS, RatingForm
from contributions.taxonomy import reasons
from contributions.taxonomy.styles import styles
from contributions.views import words

# The keys of the four intensities lie side by side; those of the two ways out follow the feelings' digits.
INTENSITY_KEYS = ("H", "J", "K", "L")
OUT_KEYS = {"other": "9", "cannot_tell": "0"}
# Of a voice that one hears; what a speaker says of themselves is in the taxonomy.
MANNERS: dict[str, Promise] = {
    "whisper": gettext_lazy("whispers"),
    "shout": gettext_lazy("shouts"),
    "laugh": gettext_lazy("laughs"),
    "smile": gettext_lazy("smiles"),
    "cry": gettext_lazy("cries"),
    "tremble": gettext_lazy("trembles"),
    "sigh": gettext_lazy("sighs"),
    "breathless": gettext_lazy("is out of breath"),
    "hesitate": gettext_lazy("hesitates"),
    "flat": gettext_lazy("speaks without melody"),
}
PROSODY: tuple[Promise, ...] = (
    gettext_lazy("speaks fast"),
    gettext_lazy("speaks slowly"),
    gettext_lazy("a high voice"),
    gettext_lazy("a low voice"),
    gettext_lazy("a loud voice"),
    gettext_lazy("a soft voice"),
    gettext_lazy("a rough voice"),
    gettext_lazy("a breathy voice"),
    gettext_lazy("a trembling voice"),
    gettext_lazy("a tense voice"),
    gettext_lazy("a warm voice"),
    gettext_lazy("a sharp voice"),
    gettext_lazy("rises at the end"),
    gettext_lazy("falls at the end"),
    gettext_lazy("with long pauses"),
    gettext_lazy("stresses single words"),
)


@dataclass(frozen=True)
class Feeling:
    """A feeling to choose, the words that go with it, and its key where it has one."""

    value: str
    label: str
    words: tuple[str, ...] = ()
    key: str = ""
    is_told: bool = False

    @property
    def told(self) -> str:
        """Its words in one line, where they stand beside it."""
        return ", ".join(self.words) if self.is_told else ""


def feeling(emotion: taxonomy.Emotion, *, is_told: bool = False) -> Feeling:
    """The emotion with its words in the reader's language."""
    said = emotion.words.get(words.reading(), emotion.words["en"])
    return Feeling(emotion.name, words.feeling(emotion.name).label, said, is_told=is_told)


def choices(form: RatingForm) -> dict[str, Any]:
    """Everything that the form's page offers, and what of it is chosen."""
    core = [feeling(emotion) for emotion in taxonomy.emotions() if emotion.is_core]
    further = [feeling(emotion, is_told=True) for emotion in taxonomy.emotions() if not emotion.is_core]
    chosen = {name: form.chosen(name) for name in form.fields}
    more = ("secondary_emotions", "styles", *DIMENSIONS)
    return {
        "form": form,
        "chosen": chosen,
        "core": core,
        "further": further,
        "glossary": [feeling(emotion, is_told=True) for emotion in taxonomy.core_emotions()],
        "is_further": bool({each.value for each in further} & set(chosen["emotion"])),
        "ways_out": [Feeling(name, words.feeling(name).label, key=key) for name, key in OUT_KEYS.items()],
        "beside": [*core, *further],
        "vocabulary": [*core, *further],
        "has_more": any(chosen[name] for name in more),
        "intensities": intensities(),
        "dimensions": dimensions(chosen),
        "styles": [words.Choice(one.name, str(MANNERS[one.name])) for one in styles()],
        "prosody": PROSODY,
        "keys": keys(),
    }


def intensities() -> list[dict[str, Any]]:
    """The four strengths, each with its key."""
    return [
        {"value": str(level), "label": label, "key": key}
        for (level, label), key in zip(INTENSITIES, INTENSITY_KEYS, strict=True)
    ]


def dimensions(chosen: dict[str, list[str]]) -> list[dict[str, Any]]:
    """The three scales, each with the words at its ends."""
    return [
        {
            "name": name,
            "legend": legend,
            "low": low,
            "high": high,
            "steps": list(map(str, STEPS)),
            "chosen": chosen[name],
        }
        for name, (legend, low, high) in DIMENSIONS.items()
    ]


def keys() -> list[tuple[str, str]]:
    """Every key of the page and what it does, in the order of the page."""
    return [
        ("P", _("Play or pause")),
        ("R", _("As loud as it was recorded")),
        ("T", _("See its tones")),
        ("Y / N", _("It can be used, or it cannot")),
        ("1 – 7", _("The seven feelings, or why it cannot be used")),
        ("8", _("More feelings")),
        ("9 / 0", _("Another feeling, or you cannot tell")),
        (" ".join(INTENSITY_KEYS), _("How strong it is")),
        ("M", _("Say more about it")),
        ("D", _("Describe it in your own words; Tab or Esc leads out again")),
        ("↵", _("Save my answer")),
        ("U", _("Undo my last answer")),
        ("X", _("I would rather not hear this one")),
    ]


def said_in(form: RatingForm) -> list[tuple[str, str]]:
    """What was filled in, in words, for whoever cannot be shown the form again; the description stands apart."""
    chosen = {name: form.chosen(name) for name in form.fields}
    usable = {"yes": _("Yes"), "no": _("No")}
    told: dict[str, list[Any]] = {
        _("Can this clip be used?"): [usable.get(said) for said in chosen["is_usable"]],
        _("Why not?"): [reason.text for reason in reasons.LISTENING if reason.code in chosen["unusable_reason"]],
        _("Which feeling do you hear most?"): [*named(chosen["emotion"]), *chosen["other_word"]],
        _("Do you hear other feelings too?"): named(chosen["secondary_emotions"]),
        _("How strong is it?"): [label for level, label in INTENSITIES if str(level) in chosen["intensity"]],
        **{str(legend): chosen[name] for name, (legend, _low, _high) in DIMENSIONS.items()},
        _("In what manner does the person speak?"): [MANNERS[name] for name in chosen["styles"] if name in MANNERS],
    }
    in_words = {label: [str(each) for each in said if each] for label, said in told.items()}
    return [(label, ", ".join(said)) for label, said in in_words.items() if said]


def named(emotions: list[str]) -> list[str]:
    """What those of the emotions that we know are called."""
    return [words.feeling(name).label for name in emotions if name in known()]


def known() -> set[str]:
    """Every stored name that has a word."""
    return {emotion.name for emotion in taxonomy.emotions()} | set(OUT_KEYS)
