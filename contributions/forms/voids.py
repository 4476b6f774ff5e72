"""Which listeners a moderator looks at, and what a curator fills in to void answers or to let somebody rest."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contributions.listening import voids
from contributions.listening.patterns import Name
from contributions.models import RatingVoid

REASON_WORDS = {
    RatingVoid.Reason.SPAM: _("Spam: answers without listening"),
    RatingVoid.Reason.CARELESS: _("Careless: listened to half of it"),
    RatingVoid.Reason.CONFLICT: _("Conflict: too close to the speaker"),
    RatingVoid.Reason.OTHER: _("Another reason"),
}
PATTERN_WORDS = {
    Name.SAME_ANSWER: _("The same answer again and again"),
    Name.AT_RANDOM: _("Answers that do not depend on the clip"),
    Name.AGAINST: _("Answers against everybody else's"),
    Name.TOO_FAST: _("Answers faster than the sound"),
    Name.RUBBER_STAMP: _("Takes over whatever is suggested"),
    Name.GOLD_FAILED: _("Misses clips that everybody hears alike"),
    Name.DRIFT: _("Tires within a session"),
}
ANY = "any"


class ListenersForm(forms.Form):
    """Which listeners are shown; what is no choice is no filter."""

    language = forms.ChoiceField(label=_("Language"), required=False)
    pattern = forms.ChoiceField(label=_("Pattern"), required=False)

    def __init__(self, *args: Any, languages: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["language"].choices = [("", _("Every language")), *languages]  # type: ignore[attr-defined]
        shown = [("", _("Everybody")), (ANY, _("With any pattern")), *PATTERN_WORDS.items()]
        self.fields["pattern"].choices = shown  # type: ignore[attr-defined]

    def asked(self) -> dict[str, str]:
        """What was chosen of what there is to choose."""
        self.is_valid()
        return {name: said for name, said in self.cleaned_data.items() if said}

    def among(self, standings: Any) -> Any:
        """Those of the standings that are asked for."""
        asked = self.asked()
        if "language" in asked:
            standings = standings.filter(language=asked["language"])
        if asked.get("pattern") == ANY:
            return standings.exclude(patterns=[])
        if "pattern" in asked:
            # SQLite has no containment for JSON.
            standings = standings.filter(patterns__icontains=f'"{asked["pattern"]}"')
        return standings


class ScopeForm(forms.Form):
    """Which answers of a listener are meant; nothing chosen is all of them."""

    language = forms.ChoiceField(label=_("Language"), required=False)
    since = forms.DateField(label=_("Since"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, languages: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["language"].choices = [("", _("Every language")), *languages]  # type: ignore[attr-defined]

    def scope(self) -> dict[str, Any]:
        """The answers as the act takes them; only of a form that is valid."""
        day = self.cleaned_data["since"]
        since = timezone.make_aware(datetime.combine(day, time.min)) if day else None
        return {"language": self.cleaned_data["language"], "since": since}


class VoidForm(forms.Form):
    """Why answers count no more."""

    reason = forms.ChoiceField(label=_("Why?"), choices=[("", _("Please choose")), *REASON_WORDS.items()])
    note = forms.CharField(
        label=_("What you saw"), max_length=voids.NOTE_LENGTH, widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"})
    )

    def why(self) -> dict[str, str]:
        """The reason and the note as the act takes them; only of a form that is valid."""
        return {"reason": self.cleaned_data["reason"], "note": self.cleaned_data["note"]}
