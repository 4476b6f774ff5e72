"""A clip's status from its standing blind answers: two thirds agree, or a moderator has to decide.

The status is a function of the answers, whatever order they came in, until a moderator has decided about the clip.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from contributions import states
from contributions.listening import gold, labels, queue
from contributions.models import Clip, Verdict
from contributions.screening import suspicions

S = Clip.Status
# What listeners gave, and may take away again; a moderator's verdict and a corpus's own label are not theirs.
GIVEN_BY_RATINGS = (S.ACCEPTED, S.REJECTED, S.DISPUTED)
VOIDED = "RATINGS_VOIDED"


def outcome(usable: Sequence[bool], *, required: int, is_delicate: bool = False) -> str:
    """The status that so many answers give: two thirds on one side settle it, anything between is disputed.

    Where one of them heard a child or personal data no majority accepts it: that takes two moderators.
    """
    if len(usable) < required or not usable:
        return S.IN_REVIEW
    if 3 * sum(usable) >= 2 * len(usable):
        return S.DISPUTED if is_delicate else S.ACCEPTED
    return S.REJECTED if 3 * sum(usable) <= len(usable) else S.DISPUTED


def settle(clip: Clip, *, by: Any) -> None:
    """Move a clip in review once enough answers are in, an accepted one once they doubt it; its need follows.

    The caller holds the clip's row.
    """
    to = following(clip)
    if to == clip.status:
        queue.follow(clip)
    else:
        states.move(clip, to=to, by=by, reason=last_reason(clip) if to == S.REJECTED else "")
    labels.follow(clip)


def following(clip: Clip) -> str:
    """Where its answers bring the clip from where it is."""
    if clip.status == S.IN_REVIEW:
        return outcome_of(clip)
    # Nobody but a moderator refuses what was accepted.
    return S.DISPUTED if clip.status == S.ACCEPTED and is_doubted(clip) else clip.status


def is_doubted(clip: Clip) -> bool:
    """Whether its listeners would not have accepted it, or one of them heard what two moderators have to hear."""
    if is_delicate(clip):
        return True
    return is_settled_by_ratings(clip) and outcome_of(clip) not in (S.ACCEPTED, S.IN_REVIEW)


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
    usable = list(clip.ratings.counting().values_list("is_usable", flat=True))
    required = queue.ratings_required(clip.language)
    return outcome(usable, required=required, is_delicate=not all(usable) and is_delicate(clip))


def is_delicate(clip: Clip) -> bool:
    """Whether a listener heard a child or personal data, and no two moderators agreed since that it may be used."""
    signs = clip.ratings.counting().filter(unusable_reason__in=suspicions.DELICATE)
    return signs.exists() and suspicions.is_suspected(clip)


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
