"""What a moderator fills in for several clips at once: which of them, as they were seen, and what becomes of each."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from contributions.forms.verdicts import NOTE_LENGTH
from contributions.models import Clip
from contributions.taxonomy import reasons

S = Clip.Status
ACTIONS = (
    (S.STORED, _("Screen them again")),
    (S.IN_REVIEW, _("Send them to the listeners")),
    (S.REJECTED, _("Refuse them")),
)
# Each clip is refused for what the machine found in it.
OWN_REASON = "MACHINE"
REASONS = (
    ("", _("Please choose")),
    (OWN_REASON, _("What the machine found, for each its own")),
    *((each.code, each.text) for each in reasons.LISTENING),
)
# As many as a page shows.
CLIPS_MAX = 25


class BulkForm(forms.Form):
    """One action on the clips that were chosen; `seen-<id>` is the mark of each as the list showed it."""

    to_status = forms.ChoiceField(label=_("What becomes of them?"), choices=ACTIONS, widget=forms.RadioSelect)
    reason = forms.ChoiceField(label=_("Why not, if you refuse them?"), choices=REASONS, required=False)
    note = forms.CharField(
        label=_("A note for other moderators, if you like"),
        max_length=NOTE_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )

    def __init__(self, data: Any = None, **options: Any) -> None:
        # Beside the form of the filters, which asks for a reason as well.
        super().__init__(data, **{"auto_id": "bulk_%s", **options})
        self.said: MultiValueDict[str, str] = data if data is not None else MultiValueDict()

    def clean(self) -> dict[str, Any]:
        """Clips are chosen, and a refusal has a reason."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.chosen():
            self.add_error(None, _("Please choose at least one clip."))
        if said.get("to_status") == S.REJECTED and not said.get("reason"):
            self.add_error("reason", _("Please say why the clips are refused; their speakers read it."))
        return said

    def chosen(self) -> dict[UUID, str]:
        """The mark of each chosen clip, by its id; everything on the page where that is asked for."""
        ids = self.said.getlist("on_page") if self.said.get("all") else self.said.getlist("clip")
        known = [as_uuid(word) for word in ids[:CLIPS_MAX]]
        return {pk: self.said.get(f"seen-{pk}", "") for pk in known if pk}


def as_uuid(word: str) -> UUID | None:
    """The id that was sent; None for what is none."""
    try:
        return UUID(word)
    except ValueError:
        return None
