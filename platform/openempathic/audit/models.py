"""The log of acts: appended to, never changed, and sealed in chained batches."""

from typing import Any

from django.conf import settings
from django.db import models


class AuditEvent(models.Model):
    """One act by a person or an agent upon one row."""

    at = models.DateTimeField(auto_now_add=True)
    act = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=64)
    # The number outlives the account: emptying it when an account is deleted would break the seal.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    agent = models.CharField(max_length=120, blank=True)
    facts = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["subject_type", "subject_id"])]

    def __str__(self) -> str:
        return f"{self.act} {self.subject_type} {self.subject_id}"

    def payload(self) -> dict[str, Any]:
        """What a seal covers: every column."""
        return {
            "id": self.pk,
            "at": self.at.isoformat(),
            "act": self.act,
            "subject_type": self.subject_type,
            "subject_id": self.subject_id,
            "actor": self.actor_id,
            "agent": self.agent,
            "facts": self.facts,
        }


class AuditSeal(models.Model):
    """One digest over a batch of events and over the seal before it; see sealing.py."""

    first_event = models.BigIntegerField()
    last_event = models.BigIntegerField()
    event_count = models.PositiveIntegerField()
    previous_sha256 = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Two workers that seal at once cannot fork the chain.
            models.UniqueConstraint(fields=["previous_sha256"], name="one_seal_after_each"),
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"seal {self.pk}, events {self.first_event} to {self.last_event}"


class Verification(models.Model):
    """One look at all that was sealed and chained: when, and how much of it did not hold."""

    verified_at = models.DateTimeField()
    broken_count = models.PositiveIntegerField()
    # Of the sentences about what is broken, so that the same ones are told once; empty where all holds.
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"verification {self.pk}, {self.broken_count} broken"
