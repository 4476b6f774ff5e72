"""Which prompts are offered: those of the data files, but for those that a curator stopped.

The last decision on a prompt stands: loading the files again, also in a newer version, does not undo it.
"""

from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from contributions import taxonomy
from contributions.models import Prompt, PromptDecision
from openempathic import audit


class NotDecidable(Exception):
    """The decision could not be kept; the message says why."""


def decide(prompt: Prompt, *, is_offered: bool, reason: str, by: Any) -> PromptDecision:
    """Stop offering the prompt, or offer it again; raises NotDecidable without a reason, or where nobody wrote it."""
    if not reason.strip():
        raise NotDecidable(_("Please say why: others will want to know."))
    if is_offered and prompt.pk not in written():
        raise NotDecidable(_("This sentence is no longer in the data files, so it cannot be offered."))
    with transaction.atomic():
        made = PromptDecision.objects.create(prompt=prompt, is_offered=is_offered, reason=reason.strip(), decided_by=by)
        Prompt.objects.filter(pk=prompt.pk).update(is_offered=is_offered)
        act = "prompt.offered" if is_offered else "prompt.stopped"
        audit.record(act, subject=prompt, by=by)
    return made


def settle() -> int:
    """Offer what is in the data files and not stopped; returns how many are offered."""
    last = PromptDecision.objects.filter(prompt=OuterRef("pk")).order_by("-pk").values("is_offered")[:1]
    decided = Prompt.objects.annotate(decision=Subquery(last))
    stopped = set(decided.filter(decision=False).values_list("pk", flat=True))
    offered = written() - stopped
    Prompt.objects.filter(is_offered=False, pk__in=offered).update(is_offered=True)
    Prompt.objects.filter(is_offered=True).exclude(pk__in=offered).update(is_offered=False)
    return len(offered)


def written() -> set[str]:
    """The ids of every prompt of the data files."""
    tags = taxonomy.prompt_languages()
    acted = {prompt.id for tag in tags for prompt in taxonomy.prompts(tag)}
    return acted | {own_words_id(invitation) for tag in tags for invitation in taxonomy.own_words(tag)}


def own_words_id(invitation: taxonomy.OwnWords) -> str:
    """What an invitation is known by, beside the sentences of its language."""
    return f"{invitation.language}-tell-{invitation.slug}"
