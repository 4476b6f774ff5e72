"""Which German, which Arabic: a voice's accent or variety in its own words, language by language."""

from django.db import models


class Variety(models.Model):
    """What a voice says of how it speaks one language; empty where it was asked and would rather not say.

    It stands on the purpose DEMOGRAPHICS alone and goes with it.
    """

    contributor = models.ForeignKey("contributions.Contributor", on_delete=models.CASCADE, related_name="varieties")
    language = models.CharField(max_length=35)
    words = models.CharField(max_length=120, blank=True)
    # The words without case and stray spaces: two who said the same are counted together.
    alike = models.CharField(max_length=240, blank=True)
    said_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contributor", "language"], name="one_variety_per_language")]
        indexes = [models.Index(fields=["language", "alike"])]

    def __str__(self) -> str:
        return f"variety of {self.language} of {self.contributor_id}"
