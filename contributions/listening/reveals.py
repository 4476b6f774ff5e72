"""Who has seen more of a clip than its sound: nothing that they answer to it later is blind."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from contributions.models import Clip, RatingTurn


def reveal(clip: Clip, *, to: Any) -> None:
    """Keep that the person read what others heard in the clip; the queue leaves it out for them from now on."""
    now = timezone.now()
    with transaction.atomic():
        turn, _is_new = RatingTurn.objects.get_or_create(
            clip=clip, rater=to, defaults={"lease_expires_at": now, "closed_at": now, "revealed_at": now}
        )
        ours = RatingTurn.objects.filter(pk=turn.pk)
        ours.filter(revealed_at=None).update(revealed_at=now)
        ours.filter(closed_at=None).update(closed_at=now, lease_expires_at=now)
