"""What to say and how: written by us, loaded from data files; and what people say of it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from contributions.models.consent import WrittenOnce


class Prompt(models.Model):
    """One sentence with the emotion to say it in, or an invitation to tell something in one's own words."""

    class Kind(models.TextChoices):
        ACTED = "ACTED"
        OWN_WORDS = "OWN_WORDS"

    id = models.SlugField(primary_key=True, max_length=60)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ACTED)
    language = models.CharField(max_length=35, db_index=True)
    # Prompts that share it say the same words; only the emotion differs.
    sentence = models.SlugField(max_length=60)
    text = models.TextField()
    scene = models.TextField(blank=True)
    emotion = models.CharField(max_length=30)
    intensity = models.PositiveSmallIntegerField(null=True)
    # In the data files, and not stopped by a curator: what `contributions.asking.offering` makes of both.
    is_offered = models.BooleanField(default=True)
    # In what manner it is asked for this time, by its stored name: a wish of the planner's, in no column.
    style = ""

    def __str__(self) -> str:
        return self.id


class PromptSkip(WrittenOnce):
    """Somebody did not want to say it, and why, as far as they said."""

    class Reason(models.TextChoices):
        TOO_HARD = "TOO_HARD", _("It is too hard to say")
        NOT_UNDERSTOOD = "NOT_UNDERSTOOD", _("I do not understand it")
        UPSETTING = "UPSETTING", _("It upsets me")
        NOT_MY_DIALECT = "NOT_MY_DIALECT", _("Nobody speaks like that where I come from")
        OTHER = "OTHER", _("Something else")
        NOT_SAID = "NOT_SAID", _("I would rather not say")

    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="skips")
    contributor = models.ForeignKey("contributions.Contributor", on_delete=models.CASCADE, related_name="prompt_skips")
    reason = models.CharField(max_length=20, choices=Reason)
    words = models.CharField(max_length=300, blank=True)
    skipped_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"skip of {self.prompt_id}"


class StyleSkip(WrittenOnce):
    """Somebody would rather say it without the manner that was wished for."""

    contributor = models.ForeignKey("contributions.Contributor", on_delete=models.CASCADE, related_name="style_skips")
    style = models.CharField(max_length=20)
    skipped_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"skip of {self.style}"


class PromptReport(WrittenOnce):
    """Somebody says that something is wrong with it."""

    class Reason(models.TextChoices):
        WRONG = "WRONG", _("There is a mistake in the words")
        UNNATURAL = "UNNATURAL", _("Nobody would say it like that")
        OFFENSIVE = "OFFENSIVE", _("It offends or degrades people")
        NOT_NEUTRAL = "NOT_NEUTRAL", _("The words fit only one feeling, though others are asked for")
        WRONG_SCENE = "WRONG_SCENE", _("The scene does not fit the feeling")
        PRIVATE = "PRIVATE", _("It asks for private things")
        OTHER = "OTHER", _("Something else")

    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="reports")
    # Null once the person has left.
    contributor = models.ForeignKey(
        "contributions.Contributor", null=True, on_delete=models.SET_NULL, related_name="prompt_reports"
    )
    reason = models.CharField(max_length=20, choices=Reason)
    words = models.CharField(max_length=1000, blank=True)
    reported_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"report of {self.prompt_id}"


class PromptDecision(WrittenOnce):
    """A curator decides whether it is offered; the last one stands, whatever the data files say."""

    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="decisions")
    is_offered = models.BooleanField()
    reason = models.CharField(max_length=300)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    decided_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"decision on {self.prompt_id}"
