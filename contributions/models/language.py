"""A language on its way from pilot to active: who grew up with it, what they confirm and repair, what is decided."""

from django.conf import settings
from django.db import models

from contributions.models.consent import WrittenOnce


class NativeSpeaker(models.Model):
    """A moderator says that they grew up with a language."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="native_languages")
    language = models.CharField(max_length=35)
    declared_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "language"], name="declared_once_per_language")]

    def __str__(self) -> str:
        return f"speaker of {self.language}"


class SentenceConfirmation(WrittenOnce):
    """A native speaker finds a sentence right, or takes that back; the last word on these very words stands."""

    language = models.CharField(max_length=35, db_index=True)
    sentence = models.SlugField(max_length=60)
    # Of the words and scenes that were read: other words are confirmed anew.
    content_sha256 = models.CharField(max_length=64)
    is_right = models.BooleanField()
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    confirmed_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"confirmation of {self.language} {self.sentence}"


class SentenceRepair(WrittenOnce):
    """Better words, or scenes by prompt, in place of those of the data file, while the file stays as it was."""

    language = models.CharField(max_length=35, db_index=True)
    sentence = models.SlugField(max_length=60)
    # Of what the data file said: once the file itself is changed, it has the last word.
    file_sha256 = models.CharField(max_length=64)
    text = models.TextField()
    scenes = models.JSONField(default=dict)
    repaired_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    repaired_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"repair of {self.language} {self.sentence}"


class LanguageDecision(WrittenOnce):
    """A language becomes active, or a pilot again; the last decision stands, whatever the data file says."""

    language = models.CharField(max_length=35, db_index=True)
    is_active = models.BooleanField()
    reason = models.CharField(max_length=300)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"decision on {self.language}"


class ListeningDecision(WrittenOnce):
    """How many blind answers a clip of this language needs before its status follows; the last decision stands."""

    language = models.CharField(max_length=35, db_index=True)
    ratings_required = models.PositiveSmallIntegerField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"listeners for {self.language}"
