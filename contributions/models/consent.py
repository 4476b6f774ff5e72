"""What a contributor allowed: immutable texts, append-only events, and their fold."""

import hashlib
import json
import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Purpose(models.TextChoices):
    """What a voice may be used for; each is asked for by itself."""

    STORE_AND_REVIEW = "STORE_AND_REVIEW", _("Store and review")
    TRAIN_MODELS = "TRAIN_MODELS", _("Train models")
    RELEASE_DATASET = "RELEASE_DATASET", _("Publish in a dataset")
    DEMOGRAPHICS = "DEMOGRAPHICS", _("Keep facts about me")
    CONTACT = "CONTACT", _("Write to me")


class Immutable(Exception):
    """Texts and events of consent are written once."""


class WrittenOnce(models.Model):
    """A row that is added and never changed."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        """Insert; refuse to change what was written."""
        if not self._state.adding:
            raise Immutable(f"{type(self).__name__} {self.pk} is never changed")
        super().save(*args, **options)


class ConsentText(WrittenOnce):
    """The words that a contributor was shown, for one purpose in one language."""

    purpose = models.CharField(max_length=20, choices=Purpose)
    language = models.CharField(max_length=35)
    version = models.CharField(max_length=20)
    body = models.TextField()
    sha256 = models.CharField(max_length=64)
    translation_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT)
    valid_from = models.DateField()
    is_material_change = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["purpose", "language", "version"], name="one_text_per_version"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.language} {self.version}"


class ConsentEvent(WrittenOnce):
    """One thing a contributor decided, chained to the one before (after ISO/IEC TS 27560)."""

    class Kind(models.TextChoices):
        REQUESTED = "REQUESTED"
        GIVEN = "GIVEN"
        REFUSED = "REFUSED"
        WITHDRAWN = "WITHDRAWN"
        SUPERSEDED = "SUPERSEDED"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    contributor = models.ForeignKey(
        "contributions.Contributor", on_delete=models.PROTECT, related_name="consent_events"
    )
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=Kind)
    purpose = models.CharField(max_length=20, choices=Purpose)
    text = models.ForeignKey(ConsentText, null=True, on_delete=models.PROTECT)
    text_sha256 = models.CharField(max_length=64)
    locale = models.CharField(max_length=35)
    app_version = models.CharField(max_length=40)
    age_band_attested = models.CharField(max_length=12)
    at = models.DateTimeField()
    previous_sha256 = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            # A chain has one event at each place: two tabs that decide at once cannot fork it.
            models.UniqueConstraint(fields=["contributor", "position"], name="one_event_per_position"),
        ]
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.kind} {self.purpose}"

    def payload(self) -> dict[str, Any]:
        """What the chain's digest covers: pseudonymous ids only."""
        return {
            "id": str(self.id),
            "contributor": str(self.contributor_id),
            "position": self.position,
            "kind": self.kind,
            "purpose": self.purpose,
            "text_sha256": self.text_sha256,
            "locale": self.locale,
            "app_version": self.app_version,
            "age_band_attested": self.age_band_attested,
            "at": self.at.isoformat(),
            "previous_sha256": self.previous_sha256,
        }

    def digest(self) -> str:
        """sha256 of the canonical payload."""
        return hashlib.sha256(json.dumps(self.payload(), sort_keys=True).encode()).hexdigest()


class CurrentConsent(models.Model):
    """Where a contributor stands on one purpose: the fold of the events, kept for the queries that join it."""

    contributor = models.ForeignKey(
        "contributions.Contributor", on_delete=models.CASCADE, related_name="current_consents"
    )
    purpose = models.CharField(max_length=20, choices=Purpose)
    is_given = models.BooleanField()
    event = models.ForeignKey(ConsentEvent, on_delete=models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contributor", "purpose"], name="one_current_consent_per_purpose"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose}: {self.is_given}"
