"""Which suggestion counts for a clip now: that of whoever suggests, else the newest that still may be shown."""

from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from contributions.models import Suggestion
from openempathic.registry.champion import suggester
from openempathic.registry.models import Checkpoint


def shown(clip_id: UUID) -> Suggestion | None:
    """The suggestion to show of the clip, once one may be shown; after a rollback that is not the newest."""
    made = showable().filter(clip=clip_id).select_related("checkpoint").order_by("-made_at")
    holder = suggester()
    of_holder = made.filter(checkpoint=holder).first() if holder else None
    return of_holder or made.exclude(checkpoint__status=Checkpoint.Status.SEED).first() or made.first()


def showable() -> QuerySet[Suggestion]:
    """Every suggestion that was made, but those of retracted checkpoints, and of a seed head that is switched off."""
    hidden = [Checkpoint.Status.RETRACTED] + ([] if settings.SEED_HEAD else [Checkpoint.Status.SEED])
    return Suggestion.objects.filter(scores__isnull=False).exclude(checkpoint__status__in=hidden)
