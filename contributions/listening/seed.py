"""The seed head on this site: its row is made from what came with the software, and its files are read from there.

The ground floor keeps the row and knows no model; this is where both meet.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings

from openempathic.registry import champion
from openempathic.registry.models import Checkpoint
from training.clara import seed_head

if TYPE_CHECKING:
    from training.clara import Clara

AGENT = "seed"


class NotHere(Exception):
    """This seed head cannot listen: it is switched off, damaged, or another one came with the software."""


def plant() -> None:
    """See to the row of the seed head that came with the software; nothing where it is switched off or did not come."""
    if not settings.SEED_HEAD:
        return
    try:
        digest = seed_head.digest()
    except seed_head.NoSeedHead:
        return
    planted = champion.seed_head()
    if planted is None or planted.digest != digest:
        files, told_of_it = seed_head.digests(), seed_head.evaluation()
        champion.plant(digest, files=files, evaluation=told_of_it, sure_from=seed_head.sure_from(), by=AGENT)


def loaded(checkpoint: Checkpoint) -> "Clara":
    """The seed head of that row, ready to listen; raises NotHere."""
    if not settings.SEED_HEAD:
        raise NotHere("the seed head is switched off")
    return load_once(checkpoint.digest)


@lru_cache(maxsize=1)
def load_once(digest: str) -> "Clara":
    """Loaded once a process, every file verified."""
    import torch

    from training.clara.checkpoint import CorruptCheckpoint

    try:
        if seed_head.digest() != digest:
            raise NotHere("another seed head came with the software")
        torch.set_num_threads(1)
        return seed_head.load()
    except (seed_head.NoSeedHead, CorruptCheckpoint) as fault:
        raise NotHere(str(fault)) from fault
