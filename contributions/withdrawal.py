"""Taking a clip back: effective in one transaction, then erased from everything of ours that holds its sound.

The withdrawn clip is at once in no queue, on no page and in no selection, since all of these ask for live or covered
clips. The row stays due until its sound is gone: the clip's own prefix, what a model made of it, and every release
shard that holds it, each rewritten without the clip. What we do not reach: copies of a release that somebody took
away; for those there is the tombstone feed.
"""

import json
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from contributions import rewriting, states
from contributions.models import Clip, Contributor, Release, Suggestion
from openempathic import audit, leases, moves, storage

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
    end(clip, by=by)


def withdraw_all(contributor: Contributor, *, by: Any, day: date | None = None) -> int:
    """Take back every clip of the voice, or those of one day (UTC), all or none of them; returns how many.

    Raises NotWithdrawable where the voice is somebody else's.
    """
    if by is None or contributor.actor != by:
        raise NotWithdrawable(f"{contributor} is another person")
    return take_back_all(contributor, by=by, day=day)


def lapse(contributor: Contributor, *, by: str) -> int:
    """Take back every clip of a voice whose time has run out, as an agent, for nobody is there; returns how many."""
    return take_back_all(contributor, by=by)


def take_back_all(contributor: Contributor, *, by: Any, day: date | None = None) -> int:
    """The clips of the voice, or those of one day, once it is known that they may be taken back."""
    with transaction.atomic():
        # The lock on the voice: an upload that is being kept ends before us and is among the clips.
        Contributor.objects.select_for_update().get(pk=contributor.pk)
        clips = contributor.clips.filter(stored_at__date=day) if day else contributor.clips.all()
        live = list(clips.live())
        for clip in live:
            end(clip, by=by)
        if live:
            audit.record("contributor.withdrew", subject=contributor, by=by, clips=len(live), day=day and str(day))
    return len(live)


def end(clip: Clip, *, by: Any) -> None:
    """Move the clip to WITHDRAWN from wherever it is, however often it moves meanwhile."""
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
        rewrite_releases(clip, claim)
        erase_unkept(clip)
        storage.erase(f"{clip.prefix}/")
        # A worker that was killed half-way may have written after us: only a prefix seen empty is purged.
        if left := list(storage.keys(f"{clip.prefix}/")):
            raise storage.StorageError(f"{len(left)} objects of {clip} are still there")
    except leases.LeaseLost:
        # Another purger took it up; what we rewrote, it finds done.
        return None
    except storage.StorageError:
        leases.give_back(claim, retry_in_seconds=RETRY_SECONDS)
        raise
    leave_tombstone(clip, claim)
    return clip


def rewrite_releases(clip: Clip, claim: leases.Claim) -> None:
    """Take the clip out of every release that holds it, keeping the lease meanwhile."""

    def beat() -> None:
        leases.heartbeat(claim)

    for membership in clip.memberships.select_related("release"):
        rewriting.forget_withdrawn(membership.release, beat=beat)


def erase_unkept(clip: Clip) -> None:
    """Erase what a freeze that was killed before its rows were kept left of the clip, which no membership tells of.

    A freeze that is under way and names the clip starts over; one that has no manifest yet is written again by its run.
    """
    stored = {key.split("/")[1] for key in storage.keys("releases/")}
    for digest in stored - set(Release.objects.values_list("digest", flat=True)):
        try:
            manifest = json.loads(storage.read(f"releases/{digest}/{rewriting.MANIFEST}"))
        except storage.NotStored:
            manifest = None
        may_hold = manifest is None or any(row["clip"] == str(clip.pk) for row in manifest["clips"])
        # Asked again: a freeze that has just kept its rows is a release, and those who read it rely on its bytes.
        if may_hold and not Release.objects.filter(digest=digest).exists():
            storage.erase(f"releases/{digest}/")


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
