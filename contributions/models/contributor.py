"""Whose voice it is: a person who signed up, a guest who holds a code, or a speaker of a licensed corpus."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


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
    # A guest has no account but a code; the number is the code's, so that a new code ends the old one.
    guest_serial = models.PositiveSmallIntegerField(null=True, blank=True)
    # The account that a guest made later: beside its own voice it owns this one, each with its own answers and side.
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="claimed_voices"
    )
    licence = models.ForeignKey(
        "contributions.LicenceGrant", null=True, blank=True, on_delete=models.PROTECT, related_name="speakers"
    )
    corpus_speaker = models.CharField(max_length=80, blank=True)
    gender = models.CharField(max_length=20, blank=True)
    age_band = models.CharField(max_length=12, blank=True)
    accent = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=35, blank=True)
    # What they do not want to be asked for: a wish, never a label of the voice.
    unwanted_emotions = models.JSONField(default=list, blank=True)
    unwanted_styles = models.JSONField(default=list, blank=True)
    is_adult_attested_at = models.DateTimeField(null=True)
    # The clock of retention: moved by what the person does here, never by what the site does.
    last_interaction_at = models.DateTimeField(default=timezone.now)
    retention_warned_at = models.DateTimeField(null=True, blank=True)
    split = models.CharField(max_length=5, choices=Split)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=True) | Q(licence__isnull=True), name="a_person_or_a_corpus_speaker"
            ),
            models.CheckConstraint(
                condition=Q(guest_serial__isnull=True) | Q(user__isnull=True, licence__isnull=True),
                name="a_guest_has_no_account",
            ),
            models.CheckConstraint(
                condition=Q(claimed_by__isnull=True) | Q(guest_serial__isnull=False), name="only_a_guest_is_claimed"
            ),
            models.UniqueConstraint(
                fields=["licence", "corpus_speaker"],
                condition=Q(licence__isnull=False),
                name="one_contributor_per_corpus_speaker",
            ),
        ]

    def __str__(self) -> str:
        return f"contributor {self.pk}"

    @property
    def actor(self) -> Any:
        """Who acts with this voice, as the log of acts names them: an account, a guest, or None where nobody does."""
        if owner := self.user or self.claimed_by:
            return owner
        return f"guest:{self.pk}" if self.guest_serial is not None else None
