"""How many blind answers settle a clip of a language: a curator decides, and the last decision stands."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from contributions.models import ListeningDecision
from openempathic import audit

# More ears than that no status is worth; the emotion goes on being asked for by itself.
LEAST, MOST = 1, 7


class NotDecidable(Exception):
    """The number is none that can be asked for; the message says so."""


def decide(language: str, *, ratings_required: int, by: Any) -> ListeningDecision:
    """From the next answer on a clip of the language is settled by so many; raises NotDecidable."""
    if not LEAST <= ratings_required <= MOST:
        raise NotDecidable(_("From %(least)s to %(most)s listeners can be asked for.") % {"least": LEAST, "most": MOST})
    with transaction.atomic():
        row = ListeningDecision.objects.create(language=language, ratings_required=ratings_required, decided_by=by)
        audit.record("language.listeners_decided", subject=row, by=by, language=language, required=ratings_required)
    return row
