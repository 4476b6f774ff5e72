"""What to say and how: written by us, loaded from data files."""

from django.db import models


class Prompt(models.Model):
    """One sentence with the emotion to say it in."""

    id = models.SlugField(primary_key=True, max_length=60)
    language = models.CharField(max_length=35, db_index=True)
    sentence = models.SlugField(max_length=60)
    text = models.TextField()
    scene = models.TextField(blank=True)
    emotion = models.CharField(max_length=30)
    intensity = models.PositiveSmallIntegerField(null=True)
    is_offered = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.id
