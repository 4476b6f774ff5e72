"""Holding a lease for hours: a thread renews it while the work goes on, and says when it was lost."""

import logging
import threading
from collections.abc import Callable
from time import monotonic
from types import TracebackType

from django.db import DatabaseError, connection

from openempathic import leases

log = logging.getLogger(__name__)


def nothing() -> None:
    """For who has nothing to say while they work."""


class Holding:
    """A claim renewed every quarter of its lease until the `with` block ends; `also` is done at each renewal."""

    def __init__(self, claim: leases.Claim, *, also: Callable[[], None] = nothing) -> None:
        self.claim, self.also = claim, also
        self.beat_seconds = claim.seconds / 4
        self._is_lost = threading.Event()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> "Holding":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def check(self) -> None:
        """Raise LeaseLost once another worker may own the row."""
        if self._is_lost.is_set():
            raise leases.LeaseLost(f"{self.claim.model.__name__} {self.claim.pk} was taken over or cancelled")

    def _renew(self) -> None:
        renewed_at = monotonic()
        try:
            while not self._is_over.wait(self.beat_seconds):
                try:
                    leases.heartbeat(self.claim)
                    renewed_at = monotonic()
                    self.also()
                except leases.LeaseLost:
                    return self._is_lost.set()
                except DatabaseError as fault:
                    # A database that is away for a moment takes no lease from anybody; one that stays away does.
                    log.warning("The lease could not be renewed: %s", fault)
                    connection.close()
                    if monotonic() - renewed_at > self.claim.seconds:
                        return self._is_lost.set()
        finally:
            connection.close()
