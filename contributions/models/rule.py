"""The rules that screening held clips against, version by version."""

from django.conf import settings
from django.db import models

from contributions.models.consent import WrittenOnce


class RulesVersion(WrittenOnce):
    """The whole table as it stood: who changed it, when and why. A change is a new version."""

    version = models.PositiveIntegerField(primary_key=True)
    # Every rule with all its columns, so that an examination can be read without the data file of its day.
    rules = models.JSONField()
    # What curators set, by the rule's name: it stands on top of every later data file.
    changes = models.JSONField(default=dict)
    # The data file that it was made from: another digest makes another version.
    defaults_sha256 = models.CharField(max_length=64)
    # Null where the data file changed, or once the curator has left.
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["version"]

    def __str__(self) -> str:
        return f"rules, version {self.version}"
