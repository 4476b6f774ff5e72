"""How often one visitor may try: counted in the ear's memory alone, and forgotten with it."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

HOUR_SECONDS = 3600.0
# So many visitors are remembered; those who came first are forgotten first.
VISITORS_MAX = 10_000


class Turns:
    """So many tries in an hour for each visitor."""

    def __init__(self, *, an_hour: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.an_hour, self.clock = an_hour, clock
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def has_one(self, visitor: str) -> bool:
        """Whether the visitor may try once more."""
        with self._lock:
            return len(self._lately(visitor)) < self.an_hour

    def take(self, visitor: str) -> bool:
        """Count one try; False, and nothing counted, where the hour's are spent."""
        with self._lock:
            tries = self._lately(visitor)
            if len(tries) >= self.an_hour:
                return False
            tries.append(self.clock())
            self._tries[visitor] = tries
            self._tries.move_to_end(visitor)
            if len(self._tries) > VISITORS_MAX:
                self._tries.popitem(last=False)
            return True

    def _lately(self, visitor: str) -> deque[float]:
        tries = self._tries.get(visitor, deque())
        while tries and tries[0] <= self.clock() - HOUR_SECONDS:
            tries.popleft()
        return tries
