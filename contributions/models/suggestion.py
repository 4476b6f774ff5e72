"""What a checkpoint hears in a clip; kept from raters until they have answered."""

from django.db import models

from openempathic.leases import Leased


class Suggestion(Leased):
    """One checkpoint's scores for one clip; the row is owed first and answered later."""

    clip = models.ForeignKey("contributions.Clip", on_delete=models.CASCADE, related_name="suggestions")
    checkpoint = models.ForeignKey("registry.Checkpoint", on_delete=models.PROTECT, related_name="suggestions")
    # Probability by emotion; null until a worker has listened.
    scores = models.JSONField(null=True)
    emotion = models.CharField(max_length=30, blank=True)
    failure = models.CharField(max_length=200, blank=True)
    made_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clip", "checkpoint"], name="one_suggestion_per_checkpoint")]
        # The newest are what the pace of the backlog is told from.
        indexes = [models.Index(fields=["made_at"], name="suggestions_by_moment")]

    def __str__(self) -> str:
        return f"suggestion for {self.clip_id}"

    @property
    def is_sure(self) -> bool:
        """Whether its likeliest emotion is likely enough for its checkpoint to name it."""
        return max((self.scores or {}).values(), default=0.0) >= self.checkpoint.sure_from

    def ranked(self) -> list[tuple[str, float]]:
        """Emotions with their probability, most probable first."""
        return sorted((self.scores or {}).items(), key=lambda pair: -pair[1])
