"""What people say of what they are asked for: not this one, this one is wrong, never again this feeling."""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from contributions import taxonomy
from contributions.models import Contributor, Prompt, PromptReport, PromptSkip, StyleSkip
from contributions.taxonomy import styles
from openempathic import audit

# Without a feeling there is always something left to ask for.
ALWAYS_ASKED = "neutral"


class NotHeard(Exception):
    """The wish could not be kept; the message says why."""


def skip(prompt: Prompt, *, voice: Contributor, reason: str, words: str = "") -> PromptSkip:
    """Keep that the person did not want to say it, and why; the planner minds it."""
    return PromptSkip.objects.create(prompt=prompt, contributor=voice, reason=reason, words=words.strip())


def report(prompt: Prompt, *, voice: Contributor, reason: str, words: str = "") -> PromptReport:
    """Bring it before the curators; it is still offered to others until one of them decides."""
    return PromptReport.objects.create(prompt=prompt, contributor=voice, reason=reason, words=words.strip())


def avoidable() -> list[str]:
    """The emotions that somebody may not want to be asked for."""
    return [emotion.name for emotion in taxonomy.core_emotions() if emotion.name != ALWAYS_ASKED]


def avoidable_styles() -> list[str]:
    """The manners of speaking that somebody may not want to be asked for: all that ever are."""
    return [style.name for style in styles.wished()]


def avoid(
    contributor: Contributor, emotions: Collection[str], *, by: Any, manners: Collection[str] | None = None
) -> None:
    """Ask the voice for none of these from now on; where no manners are named, those of before stay as they are.

    Raises NotHeard for one that cannot be left out.
    """
    unwanted = {"unwanted_emotions": sorted(emotions)}
    if manners is not None:
        unwanted["unwanted_styles"] = sorted(manners)
    if not set(emotions) <= set(avoidable()) or not set(manners or ()) <= set(avoidable_styles()):
        raise NotHeard(_("One of these cannot be left out."))
    with transaction.atomic():
        for column, names in unwanted.items():
            setattr(contributor, column, names)
        contributor.save(update_fields=list(unwanted))
        # How many, not which: what distresses a person has no place in a log that is never erased.
        left_out = len(set(emotions)) + len(set(manners or ()))
        audit.record("contributor.chose_feelings", subject=contributor, by=by, left_out=left_out)


def leave_out(style: str, *, voice: Contributor) -> StyleSkip:
    """Keep that the person would rather say it plainly; raises NotHeard for a manner that nobody is asked for."""
    if style not in avoidable_styles():
        raise NotHeard(_("We do not know this manner of speaking."))
    return StyleSkip.objects.create(contributor=voice, style=style)


def forget(contributor: Contributor) -> None:
    """When the person leaves: no wish of theirs stays, and of their reports only what was wrong."""
    contributor.prompt_skips.all().delete()
    contributor.style_skips.all().delete()
    contributor.prompt_reports.update(contributor=None, words="")
    contributor.unwanted_emotions = contributor.unwanted_styles = []
    contributor.save(update_fields=["unwanted_emotions", "unwanted_styles"])
