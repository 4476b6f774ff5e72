"""How long a clip may be: what is told freely takes longer than a sentence."""

from django.conf import settings

from contributions.models import Prompt


def longest_seconds(mode: str) -> float:
    """The longest clip of the mode; one without a prompt is held to a sentence's length."""
    return settings.LONGEST_FREE_SECONDS if mode == Prompt.Kind.OWN_WORDS else settings.LONGEST_SECONDS
