"""A training run: from a due moment to a published checkpoint, or to a reason why not."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from openempathic.leases import Leased


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

    ACTIVE = (Status.QUEUED, Status.FREEZING, Status.TRAINING, Status.EVALUATING, Status.PUBLISHING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    # One active run at a time: there is one champion to beat.
    track = models.CharField(max_length=20, default="clara")
    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    status_reason = models.CharField(max_length=400, blank=True)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    plan = models.JSONField(default=dict)
    release = models.ForeignKey("contributions.Release", null=True, blank=True, on_delete=models.PROTECT)
    checkpoint = models.ForeignKey("registry.Checkpoint", null=True, blank=True, on_delete=models.PROTECT)
    progress = models.JSONField(default=dict)
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
