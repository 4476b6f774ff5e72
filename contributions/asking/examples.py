"""An example of a prompt, for who wants one: a clip that its speaker allows to be published, heard only when asked for.

Hearing how somebody else said it primes: so nothing is offered to its own speaker, nothing is played unasked, and the
clips of whoever heard it say so. Every time it is asked again whether the clip may still be heard: with the clip, or
with the permission, the example is gone in the same moment.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from contributions.models import Clip, Contributor, ExampleHeard, Prompt, PromptExample, Purpose
from contributions.models.clip import ClipQuerySet
from openempathic import audit


class NotAnExample(Exception):
    """The clip cannot be the example; the message says why."""


def publishable() -> ClipQuerySet:
    """The accepted clips whose speakers allow them to be published, at this moment."""
    return Clip.objects.filter(status=Clip.Status.ACCEPTED).covered_by(Purpose.RELEASE_DATASET)


def candidates(prompt: Prompt) -> ClipQuerySet:
    """The clips that may be the prompt's example, the newest first."""
    return publishable().filter(prompt=prompt).order_by("-stored_at")


def choose(prompt: Prompt, clip_id: Any, *, by: Any) -> PromptExample:
    """Offer the clip as the prompt's example, in place of another; raises NotAnExample."""
    with transaction.atomic():
        clip = candidates(prompt).filter(pk=clip_id).first()
        if clip is None:
            raise NotAnExample(_("Only an accepted clip of this sentence that may be published can be its example."))
        facts = {"clip": clip, "chosen_by": by}
        example, _is_new = PromptExample.objects.update_or_create(prompt=prompt, defaults=facts)
        audit.record("prompt.example_chosen", subject=prompt, by=by, clip=str(clip.pk))
    return example


def remove(prompt: Prompt, *, by: Any) -> None:
    """Offer no example of the prompt any more; a second time changes nothing."""
    with transaction.atomic():
        if PromptExample.objects.filter(prompt=prompt).delete()[0]:
            audit.record("prompt.example_removed", subject=prompt, by=by)


def for_voices(prompt_id: str, voices: Sequence[Contributor]) -> Clip | None:
    """The example that the person with these voices may hear now; None where there is none, or it is their own."""
    return publishable().filter(exemplified__prompt=prompt_id).exclude(contributor__in=list(voices)).first()


def keep_heard(prompt_id: str, voice: Contributor) -> None:
    """From now on the voice's clips of the prompt say that the example was heard."""
    ExampleHeard.objects.get_or_create(contributor=voice, prompt_id=prompt_id)


def was_heard(prompt: Prompt | None, voice: Contributor) -> bool:
    """Whether the voice heard the prompt's example before."""
    return prompt is not None and ExampleHeard.objects.filter(contributor=voice, prompt=prompt).exists()
