"""An example of a prompt: one clip that a curator chose, and who heard it before they spoke."""

from django.conf import settings
from django.db import models


class PromptExample(models.Model):
    """The clip that may be heard before a prompt is said, while `contributions.asking.examples` finds it may."""

    prompt = models.OneToOneField("contributions.Prompt", on_delete=models.CASCADE, related_name="example")
    clip = models.ForeignKey("contributions.Clip", on_delete=models.CASCADE, related_name="exemplified")
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    chosen_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"example of {self.prompt_id}"


class ExampleHeard(models.Model):
    """A voice heard the example of a prompt: its clips of that prompt from then on say so."""

    contributor = models.ForeignKey(
        "contributions.Contributor", on_delete=models.CASCADE, related_name="examples_heard"
    )
    prompt = models.ForeignKey("contributions.Prompt", on_delete=models.CASCADE, related_name="+")
    heard_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contributor", "prompt"], name="heard_once_per_prompt")]

    def __str__(self) -> str:
        return f"{self.contributor_id} heard the example of {self.prompt_id}"
