"""What a speaker says of their own take: how they felt, in what manner they spoke, and words of their own."""

import uuid

from django.db import models

from contributions.models.consent import WrittenOnce


class SelfReport(WrittenOnce):
    """One answer of the clip's own voice. It stands beside what listeners hear and is never counted as heard.

    A later answer is a new row; the newest counts, also where it says nothing. What was not said is empty.
    """

    # Made by whoever sends it, so that a retry is known.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    clip = models.ForeignKey("contributions.Clip", on_delete=models.CASCADE, related_name="self_reports")
    emotion = models.CharField(max_length=30, blank=True)
    styles = models.JSONField(default=list, blank=True)
    description = models.TextField(blank=True)
    said_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["said_at", "pk"]

    def __str__(self) -> str:
        return f"self-report on {self.clip_id}"
