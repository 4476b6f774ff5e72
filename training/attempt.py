"""One trainer's hold on one run: its claim, its folder, what its child told last, and whether it is to leave."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openempathic import leases
from openempathic.holding import Holding
from training import telling
from training.models import TrainingRun
from training.travelling import Traveller

# How often the row is asked whether a curator paused the run.
PAUSE_LOOK_SECONDS = 2.0


class Stopped(Exception):
    """The trainer was asked to stop, or the run was paused: it is given back, and the attempt does not count."""


def never() -> bool:
    """For a trainer that nobody stops."""
    return False


@dataclass
class Attempt:
    """One trainer's hold on one run."""

    run: TrainingRun
    claim: leases.Claim
    folder: Path
    holding: Holding
    is_stopping: Callable[[], bool] = never
    told: dict[str, Any] = field(default_factory=dict)
    is_paused: bool = False
    looked_at: float = -math.inf

    def __post_init__(self) -> None:
        self.traveller = Traveller(self.run, self.claim, self.folder)

    @property
    def export(self) -> Path:
        """Where the child leaves its result."""
        return self.folder / "export"

    def is_leaving(self) -> bool:
        """Whether the trainer is to stop, or a curator paused the run; the row is asked now and then."""
        now = time.monotonic()
        if not self.is_paused and now - self.looked_at >= PAUSE_LOOK_SECONDS:
            self.looked_at = now
            self.is_paused = TrainingRun.objects.filter(pk=self.run.pk, is_paused=True).exists()
        return self.is_paused or self.is_stopping()

    def check(self) -> None:
        """Raise LeaseLost or Stopped where going on would be wrong."""
        self.holding.check()
        if self.is_leaving():
            raise Stopped

    def note(self, what: str, **facts: Any) -> None:
        """Write down for the run's page that something happened."""
        telling.happened(self.run.progress, what, **facts)
        self.keep_progress()

    def keep_progress(self) -> None:
        """Write the progress where the claim still holds, or raise LeaseLost."""
        if leases.fenced(self.claim).update(progress=self.run.progress) != 1:
            raise leases.LeaseLost(f"run {self.run.pk} was taken over or cancelled")
