"""What a machine measured and decided about a clip."""

from django.db import models


class Examination(models.Model):
    """One opinion of one agent: version, score where there is one, every measure with its unit, verdict and reason."""

    class Agent(models.TextChoices):
        SCREENING = "screening"
        DUPLICATES = "duplicates"

    clip = models.ForeignKey("contributions.Clip", on_delete=models.CASCADE, related_name="examinations")
    agent = models.CharField(max_length=40)
    version = models.CharField(max_length=20)
    # The claim that wrote it: a doubled screening would need the same fence twice, and cannot have it.
    fence = models.PositiveBigIntegerField()
    # The table that the measures were held against; null where no rule was asked.
    rules = models.ForeignKey(
        "contributions.RulesVersion", null=True, on_delete=models.PROTECT, related_name="examinations"
    )
    measures = models.JSONField(default=dict)
    # How sure the agent is, from 0 to 1; null where it does not say.
    score = models.FloatField(null=True)
    is_usable = models.BooleanField()
    reason = models.CharField(max_length=40, blank=True)
    warnings = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    # The other clip that sounds the same; it may be anybody's, and only a moderator is told which.
    twin = models.ForeignKey("contributions.Clip", null=True, on_delete=models.SET_NULL, related_name="+")
    examined_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clip", "fence", "agent"], name="one_examination_per_claim_and_agent")
        ]

    def __str__(self) -> str:
        return f"{self.agent}'s examination of {self.clip_id}"
