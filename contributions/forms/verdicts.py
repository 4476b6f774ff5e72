"""What a moderator fills in: which clips to look at, and what becomes of one."""

from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contributions.models import Clip, ClipReport
from contributions.models.clip import ClipQuerySet
from contributions.screening import suspicions, verdicts
from contributions.screening.verdicts import Decision

S = Clip.Status
DECISIONS = (
    (S.IN_REVIEW, _("It can be used: listeners hear it next")),
    (S.ACCEPTED, _("It can be used: accept it at once")),
    (S.REJECTED, _("It cannot be used")),
    (S.STORED, _("Screen it again: the machine should look once more")),
)
STATUSES = (
    ("", _("Everything that waits")),
    (S.UNUSABLE, _("Found unusable by a machine")),
    (S.QUARANTINED, _("Set aside")),
    (S.DISPUTED, _("Listeners disagree")),
    (S.REJECTED, _("Refused, to think over")),
)
NOTE_LENGTH, ANSWER_LENGTH = 2000, 1000
AGES = (("", _("Any age")), ("1", _("Over a day")), ("7", _("Over a week")), ("30", _("Over a month")))
REPORTED = (("", _("Reported or not")), ("yes", _("Reported")), ("no", _("Not reported")))
SECOND, MINE = "needed", "mine"
SECONDS = (
    ("", _("One person or two")),
    (SECOND, _("Two people have to agree")),
    (MINE, _("Proposed by another, for you to second")),
)


class SetAsideForm(forms.Form):
    """Which of the clips that wait are shown; what is no choice is no filter."""

    status = forms.ChoiceField(label=_("What happened"), choices=STATUSES, required=False)
    reason = forms.ChoiceField(label=_("Reason"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    age = forms.ChoiceField(label=_("Waiting"), choices=AGES, required=False)
    reported = forms.ChoiceField(label=_("Reports"), choices=REPORTED, required=False)
    second = forms.ChoiceField(label=_("Who decides"), choices=SECONDS, required=False)

    def __init__(
        self, *args: Any, reasons: list[tuple[str, str]], languages: list[tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["reason"].choices = [("", _("Every reason")), *reasons]  # type: ignore[attr-defined]
        self.fields["language"].choices = [("", _("Every language")), *languages]  # type: ignore[attr-defined]

    def asked(self) -> dict[str, str]:
        """What was chosen of what there is to choose."""
        self.is_valid()
        return {name: said for name, said in self.cleaned_data.items() if said}

    def among(self, clips: ClipQuerySet, *, person: Any) -> ClipQuerySet:
        """Those of the clips that this moderator asks for, the longest waiting first."""
        asked = self.asked()
        statuses = [asked["status"]] if "status" in asked else verdicts.WAITING
        clips = clips.filter(status__in=statuses)
        if "reason" in asked:
            clips = clips.filter(status_reason=asked["reason"])
        if "language" in asked:
            clips = clips.filter(language=asked["language"])
        if "age" in asked:
            clips = clips.filter(stored_at__lte=timezone.now() - timedelta(days=int(asked["age"])))
        if "reported" in asked:
            is_reported = Q(pk__in=ClipReport.objects.filter(answer__isnull=True).values("clip"))
            clips = clips.filter(is_reported if asked["reported"] == "yes" else ~is_reported)
        return self.by_second(clips, person).order_by("stored_at", "pk")

    def by_second(self, clips: ClipQuerySet, person: Any) -> ClipQuerySet:
        """Those of the clips that want a second person, or this very one, where that is asked for."""
        asked = self.asked().get("second")
        if asked == SECOND:
            return suspicions.suspected(clips)
        return suspicions.to_second(clips, person) if asked == MINE else clips


class VerdictForm(forms.Form):
    """One verdict; `seen` is the mark of the clip as the page showed it."""

    to_status = forms.ChoiceField(choices=DECISIONS)
    reason = forms.CharField(max_length=40, required=False)
    note = forms.CharField(max_length=NOTE_LENGTH, required=False)
    answer = forms.CharField(max_length=ANSWER_LENGTH, required=False)
    seen = forms.CharField(max_length=80, required=False)

    def decision(self) -> Decision:
        """The verdict as the act takes it; only of a form that is valid."""
        said = self.cleaned_data
        reason = said["reason"] if said["to_status"] == S.REJECTED else ""
        return Decision(said["to_status"], reason=reason, note=said["note"].strip(), answer=said["answer"].strip())
