"""Where a clip may go: one table, and the one door that changes its status."""

from typing import Any

from django.db import transaction

from contributions.listening import queue
from contributions.models import Clip
from openempathic import leases, moves
from openempathic.moves import Move, MoveTable

S = Clip.Status

TABLE = MoveTable(
    name="clip",
    first=S.STORED,
    moves=(
        Move(S.STORED, S.IN_REVIEW, "worker", "screening found speech and no physical fault"),
        Move(S.STORED, S.UNUSABLE, "worker", "a physical fault only, with a reason and a tip"),
        Move(S.STORED, S.QUARANTINED, "worker or sweeper", "three failed attempts, duplicate, flagged"),
        Move(S.IN_REVIEW, S.ACCEPTED, "ratings or import", "enough blind ratings agree that it is usable"),
        Move(S.IN_REVIEW, S.REJECTED, "ratings", "enough blind ratings agree that it is not, with a reason"),
        Move(S.IN_REVIEW, S.DISPUTED, "ratings", "raters disagree on usability"),
        *(
            Move(source, target, "moderator", "a verdict; STORED means screen again")
            for source in (S.DISPUTED, S.QUARANTINED, S.UNUSABLE, S.REJECTED)
            for target in (S.ACCEPTED, S.REJECTED, S.IN_REVIEW, S.STORED)
            if source != target
        ),
        Move(S.ACCEPTED, S.IN_REVIEW, "moderator or rater", "ratings voided or undone"),
        Move(S.ACCEPTED, S.DISPUTED, "moderator or ratings", "doubt: leaves the next release"),
        Move(S.IN_REVIEW, S.QUARANTINED, "reports", "two reports, or one by a moderator"),
        Move(S.ACCEPTED, S.QUARANTINED, "reports", "two reports, or one by a moderator"),
        *(
            Move(source, S.WITHDRAWN, "contributor", "always allowed")
            for source in S
            if source not in (S.WITHDRAWN, S.PURGED)
        ),
        Move(S.WITHDRAWN, S.PURGED, "worker", "every lease has run out and the clip's prefix is empty"),
    ),
)


def move(clip: Clip, *, to: str, by: Any, reason: str = "", claim: leases.Claim | None = None, **columns: Any) -> None:
    """Change the clip's status as the table allows, and what it wants of listeners with it.

    See openempathic.moves.move for what it raises.
    """
    with transaction.atomic():
        moves.move(clip, table=TABLE, to=to, by=by, reason=reason, claim=claim, columns=columns)
        queue.follow(clip)
