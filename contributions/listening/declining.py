"""A listener would rather not hear a clip, and need not say why."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from contributions.listening import queue
from contributions.listening.refusals import NotYourTurn
from contributions.models import RatingTurn
from openempathic import audit


def decline(turn: RatingTurn, *, by: Any) -> None:
    """Close the turn without an answer and leave the clip to others; it does not come again. Raises NotYourTurn."""
    if turn.rater_id != by.pk:
        raise NotYourTurn
    now = timezone.now()
    # The mark of a clip of which somebody saw more than its sound is what keeps it from being offered to them again.
    over = {"closed_at": now, "lease_expires_at": now, "revealed_at": now}
    with transaction.atomic():
        if RatingTurn.objects.filter(pk=turn.pk, closed_at=None).update(**over):
            queue.let_go(turn.clip_id, by=by)
            audit.record("clip.declined", subject=turn.clip, by=by)
