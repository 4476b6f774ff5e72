"""What a verdict does to the run: on to publishing, to a curator, or out."""

import json
import logging
from collections.abc import Sequence
from textwrap import shorten
from typing import Any

from openempathic import leases
from training import gate, notices, states
from training.child import ChildFailed
from training.models import TrainingRun
from training.publication import AGENT, ENDED

log = logging.getLogger(__name__)

S = TrainingRun.Status
LETTERS_MAX = TrainingRun._meta.get_field("status_reason").max_length or 0
# Nothing is owed by a trainer until somebody has decided.
ASIDE: dict[str, Any] = {"next_attempt_at": None, "lease_owner": "", "lease_expires_at": None}


def admit(attempt: Any) -> bool:
    """Ask the gate about a retraining.Attempt: True when the candidate is to be published.

    Else the run waits for a curator's approval, or is REJECTED with the reason. Raises ChildFailed where a candidate
    that passed before does not pass here, and judging.Outdated where it has to be compared with another champion.
    """
    run: TrainingRun = attempt.run
    if stands(attempt):
        return True
    verdict = gate.judge(run, attempt.folder)
    if not verdict.passes:
        reject(attempt, verdict)
        return False
    if verdict.needs_approval:
        ask(attempt, verdict)
        return False
    if run.status == S.EVALUATING:
        attempt_enter(attempt, verdict=verdict.facts)
    elif leases.fenced(attempt.claim).update(verdict=verdict.facts) != 1:
        raise leases.LeaseLost(f"run {run.pk} was taken over or cancelled")
    return True


def stands(attempt: Any) -> bool:
    """Whether this very export was judged on this machine, passed, and nobody's approval is wanted any more."""
    run, file = attempt.run, attempt.export / gate.GATE
    if run.status != S.PUBLISHING or not file.exists() or run.approval == TrainingRun.Approval.WAITING:
        return False
    return bool(json.loads(file.read_bytes()) == run.verdict)


def attempt_enter(attempt: Any, **columns: Any) -> None:
    """Move on to PUBLISHING with the verdict in the row."""
    # Imported late: retraining asks us.
    from training import retraining

    retraining.enter(attempt, S.PUBLISHING, **columns)


def reject(attempt: Any, verdict: gate.Verdict) -> None:
    """End the run with what spoke against its candidate."""
    run, reason = attempt.run, in_lines(verdict.faults)
    if run.status != S.EVALUATING and run.verdict.get("champion") == verdict.facts["champion"]:
        # Judged and passed before, on a machine that is gone: this copy is at fault, not the candidate.
        raise ChildFailed(reason)
    states.move(run, to=S.REJECTED, by=AGENT, reason=reason, claim=attempt.claim, verdict=verdict.facts, **ENDED)
    log.error("Run %s is REJECTED: %s", run.pk, reason)


def in_lines(faults: Sequence[str]) -> str:
    """Each fault on a line of its own, as many as the row has room for, and how many more the verdict holds."""
    lines = [shorten(fault, LETTERS_MAX // 2, placeholder="…") for fault in faults]
    for kept in range(len(lines), 0, -1):
        more = [f"and {len(lines) - kept} more"] if kept < len(lines) else []
        if len(told := "\n".join([*lines[:kept], *more])) <= LETTERS_MAX:
            return told
    return ""


def ask(attempt: Any, verdict: gate.Verdict) -> None:
    """Set the run aside until a curator decides, and tell them; the lease goes with it, so that the trainer is free."""
    is_asked = is_asked_already(attempt.run, verdict)
    run, waiting = attempt.run, {"approval": TrainingRun.Approval.WAITING, "verdict": verdict.facts, **ASIDE}
    if run.status == S.EVALUATING:
        attempt_enter(attempt, **waiting)
    elif leases.fenced(attempt.claim).update(**waiting) != 1:
        raise leases.LeaseLost(f"run {run.pk} was taken over or cancelled")
    run.approval = TrainingRun.Approval.WAITING
    log.info("Run %s passed the gate and waits for a curator.", run.pk)
    if not is_asked:
        notices.tell_of_candidate(run)


def is_asked_already(run: TrainingRun, verdict: gate.Verdict) -> bool:
    """Whether the curators were told of these very weights; others are another question."""
    was_judged = run.verdict.get("candidate") == verdict.facts.get("candidate")
    return was_judged and run.approval == TrainingRun.Approval.WAITING
