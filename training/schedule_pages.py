"""A curator's way to the schedule: what it says, when the next run may open and what it waits for, and a change."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from contributions.views.figure_tables import whole
from openempathic.accounts.doors import curators_only
from openempathic.audit.models import AuditEvent
from training import schedule
from training.models import TrainingSchedule
from training.schedule import SET, Outlook
from training.schedule_form import ScheduleForm

CHANGES_SHOWN = 20


@curators_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def schedule_page(request: HttpRequest) -> HttpResponse:
    """The schedule; a POST changes it, or says beside the field why it cannot be so."""
    if request.method == "POST":
        form = ScheduleForm(request.POST)
        if form.is_valid() and is_changed(request, form):
            return redirect("training-schedule")
    else:
        form = ScheduleForm.showing(schedule.current())
    found = schedule.outlook(timezone.now())
    facts = {
        "form": form,
        "outlook": found,
        "waits_for": waits_for(found),
        "changes": changes(),
        "time_zone": timezone.get_current_timezone_name(),
    }
    return render(request, "curation/schedule.html", facts, status=422 if request.method == "POST" else 200)


def is_changed(request: HttpRequest, form: ScheduleForm) -> bool:
    """Change the schedule as the valid form says; where that cannot be, the form says why."""
    said = {name: form.cleaned_data[name] for name in SET}
    try:
        schedule.change(by=request.user, seen=form.cleaned_data["seen"], **said)
    except schedule.NotChangeable as why:
        form.add_error(why.field or None, str(why))
        return False
    messages.success(request, _("The schedule is changed."))
    return True


def waits_for(found: Outlook) -> list[str]:
    """What the next run waits for, one sentence each; empty when it opens with the next beat."""
    row = found.schedule
    if found.fault:
        return [found.fault]
    if row.is_paused:
        return [_("The schedule is paused: no run opens by itself.")]
    waits = []
    if found.active:
        waits.append(_("A run is under way; one at a time."))
    elif found.opens_at > timezone.now():
        when = date_format(timezone.localtime(found.opens_at), "l H:i")
        date = date_format(timezone.localtime(found.opens_at), "DATE_FORMAT")
        waits.append(_("Not before %(when)s (%(date)s).") % {"when": when, "date": date})
    if not found.has_enough:
        waits.append(counted(found))
    return waits


def counted(found: Outlook) -> str:
    """How many clips are new, of how many; and the same of the withdrawn ones, where they count."""
    row = found.schedule
    said = ngettext("%(found)s of %(wanted)s new clip.", "%(found)s of %(wanted)s new clips.", row.min_new_clips) % {
        "found": whole(found.new_clips),
        "wanted": whole(row.min_new_clips),
    }
    if row.after_withdrawals:
        facts = {"found": whole(found.withdrawn), "wanted": whole(row.after_withdrawals)}
        said += " " + _("Or withdrawn ones that the champion has heard: %(found)s of %(wanted)s.") % facts
    return said


def told(name: str, value: Any) -> str:
    """A value of the schedule as people read it."""
    if name == "weekdays":
        return ", ".join(str(WEEKDAYS_ABBR[int(day)]) for day in value)
    if isinstance(value, bool):
        return "✓" if value else "–"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def changes() -> list[dict[str, Any]]:
    """The newest changes: who made them when, and each value before and after."""
    labels = {name: field.label for name, field in ScheduleForm.base_fields.items()}
    events = AuditEvent.objects.filter(
        subject_type=TrainingSchedule._meta.label_lower, act="training_schedule.changed"
    ).select_related("actor")
    return [
        {
            "at": event.at,
            "by": event.actor.email if event.actor else event.agent,
            "what": [
                {"label": labels.get(name, name), "before": told(name, before), "after": told(name, after)}
                for name, (before, after) in event.facts.get("changed", {}).items()
            ],
        }
        for event in events.order_by("-pk")[:CHANGES_SHOWN]
    ]
