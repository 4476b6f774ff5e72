"""When a run is opened: by the calendar and enough new clips, or by a curator's hand; and how it is paused and ended.

What a run is asked to do, and when the next may open, stands in one row that curators change; until the first change
the settings say it. A run always starts from the fixed base: a plan has no field that could name another start.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from contributions import permissions
from contributions.models import Clip, Purpose, Release
from openempathic import audit
from openempathic.audit.models import AuditEvent
from openempathic.registry.champion import champion
from training import delisting, lineage, states
from training.models import EVERY_DAY, TrainingRun, TrainingSchedule
from training.plan import FitPlan, UnusablePlan

log = logging.getLogger(__name__)

AGENT = "schedule"
IDS_AT_ONCE = 500
HOURS_A_WEEK = 7 * 24
# What a curator sets; the rest of the row says who did, and when.
SET = (
    "every_hours", "min_new_clips", "after_withdrawals", "weekdays", "from_hour", "until_hour", "preset", "plan",
    "is_paused", "needs_approval",
)  # fmt: skip
# Once it is being published there is nothing left to put off.
PAUSABLE = tuple(status for status in TrainingRun.ACTIVE if status != TrainingRun.Status.PUBLISHING)


class NotOpenable(Exception):
    """The run could not be opened, paused, resumed or cancelled; the message is for the person who asked."""


class RunAlreadyActive(NotOpenable):
    """One run at a time: there is one champion to beat."""


class NotChangeable(Exception):
    """The schedule could not be changed so; the message is for the person who asked, `field` is what it is about."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Outlook:
    """When the next run may open, and what it waits for; no more is counted than is needed."""

    schedule: TrainingSchedule
    active: TrainingRun | None
    opens_at: datetime
    new_clips: int
    withdrawn: int
    fault: str

    @property
    def has_enough(self) -> bool:
        """Whether enough clips are new, or were taken back since the champion heard them."""
        wanted = self.schedule.after_withdrawals
        return self.new_clips >= self.schedule.min_new_clips or 0 < wanted <= self.withdrawn


def current() -> TrainingSchedule:
    """The schedule: the row, or what the settings say while nobody has changed it."""
    return TrainingSchedule.objects.first() or TrainingSchedule(
        every_hours=settings.RETRAIN_EVERY_HOURS,
        min_new_clips=settings.RETRAIN_MIN_NEW_CLIPS,
        after_withdrawals=settings.RETRAIN_AFTER_WITHDRAWALS,
        preset=settings.RETRAIN_PRESET,
        plan=settings.RETRAIN_PLAN,
    )


def change(*, by: Any, seen: int, **wanted: Any) -> TrainingSchedule:
    """Set these of SET, where the schedule is still the version that was seen; the log keeps before and after.

    Raises NotChangeable to all but curators, for what no run could follow, and when somebody else was faster.
    """
    if not isinstance(by, str) and not permissions.may_curate(by):
        raise NotChangeable(_("Only a curator changes the schedule."))
    row = current()
    before = {name: getattr(row, name) for name in SET}
    after = before | wanted
    check(after)
    changed = {name for name in SET if before[name] != after[name]}
    with transaction.atomic():
        row = kept(after, seen=seen, by=by)
        told = {name: [before[name], after[name]] for name in sorted(changed)}
        audit.record("training_schedule.changed", subject=row, by=by, version=row.version, changed=told)
    return row


def kept(values: dict[str, Any], *, seen: int, by: Any) -> TrainingSchedule:
    """The row with these values as the next version of the one that was seen; raises NotChangeable where it is not."""
    columns = values | {"version": seen + 1, "changed_by": None if isinstance(by, str) else by}
    late = NotChangeable(_("Somebody else changed the schedule meanwhile: look at it again."))
    if seen == 0:
        try:
            with transaction.atomic():
                return TrainingSchedule.objects.create(**columns)
        except IntegrityError as rival:
            raise late from rival
    if TrainingSchedule.objects.filter(version=seen).update(changed_at=Now(), **columns) != 1:
        raise late
    return TrainingSchedule.objects.get()


def check(values: dict[str, Any]) -> None:
    """Raise NotChangeable for a schedule that could not be followed, with the field."""
    if not 0 < values["every_hours"] <= HOURS_A_WEEK * 53:
        raise NotChangeable(
            _("The least time between two runs is above nothing and at most a year."), field="every_hours"
        )
    for name in ("min_new_clips", "after_withdrawals"):
        if values[name] < 0:
            raise NotChangeable(_("This cannot be fewer than none."), field=name)
    days = values["weekdays"]
    if not days or sorted(set(days)) != sorted(days) or set(days) - set(EVERY_DAY):
        raise NotChangeable(_("Choose at least one day of the week."), field="weekdays")
    if not (0 <= values["from_hour"] <= 23 and 1 <= values["until_hour"] <= 24):
        raise NotChangeable(_("An hour is from 0 to 23, and the end at most 24."), field="from_hour")
    if values["from_hour"] == values["until_hour"]:
        raise NotChangeable(_("The hours end when they begin: no run could ever open."), field="until_hour")
    if not isinstance(values["plan"], dict) or "preset" in values["plan"]:
        raise NotChangeable(_("The plan is a list of names and values, without the preset."), field="plan")
    try:
        check_plan({"preset": values["preset"], **values["plan"]})
    except UnusablePlan as reason:
        raise NotChangeable(refusal(reason), field="plan") from reason


def check_plan(wanted: dict[str, Any]) -> None:
    """Raise UnusablePlan unless the child could follow it."""
    FitPlan.of(wanted)


def refusal(reason: UnusablePlan) -> str:
    """Why there can be no such run, in the reader's words as far as we have them."""
    return _("No run could follow this plan: %(reason)s.") % {"reason": reason}


def open_due_run(now: datetime) -> TrainingRun | None:
    """Open a run if one is due; two beats that ask at once open one."""
    if not is_due(now):
        return None
    try:
        return open_run(by=AGENT)
    except RunAlreadyActive:
        return None
    except NotOpenable as fault:
        log.error("A training run is due and cannot be opened: %s", fault)
        return None


def is_due(now: datetime) -> bool:
    """Whether a run may open now, no other is under way, and enough clips are new or were taken back since."""
    schedule = current()
    if schedule.is_paused or active_run() or opens_at(schedule, now) > now:
        return False
    wanted = schedule.min_new_clips
    return new_clips(at_most=wanted) >= wanted or has_heard_withdrawn(schedule.after_withdrawals)


def outlook(now: datetime) -> Outlook:
    """When the next run may open and what it waits for, for those who ask."""
    schedule, fault = current(), ""
    try:
        check_plan({"preset": schedule.preset, **schedule.plan})
    except UnusablePlan as reason:
        fault = refusal(reason)
    holder = champion()
    return Outlook(
        schedule=schedule,
        active=active_run(),
        opens_at=opens_at(schedule, now),
        new_clips=new_clips(at_most=schedule.min_new_clips),
        withdrawn=lineage.withdrawn_heard_by(holder) if holder else 0,
        fault=fault,
    )


def opens_at(schedule: TrainingSchedule, now: datetime) -> datetime:
    """The first moment, now or later, at which the calendar lets a run open."""
    last = TrainingRun.objects.order_by("-opened_at").first()
    moment = now
    if last:
        moment = max(now, (last.ended_at or last.opened_at) + timedelta(hours=schedule.every_hours))
    for _hour in range(HOURS_A_WEEK + 1):
        local = timezone.localtime(moment)
        if str(local.weekday()) in schedule.weekdays and is_within(schedule, local.hour):
            break
        moment = (local + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    return moment


def is_within(schedule: TrainingSchedule, hour: int) -> bool:
    """Whether the hour is one of those in which a run may open; each hour belongs to its own day."""
    start, end = schedule.from_hour, schedule.until_hour
    return start <= hour < end if start < end else hour >= start or hour < end


def active_run() -> TrainingRun | None:
    """The run that may still publish."""
    return TrainingRun.objects.filter(status__in=TrainingRun.ACTIVE).first()


def new_clips(*, at_most: int) -> int:
    """How many usable clips were accepted since the last release that was published; counts no further."""
    found = 0
    for some in accepted_since(last_published_release()):
        usable = Clip.objects.filter(pk__in=some, status=Clip.Status.ACCEPTED)
        found += usable.covered_by(Purpose.TRAIN_MODELS).count()
        if found >= at_most:
            return at_most
    return found


def has_heard_withdrawn(at_least: int) -> bool:
    """Whether the champion has heard so many clips that were withdrawn since, or more than its limit allows.

    The next run is trained without them.
    """
    holder = champion()
    if holder is None:
        return False
    return 0 < at_least <= lineage.withdrawn_heard_by(holder) or delisting.is_past_limit(holder)


def last_published_release() -> Release | None:
    """What the newest published checkpoint was trained on."""
    published = TrainingRun.objects.filter(status=TrainingRun.Status.PUBLISHED).order_by("-ended_at")
    run = published.select_related("release").first()
    return run.release if run else None


def accepted_since(release: Release | None) -> Iterator[set[UUID]]:
    """Clips accepted after the release was frozen, some at a time, none twice.

    Not "clips outside the release": those over a contributor's share would be new for ever.
    """
    accepted: QuerySet[AuditEvent] = AuditEvent.objects.filter(act="clip.accepted")
    if release:
        frozen = AuditEvent.objects.filter(
            subject_type=Release._meta.label_lower, subject_id=str(release.pk), act="release.frozen"
        ).first()
        # The log only grows, so its key is its order, and only the newest part of it is read.
        accepted = accepted.filter(pk__gt=frozen.pk) if frozen else accepted
    seen: set[UUID] = set()
    some: set[UUID] = set()
    for subject in accepted.order_by("pk").values_list("subject_id", flat=True).iterator():
        if (clip := UUID(subject)) in seen:
            continue
        seen.add(clip)
        some.add(clip)
        if len(some) == IDS_AT_ONCE:
            yield some
            some = set()
    if some:
        yield some


def open_run(*, by: Any, plan: dict[str, Any] | None = None) -> TrainingRun:
    """Open a run that is due at once; `plan` overrides the schedule's.

    Raises RunAlreadyActive while another may still publish, and NotOpenable to all but curators and for a plan that the
    child could not follow.
    """
    check_may_curate(by)
    schedule = current()
    wanted = {"preset": schedule.preset, **schedule.plan, **(plan or {})}
    try:
        check_plan(wanted)
    except UnusablePlan as reason:
        raise NotOpenable(refusal(reason)) from reason
    try:
        with transaction.atomic():
            person = None if isinstance(by, str) else by
            run = TrainingRun.objects.create(plan=wanted, opened_by=person, next_attempt_at=Now())
            audit.record("training_run.opened", subject=run, by=by)
    except IntegrityError as rival:
        raise RunAlreadyActive(_("A training run is under way already.")) from rival
    run.refresh_from_db()
    return run


def pause(run: TrainingRun, *, by: Any) -> None:
    """Put the run off: its trainer has the child keep its state and lets it go, and none takes it until it is resumed.

    Raises NotOpenable to all but curators, and for a run that is paused, being published or over.
    """
    check_may_curate(by)
    may_be = TrainingRun.objects.filter(pk=run.pk, status__in=PAUSABLE, is_paused=False)
    turn(
        run,
        may_be,
        is_paused=True,
        by=by,
        otherwise=_("Only a run that is neither paused, being published nor over can be paused."),
    )


def resume(run: TrainingRun, *, by: Any) -> None:
    """Let trainers take the run again, from where it was left; raises NotOpenable as pause() does."""
    check_may_curate(by)
    may_be = TrainingRun.objects.filter(pk=run.pk, status__in=TrainingRun.ACTIVE, is_paused=True)
    turn(run, may_be, is_paused=False, by=by, otherwise=_("Only a paused run can be resumed."))


def turn(run: TrainingRun, rows: QuerySet[TrainingRun], *, is_paused: bool, by: Any, otherwise: str) -> None:
    """Pause or resume the run if it is still among the rows, and record it.

    Nothing else of the row changes: it stays in its status and as due as it was, so that neither pause nor resumption
    can undo what its trainer writes meanwhile. Trainers ask for rows that are due and not paused.
    """
    with transaction.atomic():
        if rows.update(is_paused=is_paused) != 1:
            raise NotOpenable(otherwise)
        audit.record(f"training_run.{'paused' if is_paused else 'resumed'}", subject=run, by=by)
    run.is_paused = is_paused


def cancel(run: TrainingRun, *, by: Any) -> None:
    """End the run before it publishes; its trainer loses the lease and stops within a heartbeat.

    Raises NotOpenable to all but curators, IllegalMove when the run has ended, MovedMeanwhile when it just moves on.
    """
    check_may_curate(by)
    states.move(
        run,
        to=TrainingRun.Status.CANCELLED,
        by=by,
        ended_at=Now(),
        fence=F("fence") + 1,
        lease_owner="",
        lease_expires_at=None,
        next_attempt_at=None,
    )


def check_may_curate(by: Any) -> None:
    """Only curators and the site's own agents open, pause and end runs."""
    if not isinstance(by, str) and not permissions.may_curate(by):
        raise NotOpenable(_("Only a curator opens, pauses or cancels a training run."))
