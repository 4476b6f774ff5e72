"""Whose voice it is: a person who signed up, or a speaker of a licensed corpus."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class Split(models.TextChoices):
    """Which side of every release a speaker is on; decided at first sight, never changed."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"


class Contributor(models.Model):
    """A voice, known by a pseudonymous id; the address and the name live elsewhere."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="contributor"
    )
    licence = models.ForeignKey(
        "contributions.LicenceGrant", null=True, blank=True, on_delete=models.PROTECT, related_name="speakers"
    )
    corpus_speaker = models.CharField(max_length=80, blank=True)
    gender = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=35, blank=True)
    is_adult_attested_at = models.DateTimeField(null=True)
    split = models.CharField(max_length=5, choices=Split)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True) | Q(licence__isnull=True), name="a_person_or_a_corpus_speaker"
            ),
            models.UniqueConstraint(
                fields=["licence", "corpus_speaker"],
                condition=Q(licence__isnull=False),
                name="one_contributor_per_corpus_speaker",
            ),
        ]

    def __str__(self) -> str:
        return f"contributor {self.pk}"
