"""What was taken back, into a place: ids only, copied far more often than a backup is made.

After a restore the site knows from this what was withdrawn since the backup. It is never erased, as nothing of it holds
sound; entries are never written twice, so what the place has is not looked at.
"""

from openempathic import storage
from openempathic.backups.places import LEDGER, Place

# Where contributions.leaving.ledger keeps its entries.
ROOT = "withdrawals/"


def copy(place: Place) -> int:
    """Copy the entries that the place lacks; how many it has then."""
    place.prepare()
    there = {key.removeprefix(LEDGER) for key in place.store.keys(LEDGER + ROOT)}
    here = set(storage.keys(ROOT))
    for key in sorted(here - there):
        with storage.open(key) as entry:
            place.store.put(LEDGER + key, entry, sha256=None, if_absent=False)
    return len(there | here)


def bring_back(place: Place) -> int:
    """Put every entry of the place into the storage, before anything is replayed; how many it lacked."""
    here = set(storage.keys(ROOT))
    lacking = [key for key in place.store.keys(LEDGER + ROOT) if key.removeprefix(LEDGER) not in here]
    for key in lacking:
        storage.put(key.removeprefix(LEDGER), place.read(key))
    return len(lacking)
