"""The newest state of a run in storage, so that another machine takes the run up where this one left it.

Every few minutes, and when the run is handed back, the newest state goes to `runs/<id>/`; the row then names its step
and digest, behind the fence, and older ones are erased. It holds weights, the optimizer and a place among the clips:
no sound, no words. Each trainer writes under keys of its own, so that one that has lost the run overwrites nothing.
What we do not know: whether a state made on a GPU goes on bit by bit on another model of GPU; on a CPU it does.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from openempathic import leases, storage
from training.models import TrainingRun

log = logging.getLogger(__name__)

PREFIX = "runs/"
EVERY_SECONDS = 300.0


@dataclass
class Traveller:
    """Brings one attempt's states to storage, one at a time and beside the watching; only `settle` touches the row."""

    run: TrainingRun
    claim: leases.Claim
    folder: Path
    _sent_at: float = field(default_factory=time.monotonic)
    _thread: threading.Thread | None = None
    _stored: dict[str, Any] | None = None

    def look(self) -> None:
        """Send the newest state if the last was sent long enough ago, and settle what has arrived."""
        self.settle()
        if self._thread is None and time.monotonic() - self._sent_at >= EVERY_SECONDS:
            self.send()

    def hand_over(self) -> None:
        """Send the newest state, and settle it: the run is given back. What cannot be sent costs the next its steps."""
        self.settle(wait=True)
        self.send()
        self.settle(wait=True)

    def send(self) -> None:
        """Begin to send the newest state, unless storage has it."""
        path = newest_here(self.folder)
        self._sent_at = time.monotonic()
        if path is None or step_of(path) <= self.run.kept_state.get("step", 0):
            return
        self._thread = threading.Thread(target=self._put, args=(path,), name="state", daemon=True)
        self._thread.start()

    def settle(self, *, wait: bool = False) -> None:
        """Name in the row the state that has arrived, and erase the one before; raises LeaseLost, and erases it."""
        if self._thread is None or (self._thread.is_alive() and not wait):
            return
        self._thread.join()
        stored, self._thread, self._stored = self._stored, None, None
        if stored is None:
            return
        before = self.run.kept_state.get("key")
        if leases.fenced(self.claim).update(kept_state=stored) != 1:
            erase_quietly(stored["key"])
            raise leases.LeaseLost(f"run {self.run.pk} was taken over or cancelled")
        self.run.kept_state = stored
        if before and before != stored["key"]:
            erase_quietly(before)
        log.info("Run %s: its state at step %s is in storage.", self.run.pk, stored["step"])

    def _put(self, path: Path) -> None:
        step = step_of(path)
        key = f"{prefix_of(self.run.pk)}state-{step:08d}-{self.claim.fence}"
        release = self.run.release.digest if self.run.release else ""
        try:
            # Open, it can be read to its end also when the child lets it go meanwhile.
            with path.open("rb") as file:
                sent = storage.put(key, file)
        except (OSError, storage.StorageError) as fault:
            log.warning("Run %s: its state at step %s is not in storage: %s", self.run.pk, step, fault)
            return
        told = {"step": step, "key": key, "sha256": sent.sha256, "byte_count": sent.byte_count}
        self._stored = told | {"release": release}


def bring(run: TrainingRun, folder: Path) -> int | None:
    """Fetch the state that storage has where it is newer than what lies here; its step, or None.

    One that is gone or damaged is passed over: the run then goes on from what is here, or from the start. Raises
    StorageError when storage does not answer.
    """
    kept, here = run.kept_state, newest_here(folder)
    if not kept or kept["release"] != (run.release.digest if run.release else ""):
        return None
    if here is not None and step_of(here) >= kept["step"]:
        return None
    place = folder / "state" / f"{kept['step']:08d}.pt"
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        storage.fetch(kept["key"], place, sha256=kept["sha256"])
    except (storage.NotStored, storage.DigestMismatch) as fault:
        log.warning("Run %s cannot use its state in storage: %s", run.pk, fault)
        return None
    return int(kept["step"])


def forget(run: TrainingRun, claim: leases.Claim) -> None:
    """Erase what storage has of the run's states: they are of a release that it does not learn from any more."""
    if leases.fenced(claim).update(kept_state={}) == 1:
        run.kept_state = {}
        erase_quietly(prefix_of(run.pk))


def tidy() -> None:
    """Erase the states of runs that have ended, also of a trainer that had lost its run; or leave it for later."""
    try:
        stored = {key.removeprefix(PREFIX).partition("/")[0] for key in storage.keys(PREFIX)}
        active = TrainingRun.objects.filter(status__in=TrainingRun.ACTIVE).values_list("pk", flat=True)
        for name in stored - {str(pk) for pk in active}:
            storage.erase(f"{PREFIX}{name}/")
    except storage.StorageError as fault:
        log.warning("States of ended runs are not erased yet: %s", fault)
        return
    ended = TrainingRun.objects.exclude(status__in=TrainingRun.ACTIVE).exclude(kept_state={})
    ended.update(kept_state={})


def prefix_of(run: UUID) -> str:
    """Where storage has the run's states."""
    return f"{PREFIX}{run}/"


def newest_here(folder: Path) -> Path | None:
    """The newest state on this machine; the child puts each in its place whole."""
    return max((folder / "state").glob("[0-9]*.pt"), default=None)


def step_of(path: Path) -> int:
    """The step after which the state was kept."""
    return int(path.stem)


def erase_quietly(prefix: str) -> None:
    """Erase what is not needed; what storage refuses now goes with the run."""
    try:
        storage.erase(prefix)
    except storage.StorageError as fault:
        log.warning("%s is not erased yet: %s", prefix, fault)
