"""What listeners heard: a turn to listen, and an answer that is never changed."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from contributions.models.consent import Immutable, WrittenOnce

# Valence, arousal and dominance: from 1, unpleasant, calm, weak, to 7; null where nothing was said.
SCALE = (1, 7)


class Arm(models.TextChoices):
    """Whether the step after the blind answer shows what the model heard; drawn by lot when the turn begins."""

    SHOWN = "SHOWN"
    HIDDEN = "HIDDEN"


class RatingTurn(models.Model):
    """One listener's turn on one clip, for a while; the clip is offered to nobody else meanwhile."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    clip = models.ForeignKey("contributions.Clip", on_delete=models.CASCADE, related_name="turns")
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="turns")
    opened_at = models.DateTimeField(auto_now_add=True)
    lease_expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    # When it had been played to its end; null while it was not.
    heard_at = models.DateTimeField(null=True)
    # When more than the sound was seen of it, as the suggestion or its history: no later answer is blind.
    revealed_at = models.DateTimeField(null=True)
    arm = models.CharField(max_length=6, choices=Arm, blank=True)
    is_gold = models.BooleanField(default=False)

    class Meta:
        # What a listener has begun is found without looking at all that they have ended.
        indexes = [models.Index(fields=["rater", "opened_at"], condition=Q(closed_at=None), name="turns_under_way")]
        constraints = [models.UniqueConstraint(fields=["clip", "rater"], name="one_turn_per_clip_and_rater")]

    def __str__(self) -> str:
        return f"turn on {self.clip_id}"


def between(name: str, low: int, high: int) -> models.CheckConstraint:
    """The column is null or within the bounds."""
    within = Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": low, f"{name}__lte": high})
    return models.CheckConstraint(condition=within, name=f"{name}_is_on_its_scale")


def scale() -> models.PositiveSmallIntegerField:
    """A column for one of the three dimensions."""
    return models.PositiveSmallIntegerField(null=True)


class RatingQuerySet(models.QuerySet["Rating"]):
    """Selections of answers."""

    def standing(self) -> "RatingQuerySet":
        """Those that nobody has voided or undone."""
        return self.filter(voids__isnull=True)

    def counting(self) -> "RatingQuerySet":
        """Those that a label, agreement and status are made of: blind, and standing."""
        return self.standing().filter(phase=Rating.Phase.BLIND)

    def update(self, **columns: Any) -> int:
        """Refuse to change what somebody said; when they said it comes with an archive that comes home."""
        if set(columns) - {"rated_at"}:
            raise Immutable("what a listener said is never changed: void it, and it counts no more")
        return super().update(**columns)

    def delete(self) -> tuple[int, dict[str, int]]:
        """Refuse: answers go with their clip alone."""
        raise Immutable("what a listener said is never deleted: void it, and it counts no more")


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
    # Their own word for it where the emotion is `other`.
    other_word = models.CharField(max_length=60, blank=True)
    intensity = models.PositiveSmallIntegerField(null=True)
    valence = scale()
    arousal = scale()
    dominance = scale()
    styles = models.JSONField(default=list)
    description = models.TextField(blank=True)
    # The answer after so many that its rater undid.
    round = models.PositiveSmallIntegerField(default=0)
    # From the clip's first sight to the answer.
    seconds = models.FloatField(null=True)
    is_gold = models.BooleanField(default=False)
    # Of an INFORMED answer: whether the suggestion had been shown before it, or the same step without it.
    arm = models.CharField(max_length=6, choices=Arm, blank=True)
    # What was shown before an INFORMED answer.
    suggestion = models.ForeignKey("contributions.Suggestion", null=True, on_delete=models.SET_NULL)
    rated_at = models.DateTimeField(auto_now_add=True)

    objects = RatingQuerySet.as_manager()

    class Meta:
        # The newest are what the pace of the backlog is told from.
        indexes = [
            models.Index(fields=["rated_at"], name="ratings_by_moment"),
            models.Index(fields=["rater", "rated_at"], name="ratings_by_rater_and_moment"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["clip", "rater", "phase", "round"], name="one_rating_per_rater_and_round"),
            *(between(name, *SCALE) for name in ("valence", "arousal", "dominance")),
            models.CheckConstraint(
                condition=Q(is_usable=True, unusable_reason="") | (Q(is_usable=False) & ~Q(unusable_reason="")),
                name="unusable_has_a_reason",
            ),
            models.CheckConstraint(condition=Q(is_usable=False) | ~Q(emotion=""), name="usable_has_an_emotion"),
        ]

    def __str__(self) -> str:
        return f"{self.phase} rating of {self.clip_id}"

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Refuse: answers go with their clip alone."""
        raise Immutable(f"rating {self.pk} is never deleted")


class RatingVoid(WrittenOnce):
    """An answer counts no more: its rater undid it, or a curator found that it should not count; it is kept."""

    class Reason(models.TextChoices):
        UNDONE = "UNDONE"
        SPAM = "SPAM"
        CARELESS = "CARELESS"
        CONFLICT = "CONFLICT"
        OTHER = "OTHER"

    rating = models.ForeignKey(Rating, on_delete=models.CASCADE, related_name="voids")
    reason = models.CharField(max_length=10, choices=Reason)
    note = models.TextField(blank=True)
    voided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    voided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rating"], name="voided_once")]

    def __str__(self) -> str:
        return f"void of {self.rating_id}"
