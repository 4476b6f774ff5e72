"""A curator's word on a candidate that passed the gate: whether it becomes champion is a person's decision there."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from contributions import permissions
from openempathic import audit, moves
from training import states
from training.models import TrainingRun
from training.publication import ENDED

A, S = TrainingRun.Approval, TrainingRun.Status


class NotApprovable(Exception):
    """The run could not be approved or refused; the message is for the person who asked."""


def approve(run: TrainingRun, *, by: Any) -> None:
    """Let the candidate be published; whoever asked for the run may, but nobody who is no curator.

    Raises NotApprovable, also when somebody else decided first.
    """
    check_may_decide(by)
    with transaction.atomic():
        decide(run, A.GIVEN, by=by, next_attempt_at=Now(), attempts=0)
        audit.record("training_run.approved", subject=run, by=by, candidate=run.verdict.get("candidate"))
    run.approval = A.GIVEN


def refuse(run: TrainingRun, *, by: Any, reason: str) -> None:
    """End the run as REJECTED with the curator's reason; raises NotApprovable as approve() does."""
    check_may_decide(by)
    if not reason.strip():
        raise NotApprovable(_("Say why: whoever looks at the run later should learn it."))
    try:
        with transaction.atomic():
            decide(run, A.REFUSED, by=by)
            states.move(run, to=S.REJECTED, by=by, reason=reason.strip()[:400], **ENDED)
    except moves.MovedMeanwhile as rival:
        raise late() from rival
    run.approval = A.REFUSED


def check_may_decide(by: Any) -> None:
    """Raise NotApprovable to all but curators."""
    if not permissions.may_curate(by):
        raise NotApprovable(_("Only a curator approves a checkpoint."))


def decide(run: TrainingRun, approval: str, *, by: Any, **columns: Any) -> None:
    """Answer the question that the run waits with, once."""
    waiting = TrainingRun.objects.filter(pk=run.pk, status=S.PUBLISHING, approval=A.WAITING)
    if waiting.update(approval=approval, approval_by=by, **columns) != 1:
        raise late()


def late() -> NotApprovable:
    """Nothing is asked here, or not any more."""
    return NotApprovable(_("This run waits for nobody's approval: it was decided already, or it has ended."))
