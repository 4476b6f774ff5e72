"""What people tell about themselves: only while they allow us to keep it, and erased with that permission."""

from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from contributions.consenting import consent
from contributions.models import Contributor, Purpose
from openempathic import audit


class NotAllowed(Exception):
    """The person has not allowed us to keep facts about them."""


@dataclass(frozen=True)
class Facts:
    """A voice's facts; what was not said is empty."""

    gender: str = ""
    age_band: str = ""
    accent: str = ""


def told(contributor: Contributor) -> Facts:
    """What the contributor has told."""
    return Facts(gender=contributor.gender, age_band=contributor.age_band, accent=contributor.accent)


def tell(contributor: Contributor, facts: Facts, *, by: Any) -> None:
    """Keep the facts in place of those told before; raises NotAllowed while the permission is not given."""
    with transaction.atomic():
        # The lock on the voice: whoever takes the permission back meanwhile comes before us or erases after us.
        locked = Contributor.objects.select_for_update().get(pk=contributor.pk)
        if not consent.covers(locked, Purpose.DEMOGRAPHICS):
            raise NotAllowed(_("You have not allowed us to keep facts about you."))
        for name, fact in asdict(facts).items():
            setattr(locked, name, fact)
        locked.save(update_fields=consent.FACTS)
        # Which facts, never what they say: the log is not erased.
        said = [name for name, fact in asdict(facts).items() if fact]
        audit.record("contributor.described", subject=locked, by=by, told=said)
