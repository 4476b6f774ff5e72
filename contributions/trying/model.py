"""The model that the ear listens with: whoever suggests now, picked up without a restart."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import DatabaseError
from django.db.models import Q

from contributions.listening import prelabelling
from contributions.trying.refusals import NoModel
from openempathic.registry.champion import suggester
from openempathic.registry.models import Checkpoint

if TYPE_CHECKING:
    from torch import Tensor

    from training.clara import Clara

log = logging.getLogger(__name__)

# A checkpoint that could not be loaded is not tried for every clip.
RETRY_SECONDS = 60.0


@dataclass
class Loaded:
    """A model and the row that names it."""

    checkpoint: Checkpoint
    clara: "Clara"
    _sentences: "Tensor | None" = field(default=None, init=False, repr=False)

    def sentences(self) -> "Tensor":
        """Unit vectors (sentences, width) of all that the model knows its feelings by, read once."""
        if self._sentences is None:
            every = [sentence for several in self.clara.labels.values() for sentence in several]
            self._sentences = self.clara.embed_text(every)
        return self._sentences


class Suggester:
    """Keeps one model: the newest that could be loaded, and never one that was retracted or delisted."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._loaded: Loaded | None = None
        self._failed: tuple[int, float] | None = None

    def now(self) -> Loaded:
        """Whoever suggests now, or who did before where that one cannot be loaded; raises NoModel."""
        try:
            self._follow()
        except DatabaseError as fault:
            log.warning("The database does not answer; the model stays as it is: %s", type(fault).__name__)
        if self._loaded is None:
            raise NoModel
        return self._loaded

    def _follow(self) -> None:
        wanted = suggester()
        held = self._loaded.checkpoint.pk if self._loaded else None
        if wanted is not None and wanted.pk == held:
            return
        if self._is_withdrawn(held):
            self._loaded = None
        if wanted is not None and not self._failed_lately(wanted):
            self._load(wanted)

    def _is_withdrawn(self, held: int | None) -> bool:
        gone = Q(status=Checkpoint.Status.RETRACTED) | Q(delisted_at__isnull=False)
        return held is not None and Checkpoint.objects.filter(gone, pk=held).exists()

    def _failed_lately(self, wanted: Checkpoint) -> bool:
        return bool(self._failed and self._failed[0] == wanted.pk and self.clock() < self._failed[1])

    def _load(self, wanted: Checkpoint) -> None:
        try:
            self._loaded = Loaded(wanted, prelabelling.loaded(wanted))
        except prelabelling.NotSuggestable as fault:
            self._failed = (wanted.pk, self.clock() + RETRY_SECONDS)
            log.error("The ear cannot load checkpoint %s and stays with what it has: %s", wanted.version, fault)
        else:
            self._failed = None
            log.info("The ear listens with checkpoint %s", wanted.version)
