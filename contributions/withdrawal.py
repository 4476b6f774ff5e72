"""Taking a clip back: effective in one transaction, then erased from everything of ours that holds its sound.

The withdrawn clip is at once in no queue, on no page and in no selection, since all of these ask for live or covered
clips. The row stays due until its sound is gone: the clip's own prefix, what a model made of it, and every release
shard that holds it. What we cannot do yet: rewrite those shards without the clip (they are erased whole; a training
release is frozen anew for each run), and tell the world through a tombstone feed.
"""

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from contributions import states
from contributions.models import Clip, Suggestion
from openempathic import leases, moves, storage

AGENT = "withdrawal"
RETRY_SECONDS = 60


class NotWithdrawable(Exception):
    """The clip is not the person's to take back."""


def withdraw(clip: Clip, *, by: Any) -> None:
    """Take the clip back; always allowed to its speaker, wins every race, and a second time changes nothing.

    Raises NotWithdrawable where the clip is somebody else's.
    """
    if clip.contributor.user_id != by.pk:
        raise NotWithdrawable(f"{clip} belongs to another contributor")
    while clip.status not in (Clip.Status.WITHDRAWN, Clip.Status.PURGED):
        try:
            states.move(clip, to=Clip.Status.WITHDRAWN, by=by, next_attempt_at=Now(), attempts=0)
        except moves.MovedMeanwhile:
            # A worker or a rater was faster: withdraw it from where it is now.
            clip.refresh_from_db(fields=["status"])


def purge_due(clip_id: UUID | str) -> Clip | None:
    """Claim a withdrawn clip once every other lease on it has run out, and erase it; None when it is not due."""
    owed = Clip.objects.filter(status=Clip.Status.WITHDRAWN, next_attempt_at__isnull=False)
    claim = leases.claim(owed, clip_id, owner=leases.this_process(AGENT), seconds=settings.LEASE_SECONDS)
    if claim is None:
        return None
    clip = Clip.objects.get(pk=clip_id)
    try:
        erase_shards(clip)
        storage.erase(f"{clip.prefix}/")
        # A worker that was killed half-way may have written after us: only a prefix seen empty is purged.
        if left := list(storage.keys(f"{clip.prefix}/")):
            raise storage.StorageError(f"{len(left)} objects of {clip} are still there")
    except storage.StorageError:
        leases.give_back(claim, retry_in_seconds=RETRY_SECONDS)
        raise
    leave_tombstone(clip, claim)
    return clip


def erase_shards(clip: Clip) -> None:
    """Erase the release shards that hold the clip; their releases' manifests stay, and say which those were."""
    for membership in clip.memberships.select_related("release"):
        prefix = membership.release.prefix
        try:
            manifest = json.loads(storage.read(f"{prefix}/manifest.json"))
        except storage.NotStored:
            continue
        for shard in {row["shard"] for row in manifest["clips"] if row["clip"] == str(clip.pk)}:
            storage.erase(f"{prefix}/shards/{shard}")


def leave_tombstone(clip: Clip, claim: leases.Claim) -> None:
    """What stays of a purged clip: its number, its dates and its digest; no sound, no words, no labels of a model."""
    with transaction.atomic():
        states.move(
            clip,
            to=Clip.Status.PURGED,
            by=f"worker:{AGENT}",
            claim=claim,
            transcript="",
            capture={},
            next_attempt_at=None,
            lease_owner="",
            lease_expires_at=None,
        )
        Suggestion.objects.filter(clip=clip).delete()
