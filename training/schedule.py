"""When a run is opened: by the calendar and enough new clips, or by a curator's hand."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from contributions import permissions
from contributions.models import Clip, Purpose, Release
from openempathic import audit
from openempathic.audit.models import AuditEvent
from openempathic.registry.champion import champion
from training import lineage, states
from training.models import TrainingRun

log = logging.getLogger(__name__)

AGENT = "schedule"
IDS_AT_ONCE = 500


class NotOpenable(Exception):
    """The run could not be opened or cancelled; the message is for the person who asked."""


class RunAlreadyActive(NotOpenable):
    """One run at a time: there is one champion to beat."""


def open_due_run(now: datetime) -> TrainingRun | None:
    """Open a run if one is due; two beats that ask at once open one."""
    if not is_due(now):
        return None
    try:
        return open_run(by=AGENT)
    except RunAlreadyActive:
        return None


def is_due(now: datetime) -> bool:
    """Whether no run is active, the last one is long enough ago, and enough clips are new or were taken back since."""
    if active_run():
        return False
    last = TrainingRun.objects.order_by("-opened_at").first()
    if last and now - (last.ended_at or last.opened_at) < timedelta(hours=settings.RETRAIN_EVERY_HOURS):
        return False
    return has_new_clips(settings.RETRAIN_MIN_NEW_CLIPS) or has_heard_withdrawn(settings.RETRAIN_AFTER_WITHDRAWALS)


def active_run() -> TrainingRun | None:
    """The run that may still publish."""
    return TrainingRun.objects.filter(status__in=TrainingRun.ACTIVE).first()


def has_new_clips(at_least: int) -> bool:
    """Whether so many usable clips were accepted since the last release that was published; counts no further."""
    found = 0
    for some in accepted_since(last_published_release()):
        usable = Clip.objects.filter(pk__in=some, status=Clip.Status.ACCEPTED)
        found += usable.covered_by(Purpose.TRAIN_MODELS).count()
        if found >= at_least:
            return True
    return at_least <= 0


def has_heard_withdrawn(at_least: int) -> bool:
    """Whether the champion has heard so many clips that were withdrawn since: the next run is trained without them."""
    holder = champion()
    return at_least > 0 and holder is not None and lineage.withdrawn_heard_by(holder) >= at_least


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
    """Open a run that is due at once; `plan` overrides the site's.

    Raises RunAlreadyActive while another may still publish, and NotOpenable to all but curators.
    """
    check_may_curate(by)
    wanted = {"preset": settings.RETRAIN_PRESET, **settings.RETRAIN_PLAN, **(plan or {})}
    try:
        with transaction.atomic():
            person = None if isinstance(by, str) else by
            run = TrainingRun.objects.create(plan=wanted, opened_by=person, next_attempt_at=Now())
            audit.record("training_run.opened", subject=run, by=by)
    except IntegrityError as rival:
        raise RunAlreadyActive(_("A training run is under way already.")) from rival
    run.refresh_from_db()
    return run


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
    """Only curators and the site's own agents open and end runs."""
    if not isinstance(by, str) and not permissions.may_curate(by):
        raise NotOpenable(_("Only a curator opens or cancels a training run."))
