"""The log of acts: appended to, never changed."""

from django.conf import settings
from django.db import models


class AuditEvent(models.Model):
    """One act by a person or an agent upon one row."""

    at = models.DateTimeField(auto_now_add=True)
    act = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=64)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    agent = models.CharField(max_length=120, blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["subject_type", "subject_id"])]

    def __str__(self) -> str:
        return f"{self.act} {self.subject_type} {self.subject_id}"
