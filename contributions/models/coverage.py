"""How much was given of what: counted now and then, so that asking stays cheap however much there is."""

from django.db import models

from contributions.models.prompt import Prompt


class CoverageCount(models.Model):
    """Volunteers' clips and voices in one part of what is wanted.

    A language alone; a language and an emotion; where `kind` is set, one cell that prompts are chosen from; and where
    `style` is set, what was said in that manner with an emotion and intensity, by wish or as its speaker says.
    """

    # Its other columns in one word: counting again replaces, also where two workers count at once.
    part = models.CharField(primary_key=True, max_length=120)
    language = models.CharField(max_length=35, db_index=True)
    emotion = models.CharField(max_length=30, blank=True)
    kind = models.CharField(max_length=10, choices=Prompt.Kind, blank=True)
    intensity = models.PositiveSmallIntegerField(null=True)
    style = models.CharField(max_length=20, blank=True)
    # Given and found neither unusable nor wrong, then those among them that listeners accepted.
    voices = models.PositiveIntegerField()
    clips = models.PositiveIntegerField()
    accepted_voices = models.PositiveIntegerField()
    accepted_clips = models.PositiveIntegerField()
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.part
