"""Orphans: bytes of an upload whose row was never kept, because its process ended between the two.

Whoever sends the clip again finds them and makes them theirs. What nobody came back for in a day is erased, for no
consent speaks of it: so is what writers that died left unfinished. An orphan is erased in a turn at its number, in
which no row can be kept: `intake` takes the same turn, and looks for bytes that are not fresh. What we do not know:
whether the store's clock jumped a day ahead while somebody was uploading.
"""

import logging
from collections.abc import Iterator
from itertools import groupby, islice
from uuid import UUID

from django.db import transaction

from contributions.models import Clip
from openempathic import audit, storage
from openempathic.pieces import AT_ONCE
from openempathic.turns import take_turn

log = logging.getLogger(__name__)

AGENT = "worker:orphans"
ROOT = "clips"
# Nobody is still at an upload after a day; the row follows the bytes within milliseconds.
OLD_SECONDS = 24 * 3600
# Uploads that died leave a few. More than these, and more than one clip in a hundred, is a database that lost rows.
MANY = 1000
MANY_SHARE = 0.01


class TooMany(Exception):
    """So much of the storage is of no row that the database is not to be believed; nothing was erased."""


def erase_old(*, seconds: float = OLD_SECONDS, is_sure: bool = False) -> int:
    """Erase what lay for so long without a row, and unfinished writing as old; how many clips' bytes.

    Raises TooMany where that would be more than dying uploads leave, unless the operator is sure.
    """
    storage.erase_unfinished("", older_than_seconds=seconds)
    orphans = found(seconds=seconds)
    some = list(islice(orphans, MANY + 1))
    if len(some) > max(MANY, MANY_SHARE * Clip.objects.count()) and not is_sure:
        raise TooMany(
            f"More than {MANY} clips in storage have no row. Was the database restored from before? Nothing is erased."
        )
    erased = 0
    while some:
        erased += sum(erase(number, seconds=seconds) for number in some)
        some = list(islice(orphans, MANY))
    if erased:
        log.warning("Bytes of %s uploads that were never kept are erased.", erased)
    return erased


def found(*, seconds: float) -> Iterator[UUID]:
    """Every number under which nothing in storage is younger, and of which there is no row at this moment."""
    old = (number for number, age in ages() if age >= seconds)
    while numbers := list(islice(old, AT_ONCE)):
        known = set(Clip.objects.filter(pk__in=numbers).values_list("pk", flat=True))
        yield from (number for number in numbers if number not in known)


def ages() -> Iterator[tuple[UUID, float]]:
    """The number of every clip in storage, and how many seconds ago its youngest object was put."""
    for name, objects in groupby(storage.ages(f"{ROOT}/"), key=lambda aged: aged[0].split("/")[1]):
        try:
            number = UUID(name)
        except ValueError:
            # Nothing of ours lies there: whoever put it may know why.
            continue
        yield number, min(age for _key, age in objects)


def erase(number: UUID, *, seconds: float) -> bool:
    """Look again, with nobody else at this number, and erase its bytes; False where somebody came meanwhile.

    Storage within a transaction, for once: a row that is kept after the look and before the erasing would be a clip
    that was acknowledged and has no sound. Uploads of other clips wait for a local folder only, for a moment.
    """
    prefix = f"{ROOT}/{number}/"
    with transaction.atomic():
        take_turn(number)
        if Clip.objects.filter(pk=number).exists():
            return False
        left = [age for _key, age in storage.ages(prefix)]
        if not left or min(left) < seconds:
            return False
        audit.record("clip.orphan_erased", subject=Clip(pk=number), by=AGENT, objects=len(left))
        storage.erase(prefix)
    return True
