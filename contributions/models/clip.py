"""A clip: one take of one voice, and where it is in its life."""

import uuid

from django.db import models
from django.db.models import Exists, OuterRef, Q

from contributions.models.consent import CurrentConsent
from openempathic.leases import Leased


class ClipQuerySet(models.QuerySet["Clip"]):
    """The questions that every act asks of clips."""

    def covered_by(self, purpose: str) -> "ClipQuerySet":
        """Live clips with active consent, or a licence, for the purpose now; the only way to select for one."""
        consents = CurrentConsent.objects.filter(contributor=OuterRef("contributor"), purpose=purpose, is_given=True)
        licensed = Q(licence__isnull=False, licence__ended_at__isnull=True) & licence_names(purpose)
        return self.live().filter(Q(licence__isnull=True) & Exists(consents) | licensed)

    def live(self) -> "ClipQuerySet":
        """Clips that have not been withdrawn."""
        return self.exclude(status__in=[Clip.Status.WITHDRAWN, Clip.Status.PURGED])

    def of(self, person: object) -> "ClipQuerySet":
        """The person's own clips."""
        return self.filter(contributor__user=person)

    def not_of(self, person: object) -> "ClipQuerySet":
        """Clips of other voices, corpora included."""
        return self.exclude(contributor__user=person)


def licence_names(purpose: str) -> Q:
    """Whether a grant lists the purpose; portable, since SQLite has no containment for JSON."""
    return Q(licence__purposes__icontains=f'"{purpose}"')


class Clip(Leased):
    """One take. Its original bytes lie under `clips/<id>/` and never change."""

    class Status(models.TextChoices):
        STORED = "STORED"
        IN_REVIEW = "IN_REVIEW"
        UNUSABLE = "UNUSABLE"
        QUARANTINED = "QUARANTINED"
        ACCEPTED = "ACCEPTED"
        REJECTED = "REJECTED"
        DISPUTED = "DISPUTED"
        WITHDRAWN = "WITHDRAWN"
        PURGED = "PURGED"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    contributor = models.ForeignKey("contributions.Contributor", on_delete=models.PROTECT, related_name="clips")
    licence = models.ForeignKey(
        "contributions.LicenceGrant", null=True, blank=True, on_delete=models.PROTECT, related_name="clips"
    )
    prompt = models.ForeignKey("contributions.Prompt", null=True, blank=True, on_delete=models.PROTECT)
    language = models.CharField(max_length=35)
    transcript = models.TextField(blank=True)
    intended_emotion = models.CharField(max_length=30, blank=True)
    intended_intensity = models.PositiveSmallIntegerField(null=True)
    sha256 = models.CharField(max_length=64, db_index=True)
    byte_count = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=80)
    # What the browser's getSettings() really said, not what we asked for.
    capture = models.JSONField(default=dict)
    status = models.CharField(max_length=12, choices=Status, default=Status.STORED)
    status_reason = models.CharField(max_length=40, blank=True)
    duration_seconds = models.FloatField(null=True)
    stored_at = models.DateTimeField(auto_now_add=True)

    objects = ClipQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["status", "language"])]

    def __str__(self) -> str:
        return f"clip {self.pk}"

    @property
    def prefix(self) -> str:
        """Everything of this clip in storage lies under here."""
        return f"clips/{self.pk}"

    @property
    def original(self) -> str:
        """The bytes as they came."""
        return f"{self.prefix}/original"

    @property
    def archive(self) -> str:
        """The same sound as tagless FLAC, mono, at the original rate."""
        return f"{self.prefix}/archive.flac"

    @property
    def peaks(self) -> str:
        """The waveform's outline for the pages."""
        return f"{self.prefix}/peaks.json"
