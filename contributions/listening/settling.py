"""A clip's status from its standing blind answers: two thirds agree, or a moderator has to decide.

The status is a function of the answers, whatever order they came in, until a moderator has decided about the clip.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from contributions import states
from contributions.listening import gold, labels, queue
from contributions.models import Clip, Verdict

S = Clip.Status
# What listeners gave, and may take away again; a moderator's verdict and a corpus's own label are not theirs.
GIVEN_BY_RATINGS = (S.ACCEPTED, S.REJECTED, S.DISPUTED)
VOIDED = "RATINGS_VOIDED"


def outcome(usable: Sequence[bool], *, required: int) -> str:
    """The status that so many answers give: two thirds on one side settle it, anything between is disputed."""
    if len(usable) < required or not usable:
        return S.IN_REVIEW
    if 3 * sum(usable) >= 2 * len(usable):
        return S.ACCEPTED
    return S.REJECTED if 3 * sum(usable) <= len(usable) else S.DISPUTED


def settle(clip: Clip, *, by: Any) -> None:
    """Move a clip in review once enough answers are in, an accepted one once they doubt it; its need follows.

    The caller holds the clip's row.
    """
    if clip.status == S.IN_REVIEW:
        to = outcome_of(clip)
    elif clip.status == S.ACCEPTED and is_settled_by_ratings(clip):
        # Nobody but a moderator refuses what was accepted.
        to = S.ACCEPTED if outcome_of(clip) in (S.ACCEPTED, S.IN_REVIEW) else S.DISPUTED
    else:
        to = clip.status
    if to == clip.status:
        queue.follow(clip)
    else:
        states.move(clip, to=to, by=by, reason=last_reason(clip) if to == S.REJECTED else "")
    labels.follow(clip)


def settle_again(clip: Clip, *, by: Any) -> None:
    """After answers were voided: give the clip the status that the others give it, through review; its need follows."""
    with transaction.atomic():
        current = Clip.objects.select_for_update(no_key=True).get(pk=clip.pk)
        is_theirs = current.status in GIVEN_BY_RATINGS and is_settled_by_ratings(current)
        if is_theirs and outcome_of(current) != current.status:
            states.move(current, to=S.IN_REVIEW, by=by, reason=VOIDED)
        settle(current, by=by)
        gold.follow(current)


def outcome_of(clip: Clip) -> str:
    """The status that the clip's standing blind answers give."""
    usable = clip.ratings.counting().values_list("is_usable", flat=True)
    return outcome(list(usable), required=queue.ratings_required(clip.language))


def is_settled_by_ratings(clip: Clip) -> bool:
    """Whether its status is the listeners' to give: no moderator has decided, and no corpus brought its label."""
    if clip.licence_id is not None:
        return False
    last = Verdict.objects.filter(clip=clip, is_proposal=False).last()
    return last is None or last.to_status in (S.IN_REVIEW, S.STORED)


def last_reason(clip: Clip) -> str:
    """Why the clip is unusable, as the last listener said who found it so."""
    refused = clip.ratings.counting().filter(is_usable=False).order_by("rated_at", "pk")
    return refused.values_list("unusable_reason", flat=True).last() or ""
