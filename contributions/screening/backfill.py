"""Fingerprints for clips that were screened before there were any, or by an older way of making them.

Nothing is decided here: what turns out to be here twice is said, and stays where it is, since people judged both. The
rows themselves say what is left, so that it may be broken off anywhere and goes on where it was.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from contributions.audio import decode
from contributions.audio import fingerprint as sound
from contributions.models import Clip
from contributions.screening import duplicates
from contributions.screening.lengths import longest_seconds
from openempathic import storage

# A clip that was never screened gets its fingerprint then; one that nobody can hear needs none.
NOT_YET = (Clip.Status.STORED, *duplicates.NO_TWINS)
AT_ONCE = 200


@dataclass(frozen=True)
class Kept:
    """What became of one clip: its fingerprint is there, its twin where it has one, or why there is none."""

    clip_id: UUID
    twin: duplicates.Twin | None = None
    why_not: str = ""


def without_one() -> QuerySet[Clip]:
    """The clips that a fingerprint of this version is missing for, the elder first: a twin is like what came before."""
    missing = Q(fingerprint=None) | ~Q(fingerprint__version=sound.VERSION)
    return Clip.objects.exclude(status__in=NOT_YET).filter(missing).order_by("stored_at", "pk")


def keep_missing() -> Iterator[Kept]:
    """Make each of them, one after another; a clip that could not be read is passed over and named."""
    ahead = Q()
    while some := list(without_one().filter(ahead)[:AT_ONCE]):
        for clip in some:
            if (kept := keep_one(clip)) is not None:
                yield kept
        last = some[-1]
        ahead = Q(stored_at__gt=last.stored_at) | Q(stored_at=last.stored_at, pk__gt=last.pk)


def keep_one(clip: Clip) -> Kept | None:
    """Decode its original and keep its fingerprint; None where the clip went meanwhile."""
    with tempfile.TemporaryDirectory(prefix="fingerprint-") as folder:
        try:
            original = storage.fetch(clip.original, Path(folder) / "original", sha256=clip.sha256)
            decoded = decode.decode(original, longest_seconds=longest_seconds(clip.mode))
        except (storage.NotStored, decode.Undecodable, decode.DecodingFailed) as fault:
            return Kept(clip.pk, why_not=type(fault).__name__)
    with transaction.atomic():
        duplicates.one_at_a_time()
        # Behind the row's lock: what is withdrawn and purged meanwhile gets no fingerprint any more.
        current = Clip.objects.select_for_update().exclude(status__in=NOT_YET).filter(pk=clip.pk).first()
        if current is None:
            return None
        duplicates.kept(current, decoded.pcm_sha256, duplicates.fingerprint_of(decoded))
        return Kept(clip.pk, duplicates.twin_of(current, decoded))
