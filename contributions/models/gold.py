"""Clips whose answer is known well enough to learn from: examples for new listeners, and a check of the others."""

import uuid

from django.conf import settings
from django.db import models

from contributions.models.clip import Clip
from contributions.models.consent import WrittenOnce


class GoldItem(models.Model):
    """A clip that many heard alike. Right is whatever lies within its band: any of these emotions."""

    clip = models.OneToOneField(Clip, on_delete=models.CASCADE, related_name="gold")
    language = models.CharField(max_length=35)
    # The emotions of the band, the one that most heard first.
    emotions = models.JSONField()
    # Why it is heard so, for those who learn; by language of the reader.
    explanation = models.JSONField(default=dict)
    # A tutorial shows it; otherwise it is one in ten among the others.
    is_for_tutorial = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    # Null where the ratings made it one by themselves.
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["language", "is_active"], name="gold_by_language")]

    def __str__(self) -> str:
        return f"gold {self.clip_id}"


class TutorialAnswer(WrittenOnce):
    """What somebody who learns to listen answered to an example: no rating, and it counts for no label."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tutorial_answers")
    language = models.CharField(max_length=35)
    gold = models.ForeignKey(GoldItem, on_delete=models.CASCADE, related_name="tutorial_answers")
    # Which try it belongs to, from 1.
    attempt = models.PositiveSmallIntegerField()
    emotion = models.CharField(max_length=30)
    is_right = models.BooleanField()
    answered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "gold", "attempt"], name="one_answer_per_example_and_attempt")
        ]

    def __str__(self) -> str:
        return f"tutorial answer of {self.person_id}"


class ListenerPass(WrittenOnce):
    """Somebody passed the tutorial of a language, and may listen to its clips."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="passes")
    language = models.CharField(max_length=35)
    passed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "language"], name="passed_once_per_language")]

    def __str__(self) -> str:
        return f"pass of {self.person_id} for {self.language}"
