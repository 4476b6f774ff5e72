"""One way to change a status: a table of legal moves, compare-and-set, and the audit row in the same transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from openempathic import audit, leases


class IllegalMove(Exception):
    """The table knows no such move."""


class MovedMeanwhile(Exception):
    """The row left that status, or its lease, before the move could be made."""


@dataclass(frozen=True)
class Move:
    """One legal change of status, and who makes it when."""

    source: str
    target: str
    who: str
    when: str


@dataclass(frozen=True)
class MoveTable:
    """All the legal moves of one kind of row; `first` is the status a row begins with."""

    name: str
    first: str
    moves: tuple[Move, ...]

    def allows(self, source: str, target: str) -> bool:
        """Whether a row may go from one status to the other."""
        return any(move.source == source and move.target == target for move in self.moves)


def move(
    row: Any,
    *,
    table: MoveTable,
    to: str,
    by: Any,
    reason: str = "",
    claim: leases.Claim | None = None,
    columns: Mapping[str, Any] | None = None,
) -> None:
    """Change the status of a row that has `status` and `status_reason`, if its old status and the claim still hold.

    Raises IllegalMove where the table has no such edge and MovedMeanwhile where somebody else was faster.
    """
    source = row.status
    if not table.allows(source, to):
        raise IllegalMove(f"{table.name}: {source} does not become {to}")
    with transaction.atomic():
        rows = leases.fenced(claim) if claim else type(row)._base_manager.filter(pk=row.pk)
        changed = rows.filter(status=source).update(status=to, status_reason=reason, **(columns or {}))
        if changed != 1:
            raise MovedMeanwhile(f"{table.name} {row.pk} is no longer {source}, or its lease was lost")
        audit.record(f"{table.name}.{to.lower()}", subject=row, by=by, source=source, reason=reason)
    row.status = to
    row.status_reason = reason


def mermaid(table: MoveTable) -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {table.first}"]
    lines += [f"    {m.source} --> {m.target}: {m.who}" for m in table.moves]
    return "\n".join(lines) + "\n"
