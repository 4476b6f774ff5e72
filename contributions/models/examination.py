"""What a machine measured and decided about a clip."""

from django.db import models


class Examination(models.Model):
    """One screening: agent, version, every measure with its unit in the name, verdict and reason."""

    clip = models.ForeignKey("contributions.Clip", on_delete=models.CASCADE, related_name="examinations")
    agent = models.CharField(max_length=40)
    version = models.CharField(max_length=20)
    # The claim that wrote it: a doubled screening would need the same fence twice, and cannot have it.
    fence = models.PositiveBigIntegerField()
    measures = models.JSONField(default=dict)
    is_usable = models.BooleanField()
    reason = models.CharField(max_length=40, blank=True)
    warnings = models.JSONField(default=list)
    examined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clip", "fence"], name="one_examination_per_claim")]

    def __str__(self) -> str:
        return f"examination of {self.clip_id}"
