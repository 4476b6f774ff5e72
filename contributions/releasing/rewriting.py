"""A release without the clips that were taken back: its manifest stays, its files are rewritten where they lie.

Gone from a release is a clip that was withdrawn, or whose consent or licence for this kind of release ended, or that
`tombstones.json` tells of. That is kept in the clip's membership before a byte goes, and stays so whatever is consented
to later: a key that was cut out does not come back.

The manifest is immutable and goes on naming the files as they were frozen; `tombstones.json` beside it says which keys
are gone since and what each rewritten file's digest is now, so that a reader can verify what it finds.

Why no lock: the bytes of a rewritten file are a function of the manifest and of the keys that are gone, and a purger
removes *every* clip that is withdrawn, not only its own, then asks again. So purgers at once write the same bytes; one
that read an older answer sees after its write that it did, and writes again; one that was killed before it asked again
leaves its own clip owed, and whoever takes that up repairs the file.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from contributions.models import Clip, Release, ReleaseClip
from contributions.releasing.cutting import DRAFT, FORMAT, TOMBSTONES, forget, never, tombstones_of
from contributions.releasing.places import InFolder, InStorage, NotWhole, Place
from contributions.releasing.reading import MANIFEST
from contributions.releasing.selection import PURPOSES
from openempathic import storage
from openempathic.pieces import in_pieces

__all__ = [
    "DRAFT",
    "FORMAT",
    "GONE",
    "MANIFEST",
    "TOMBSTONES",
    "InFolder",
    "InStorage",
    "NotWhole",
    "Place",
    "forget",
    "forget_withdrawn",
    "gone_keys",
    "gone_members",
    "is_clean",
    "take_out",
    "take_out_told",
    "take_out_uncovered",
    "tombstones_of",
]

GONE = (Clip.Status.WITHDRAWN, Clip.Status.PURGED)
# Clips withdrawn while we write start another round; a release where that never ends is left owed.
ROUNDS_MAX = 10


def forget_withdrawn(release: Release, *, beat: Callable[[], None] = never) -> None:
    """Take every clip that is gone out of the release's shards; `beat` is called between shards, to hold a lease.

    Raises StorageError when that could not be done; then it is still owed.
    """
    place = InStorage(release.prefix)
    # A shard that a killed freeze put by half holds sound as well.
    storage.erase_unfinished(f"{release.prefix}/")
    for _round in range(ROUNDS_MAX):
        take_out(release)
        gone = gone_keys(release)
        told = forget(place, gone, frozen_at=release.frozen_at, beat=beat)
        # Asked again after the last write: see above why this is what makes purgers safe without a lock.
        take_out(release)
        if gone_keys(release) == gone and tombstones_of(place) == told:
            return
    raise storage.StorageError(f"clips of {release} are withdrawn faster than it is rewritten")


def take_out(release: Release) -> None:
    """Keep for good which clips the release may not hold any more: uncovered now, or told beside it already."""
    take_out_uncovered(release)
    take_out_told(release)


def take_out_uncovered(release: Release) -> None:
    """Those that were withdrawn, or whose consent or licence for this kind of release ended."""
    covered = Clip.objects.covered_by(PURPOSES[Release.Kind(release.kind)])
    release.members.filter(taken_out_at=None).exclude(clip__in=covered.values("pk")).update(taken_out_at=Now())


def take_out_told(release: Release) -> None:
    """Those that are gone from its files and not known to be here: a database that is older than the bytes."""
    for some in in_pieces(list((tombstones_of(InStorage(release.prefix)) or {}).get("keys", []))):
        release.members.filter(taken_out_at=None, key__in=some).update(taken_out_at=Now())


def gone_members() -> QuerySet[ReleaseClip]:
    """The memberships of clips that are gone from their release."""
    return ReleaseClip.objects.filter(Q(taken_out_at__isnull=False) | Q(clip__status__in=GONE))


def gone_keys(release: Release) -> set[str]:
    """The keys of the release's clips that are gone from it."""
    return set(gone_members().filter(release=release).values_list("key", flat=True))


def is_clean(release: Release) -> bool:
    """Whether storage says of every clip that is gone that it is, and holds the shards that it says."""
    if not (gone := gone_keys(release)):
        return True
    told = tombstones_of(InStorage(release.prefix)) or {"keys": [], "shards": []}
    rewritten = [(f"shards/{shard['name']}", shard) for shard in told["shards"]]
    rewritten += [(file["name"], file) for file in told.get("files", [])]
    is_told = gone <= set(told["keys"])
    return is_told and all(lies_there(f"{release.prefix}/{name}", about) for name, about in rewritten)


def lies_there(key: str, shard: Mapping[str, Any]) -> bool:
    """Whether the object has the size that is told of it; one that had to go whole must not be there."""
    try:
        return bool(storage.stat(key).byte_count == shard["byte_count"] and shard["sha256"])
    except storage.NotStored:
        return shard["sha256"] is None
