"""What is decided about a listener as a whole: that many of their answers count no more, and whether they may go on."""

import uuid

from django.conf import settings
from django.db import models

from contributions.models.consent import WrittenOnce
from contributions.models.rating import RatingVoid
from openempathic.leases import Leased


class VoidOrder(Leased):
    """A curator's word that one listener's answers count no more; a worker carries it out, clip by clip."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="void_orders")
    # Empty for every language, null for every moment before the order.
    language = models.CharField(max_length=35, blank=True)
    since = models.DateTimeField(null=True)
    reason = models.CharField(max_length=10, choices=RatingVoid.Reason)
    note = models.TextField(blank=True)
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    ordered_at = models.DateTimeField(auto_now_add=True)
    # How many answers count no more by it, so far, and when the last was done.
    voided_count = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"order on {self.rater_id}"


class RaterPause(WrittenOnce):
    """A curator asks somebody to stop listening, or lets them go on; the last word stands."""

    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="pauses")
    is_paused = models.BooleanField()
    note = models.TextField(blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"pause of {self.rater_id}"
