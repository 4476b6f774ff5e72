"""What a moderator decided about a clip, against a machine or against listeners."""

from django.conf import settings
from django.db import models

from contributions.models.clip import Clip
from contributions.models.consent import WrittenOnce


class Verdict(WrittenOnce):
    """One decision: from where to where, why, and which examination it answers; a later one is a new row."""

    clip = models.ForeignKey(Clip, on_delete=models.CASCADE, related_name="verdicts")
    # Null once the moderator has left.
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="verdicts"
    )
    from_status = models.CharField(max_length=12, choices=Clip.Status)
    to_status = models.CharField(max_length=12, choices=Clip.Status)
    reason = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    # The machine's opinion that it confirms or overturns; null where no machine had one.
    examination = models.ForeignKey(
        "contributions.Examination", null=True, on_delete=models.SET_NULL, related_name="verdicts"
    )
    # Where two people have to agree: the first one's word moves nothing, the second one's names it.
    is_proposal = models.BooleanField(default=False)
    proposal = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="seconded_by")
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"verdict on {self.clip_id}"
