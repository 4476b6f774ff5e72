"""Labels: functions of ratings, by a versioned method, made anew whenever the ratings change."""

from django.conf import settings
from django.db import models

from contributions.models.clip import Clip


class ClipLabel(models.Model):
    """What one method makes of a clip's standing blind ratings: a probability for each emotion that was heard."""

    clip = models.ForeignKey(Clip, on_delete=models.CASCADE, related_name="labels")
    # As `counts-1` or `dawid-skene-1`: another way of reckoning is another name.
    method = models.CharField(max_length=40)
    emotion = models.CharField(max_length=30, blank=True)
    probabilities = models.JSONField(default=dict)
    rating_count = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clip", "method"], name="one_label_per_method")]

    def __str__(self) -> str:
        return f"{self.method} label of {self.clip_id}"


class RaterStanding(models.Model):
    """How one listener hears beside the others, in one language; reckoned from their standing ratings."""

    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="standings")
    language = models.CharField(max_length=35)
    method = models.CharField(max_length=40)
    rating_count = models.PositiveIntegerField()
    # How probably they name the emotion that a clip has, 0 to 1: the weight of their word in training.
    reliability = models.FloatField(null=True)
    # Everything else that their page shows, as contributions.listening.patterns reckons it.
    measures = models.JSONField(default=dict)
    # Names of patterns that a curator should look at; empty is the rule.
    patterns = models.JSONField(default=list)
    reckoned_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rater", "language"], name="one_standing_per_language")]

    def __str__(self) -> str:
        return f"standing of {self.rater_id} in {self.language}"


class Figure(models.Model):
    """A figure for the dashboards, reckoned in the background: which, of what, and what it says."""

    # As `agreement`, `confusion`, `assistance`; its shape is told where it is reckoned.
    name = models.CharField(max_length=40)
    language = models.CharField(max_length=35, blank=True)
    content = models.JSONField()
    reckoned_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "language"], name="one_figure_per_language")]

    def __str__(self) -> str:
        return f"{self.name} {self.language}"
