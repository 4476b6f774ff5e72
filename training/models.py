"""The schedule that opens training runs, and a run: from a due moment to a checkpoint, or to a reason why not."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openempathic.leases import Leased

EVERY_DAY = "0123456"


class TrainingSchedule(models.Model):
    """When runs are opened and what they are asked to do: one row, from a curator's first change on.

    Until then the settings say it; see training.schedule.current().
    """

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    # Changes are counted, so that of two curators who change it at once the second is told.
    version = models.PositiveIntegerField(default=0)
    every_hours = models.FloatField()
    min_new_clips = models.PositiveIntegerField()
    # 0: no withdrawal opens a run.
    after_withdrawals = models.PositiveIntegerField()
    # The days, 0 for Monday, and hours of the site's time zone in which a run may open; from 22 until 6 is a night.
    weekdays = models.CharField(max_length=7, default=EVERY_DAY)
    from_hour = models.PositiveSmallIntegerField(default=0)
    until_hour = models.PositiveSmallIntegerField(default=24)
    preset = models.CharField(max_length=20)
    plan = models.JSONField(default=dict, blank=True)
    is_paused = models.BooleanField(default=False)
    needs_approval = models.BooleanField(default=False)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="one_schedule"),
            models.CheckConstraint(condition=Q(every_hours__gt=0), name="schedule_every_hours"),
            models.CheckConstraint(
                condition=Q(from_hour__lte=23) & Q(until_hour__gte=1) & Q(until_hour__lte=24), name="schedule_hours"
            ),
        ]

    def __str__(self) -> str:
        return f"training schedule, version {self.version}"


class TrainingRun(Leased):
    """One run, owned by one trainer at a time."""

    class Status(models.TextChoices):
        QUEUED = "QUEUED", _("Queued")
        FREEZING = "FREEZING", _("Freezing the release")
        TRAINING = "TRAINING", _("Training")
        EVALUATING = "EVALUATING", _("Evaluating")
        PUBLISHING = "PUBLISHING", _("Publishing")
        PUBLISHED = "PUBLISHED", _("Published")
        REJECTED = "REJECTED", _("Rejected by the gate")
        FAILED = "FAILED", _("Failed")
        CANCELLED = "CANCELLED", _("Cancelled")

    class Approval(models.TextChoices):
        WAITING = "WAITING", _("Waiting for a curator")
        GIVEN = "GIVEN", _("Approved")
        REFUSED = "REFUSED", _("Refused")

    ACTIVE = (Status.QUEUED, Status.FREEZING, Status.TRAINING, Status.EVALUATING, Status.PUBLISHING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    # One active run at a time: there is one champion to beat.
    track = models.CharField(max_length=20, default="clara")
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    status_reason = models.CharField(max_length=400, blank=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    plan = models.JSONField(default=dict)
    # No trainer takes a paused run; who holds it keeps its state and lets it go.
    is_paused = models.BooleanField(default=False)
    # The newest state of the child that storage holds: its step, digest and size; empty while there is none.
    kept_state = models.JSONField(default=dict, blank=True)
    release = models.ForeignKey("contributions.Release", null=True, blank=True, on_delete=models.PROTECT)
    checkpoint = models.ForeignKey("registry.Checkpoint", null=True, blank=True, on_delete=models.PROTECT)
    progress = models.JSONField(default=dict)
    # What gate.json says, also of a candidate that was rejected; empty until it was judged.
    verdict = models.JSONField(default=dict, blank=True)
    # Empty where nobody was asked.
    approval = models.CharField(max_length=8, choices=Approval, blank=True, default="")
    approval_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    opened_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["track"],
                condition=Q(status__in=["QUEUED", "FREEZING", "TRAINING", "EVALUATING", "PUBLISHING"]),
                name="one_active_run",
            )
        ]
        ordering = ["-opened_at"]

    def __str__(self) -> str:
        return f"training run {self.pk}"

    @property
    def is_active(self) -> bool:
        """Whether it may still publish."""
        return self.status in self.ACTIVE
