"""What still wants ears: one row a clip, kept with its status, so that the next one is found without looking at all."""

import random

from django.conf import settings
from django.db import models
from django.db.models import Q

from contributions.models.clip import Clip


def by_lot() -> float:
    """A place between 0 and 1 that nobody chose."""
    return random.random()  # noqa: S311  nothing depends on nobody guessing it


class ListeningNeed(models.Model):
    """A clip and how much it needs another listener; `place` is drawn by lot, so that equals come in no order."""

    clip = models.OneToOneField(Clip, primary_key=True, on_delete=models.CASCADE, related_name="need")
    language = models.CharField(max_length=35)
    # The lower, the sooner; what each number means says contributions.listening.queue.
    priority = models.PositiveSmallIntegerField()
    place = models.FloatField(default=by_lot)
    # How many blind answers it wants by now, and how many stand.
    wanted = models.PositiveSmallIntegerField()
    given = models.PositiveSmallIntegerField(default=0)
    is_open = models.BooleanField(default=True)
    opened_at = models.DateTimeField(auto_now_add=True)
    # Who listens to it now, and until when nobody else may.
    held_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    held_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["language", "priority", "place"], condition=Q(is_open=True), name="needs_by_language_and_place"
            ),
            # For those who hear every language.
            models.Index(fields=["priority", "place"], condition=Q(is_open=True), name="needs_by_place"),
            models.Index(fields=["language", "opened_at"], condition=Q(is_open=True), name="needs_by_language_and_age"),
        ]

    def __str__(self) -> str:
        return f"need of {self.clip_id}"
