"""What listeners heard: a turn to listen, and an answer that is never changed."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from contributions.models.consent import WrittenOnce


class RatingTurn(models.Model):
    """One listener's turn on one clip, for a while; the clip is offered to nobody else meanwhile."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    clip = models.ForeignKey("contributions.Clip", on_delete=models.CASCADE, related_name="turns")
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="turns")
    opened_at = models.DateTimeField(auto_now_add=True)
    lease_expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clip", "rater"], name="one_turn_per_clip_and_rater")]

    def __str__(self) -> str:
        return f"turn on {self.clip_id}"


class Rating(WrittenOnce):
    """One answer. BLIND was given before any suggestion was seen, INFORMED after."""

    class Phase(models.TextChoices):
        BLIND = "BLIND"
        INFORMED = "INFORMED"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    clip = models.ForeignKey("contributions.Clip", on_delete=models.CASCADE, related_name="ratings")
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="ratings")
    phase = models.CharField(max_length=8, choices=Phase)
    is_usable = models.BooleanField()
    unusable_reason = models.CharField(max_length=40, blank=True)
    emotion = models.CharField(max_length=30, blank=True)
    secondary_emotions = models.JSONField(default=list)
    intensity = models.PositiveSmallIntegerField(null=True)
    description = models.TextField(blank=True)
    # What was shown before an INFORMED answer.
    suggestion = models.ForeignKey("contributions.Suggestion", null=True, on_delete=models.SET_NULL)
    rated_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        # The newest are what the pace of the backlog is told from.
        indexes = [models.Index(fields=["rated_at"], name="ratings_by_moment")]
        constraints = [
            models.UniqueConstraint(fields=["clip", "rater", "phase"], name="one_rating_per_rater_and_phase"),
            models.CheckConstraint(
                condition=Q(is_usable=True, unusable_reason="") | (Q(is_usable=False) & ~Q(unusable_reason="")),
                name="unusable_has_a_reason",
            ),
            models.CheckConstraint(condition=Q(is_usable=False) | ~Q(emotion=""), name="usable_has_an_emotion"),
        ]

    def __str__(self) -> str:
        return f"{self.phase} rating of {self.clip_id}"
