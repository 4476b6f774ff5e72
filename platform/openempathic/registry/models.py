"""Published checkpoints: written by training, read by everyone."""

from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone

NO_RUN = UUID(int=0)


class Checkpoint(models.Model):
    """One complete, verified model: where it lies, what it was made from and what it was measured at."""

    class Status(models.TextChoices):
        CANDIDATE = "CANDIDATE"
        CHAMPION = "CHAMPION"
        PREVIOUS = "PREVIOUS"
        RETRACTED = "RETRACTED"
        # What came with the software: it suggests where there is no champion, and is never one. It was not published,
        # so its files lie in the package and not in storage, and its run is NO_RUN.
        SEED = "SEED"

    digest = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.CANDIDATE)
    preset = models.CharField(max_length=40)
    release_digest = models.CharField(max_length=64)
    run_id = models.UUIDField()
    # sha256 by file name, as published; a reader verifies each.
    files = models.JSONField()
    evaluation = models.JSONField(default=dict)
    # The probability under which it names no emotion; 0 names one always.
    sure_from = models.FloatField(default=0.0)
    # What its withdrawn.json in storage says; where that is no longer true, it is written again.
    withdrawn_marked = models.PositiveIntegerField(default=0)
    # Set by whoever publishes, since the manifest that is signed says it.
    published_at = models.DateTimeField(default=timezone.now)
    # "Checkpoint 7": in the order of publication; the seed head has none.
    number = models.PositiveIntegerField(null=True, blank=True, unique=True)
    # The text of model.sig, kept with the crown: storage gets it afterwards, and workers need not wait for that.
    signature = models.TextField(blank=True, default="")
    # Whether manifest and signature lie in storage; null is owed to the next repair.
    announced_at = models.DateTimeField(null=True, blank=True)
    # When it became champion last: a rollback comes back to the newest.
    crowned_at = models.DateTimeField(null=True, blank=True)
    retracted_at = models.DateTimeField(null=True, blank=True)
    retracted_reason = models.CharField(max_length=400, blank=True, default="")
    # Since when more of what it heard is withdrawn than the limit allows, and when its files were no longer offered.
    past_limit_at = models.DateTimeField(null=True, blank=True)
    delisted_at = models.DateTimeField(null=True, blank=True)
    # Why a worker could not use it; empty while it is sound.
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_reason = models.CharField(max_length=400, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["status"], condition=Q(status="CHAMPION"), name="at_most_one_champion")
        ]

    def __str__(self) -> str:
        return self.version

    @property
    def version(self) -> str:
        """The short name that people read."""
        return self.digest[:12]

    @property
    def is_seed(self) -> bool:
        """Whether it came with the software, under a licence that forbids to earn money with it."""
        return self.status == self.Status.SEED

    @property
    def standing(self) -> str:
        """Its status as people ask for it: DELISTED too, while it is neither champion nor retracted."""
        is_delisted = self.delisted_at is not None and self.status == self.Status.PREVIOUS
        return "DELISTED" if is_delisted else str(self.status)

    @property
    def prefix(self) -> str:
        """Where its files lie in storage."""
        return f"checkpoints/{self.digest}"
