"""The gate: whether a candidate is whole, honest and better than what it would replace; what it found is written.

Its arithmetic (deciding, weighing, guards, spending) knows no site and can be asked without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.models import TrainingRun

GATE, PAGE = "gate.json", "gate.html"


@dataclass(frozen=True)
class Verdict:
    """What the gate found; it passes when nothing speaks against the candidate."""

    faults: tuple[str, ...]
    facts: dict[str, Any]
    needs_approval: bool = False

    @property
    def passes(self) -> bool:
        """Whether the candidate may be published, were somebody to approve of it where that is asked for."""
        return not self.faults


def judge(run: TrainingRun, folder: Path) -> Verdict:
    """Try the candidate in the run's folder against the champion; gate.json and gate.html are written into its export.

    Raises judging.Outdated where the champion is not the one that the child heard.
    """
    # Imported late: who only reckons needs neither rows nor storage.
    from training.gate import judging

    return judging.judge(run, folder)
