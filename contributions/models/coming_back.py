"""What brings a person back: a goal of their own, and news of a checkpoint that their clips helped."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from openempathic.leases import Leased

CLIPS_A_WEEK_MAX = 200


class Goal(models.Model):
    """How many clips a week a person would like to give; nobody sets it but they, and nothing depends on it."""

    contributor = models.OneToOneField("contributions.Contributor", on_delete=models.CASCADE, related_name="goal")
    clips_a_week = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(CLIPS_A_WEEK_MAX)]
    )
    set_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"goal of {self.contributor_id}"


class CheckpointNews(Leased):
    """That a person is told, once, of one checkpoint that their clips helped; they asked us to write to them."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    checkpoint = models.ForeignKey("registry.Checkpoint", on_delete=models.CASCADE, related_name="+")
    # Null: not told, and where nothing is owed either, no longer wanted.
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "checkpoint"], name="told_once_per_checkpoint")]

    def __str__(self) -> str:
        return f"news of {self.checkpoint_id} for {self.person_id}"
