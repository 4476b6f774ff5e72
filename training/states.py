"""Where a training run may go: one table, and the one door that changes its status."""

from typing import Any

from openempathic import leases, moves
from openempathic.moves import Move, MoveTable
from training.models import TrainingRun

S = TrainingRun.Status

TABLE = MoveTable(
    name="training_run",
    first=S.QUEUED,
    moves=(
        Move(S.QUEUED, S.FREEZING, "trainer", "it claimed the run"),
        Move(S.FREEZING, S.TRAINING, "trainer", "the release is frozen and durable"),
        *(
            Move(source, S.FREEZING, "trainer", "a withdrawn clip's shard was purged before it was read: begin again")
            for source in (S.TRAINING, S.EVALUATING, S.PUBLISHING)
        ),
        Move(S.TRAINING, S.EVALUATING, "trainer", "all steps are taken"),
        Move(S.EVALUATING, S.PUBLISHING, "trainer", "the candidate passed the gate"),
        Move(S.EVALUATING, S.REJECTED, "trainer", "the candidate failed the gate, with the reason"),
        Move(S.PUBLISHING, S.PUBLISHED, "trainer, fenced", "the checkpoint is whole in storage"),
        Move(S.PUBLISHING, S.REJECTED, "curator", "approval was asked for and refused, with the reason"),
        *(
            Move(source, S.FAILED, "trainer", "three failed attempts, with the last reason")
            for source in TrainingRun.ACTIVE
        ),
        *(Move(source, S.CANCELLED, "curator", "until it is published") for source in TrainingRun.ACTIVE),
    ),
)


def move(
    run: TrainingRun, *, to: str, by: Any, reason: str = "", claim: leases.Claim | None = None, **columns: Any
) -> None:
    """Change the run's status as the table allows; see openempathic.moves.move for what it raises."""
    moves.move(run, table=TABLE, to=to, by=by, reason=reason, claim=claim, columns=columns)
