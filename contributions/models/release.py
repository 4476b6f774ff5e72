"""A frozen set of clips: its manifest is immutable and names its own digest."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from contributions.models.contributor import Split


class Release(models.Model):
    """What a run or a researcher reads, and nothing else."""

    class Kind(models.TextChoices):
        TRAINING = "TRAINING", _("For training, internal")
        DATASET = "DATASET", _("Public dataset")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=8, choices=Kind)
    digest = models.CharField(max_length=64, unique=True)
    counts = models.JSONField()
    frozen_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:12]}"

    @property
    def prefix(self) -> str:
        """Where its manifest and shards lie in storage."""
        return f"releases/{self.digest}"


class ReleaseClip(models.Model):
    """That a clip is in a release: how a withdrawal finds what held it."""

    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="members")
    clip = models.ForeignKey("contributions.Clip", on_delete=models.PROTECT, related_name="memberships")
    key = models.CharField(max_length=40)
    split = models.CharField(max_length=5)
    # Written before the first byte goes and never taken away: consent given anew later brings back no sound.
    taken_out_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["release", "clip"], name="a_clip_once_per_release")]

    def __str__(self) -> str:
        return self.key


class SentenceSide(models.Model):
    """Whether a sentence is kept for the test; decided when a release first meets it, never changed."""

    language = models.CharField(max_length=35)
    sentence = models.CharField(max_length=60)
    split = models.CharField(max_length=5, choices=Split)
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["language", "sentence"], name="a_sentence_has_one_side")]

    def __str__(self) -> str:
        return f"{self.language} {self.sentence}"
