"""A listener says that a clip should not be heard by others, and gets an answer."""

import uuid

from django.conf import settings
from django.db import models

from contributions.models.clip import Clip
from contributions.models.consent import WrittenOnce


class ClipReport(WrittenOnce):
    """One person's report of one clip; the clip is set aside at the second, or at a moderator's first."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    clip = models.ForeignKey(Clip, on_delete=models.CASCADE, related_name="reports")
    reporter = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="clip_reports"
    )
    reason = models.CharField(max_length=40)
    words = models.TextField(blank=True)
    is_by_moderator = models.BooleanField(default=False)
    reported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["reported_at"]
        constraints = [models.UniqueConstraint(fields=["clip", "reporter"], name="reported_once_per_person")]

    def __str__(self) -> str:
        return f"report of {self.clip_id}"


class ReportAnswer(WrittenOnce):
    """What a moderator answered to a report: what became of the clip, and a word to the reporter."""

    report = models.OneToOneField(ClipReport, on_delete=models.CASCADE, related_name="answer")
    verdict = models.ForeignKey("contributions.Verdict", null=True, on_delete=models.SET_NULL, related_name="answers")
    words = models.TextField(blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    answered_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"answer to {self.report_id}"
