"""A licensed corpus: its permission in place of consent, and the labels that came with it."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class LicenceGrant(models.Model):
    """The licence under which a corpus may be used, for which purposes, and where it came from."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    corpus = models.SlugField(max_length=60, unique=True)
    licence = models.CharField(max_length=60)
    source = models.TextField()
    source_sha256 = models.CharField(max_length=64)
    purposes = models.JSONField()
    is_commercial_use_allowed = models.BooleanField()
    granted_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.corpus} ({self.licence})"


class Annotation(models.Model):
    """A label that somebody else gave; evidence, but never counted as a rating."""

    class Source(models.TextChoices):
        CORPUS = "CORPUS", _("Came with the corpus")

    clip = models.ForeignKey("contributions.Clip", on_delete=models.CASCADE, related_name="annotations")
    source = models.CharField(max_length=12, choices=Source)
    emotion = models.CharField(max_length=30)
    intensity = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clip", "source"], name="one_annotation_per_source")]

    def __str__(self) -> str:
        return f"{self.emotion} for {self.clip_id}"
