"""Taking back a clip, a purpose or a licence: effective in one transaction, then erased from all that holds the sound.

The withdrawn clip is at once in no queue, on no page and in no selection, since all of these ask for live or covered
clips. The row stays due until its sound is gone: the clip's own prefix, what a model made of it, and every release
shard that holds it, each rewritten without the clip. A purpose or a licence that ends takes the clips from the releases
of its kind alone. First of all the worker writes into the ledger, for the day on which a backup is restored. What we do
not reach: copies of a release that somebody took away; for those there is the tombstone feed.
"""

from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from contributions import self_reports, states
from contributions.leaving import ledger
from contributions.listening import queue, reports
from contributions.models import (
    Clip,
    ConsentEvent,
    Contributor,
    Fingerprint,
    GoldItem,
    LicenceGrant,
    Release,
    ReleaseClip,
    Suggestion,
    TakingBack,
    Verdict,
)
from contributions.releasing import reading, rewriting, selection
from openempathic import audit, leases, moves, storage
from openempathic.accounts.models import User
from openempathic.pieces import AT_ONCE

AGENT = "withdrawal"
RETRY_SECONDS = 60
# When a purged clip's prefix is looked at again, by how often it was: workers that were slow, then once a day for good.
LOOKS_SECONDS = (120, 600, 3600, 24 * 3600)
TOOK_BACK = (ConsentEvent.Kind.WITHDRAWN, ConsentEvent.Kind.REFUSED)
HAD_GIVEN = (ConsentEvent.Kind.GIVEN, ConsentEvent.Kind.SUPERSEDED)


class NotWithdrawable(Exception):
    """The clip is not the person's to take back."""


def withdraw(clip: Clip, *, by: Any) -> None:
    """Take the clip back; always allowed to its speaker, wins every race, and a second time changes nothing.

    Raises NotWithdrawable where the clip is somebody else's.
    """
    if by is None or clip.contributor.actor != by:
        raise NotWithdrawable(f"{clip} belongs to another contributor")
    end(clip, by=by)


def withdraw_all(contributor: Contributor, *, by: Any, day: date | None = None, since: datetime | None = None) -> int:
    """Take back every clip of the voice, or those of one day (UTC) or since a moment, all or none; returns how many.

    Raises NotWithdrawable where the voice is somebody else's.
    """
    if by is None or contributor.actor != by:
        raise NotWithdrawable(f"{contributor} is another person")
    return take_back_all(contributor, by=by, day=day, since=since)


def lapse(contributor: Contributor, *, by: str) -> int:
    """Take back every clip of a voice whose time has run out, as an agent, for nobody is there; returns how many."""
    return take_back_all(contributor, by=by)


def given(contributor: Contributor, *, day: date | None = None, since: datetime | None = None) -> "QuerySet[Clip]":
    """The live clips of the voice, or those of one day (UTC), or since a moment."""
    clips = contributor.clips.all()
    clips = clips.filter(stored_at__date=day) if day else clips
    clips = clips.filter(stored_at__gte=since) if since else clips
    return Clip.objects.live().filter(pk__in=clips.values("pk"))


def take_back_all(contributor: Contributor, *, by: Any, day: date | None = None, since: datetime | None = None) -> int:
    """The clips of the voice that are asked for, once it is known that they may be taken back."""
    with transaction.atomic():
        # The lock on the voice: an upload that is being kept ends before us and is among the clips.
        Contributor.objects.select_for_update().get(pk=contributor.pk)
        live = list(given(contributor, day=day, since=since))
        for clip in live:
            end(clip, by=by)
        if live:
            began = {"since": since.isoformat()} if since else {}
            audit.record(
                "contributor.withdrew", subject=contributor, by=by, clips=len(live), day=day and str(day), **began
            )
    return len(live)


def end(clip: Clip, *, by: Any) -> None:
    """Move the clip to WITHDRAWN from wherever it is, however often it moves meanwhile."""
    while clip.status not in (Clip.Status.WITHDRAWN, Clip.Status.PURGED):
        try:
            states.move(clip, to=Clip.Status.WITHDRAWN, by=by, next_attempt_at=Now(), attempts=0)
        except moves.MovedMeanwhile:
            # A worker or a rater was faster: withdraw it from where it is now.
            clip.refresh_from_db(fields=["status"])


def owe_purpose(event: ConsentEvent) -> None:
    """Where the event takes a purpose back: its clips are out of the releases of that kind, and a worker erases them.

    In the transaction of the event, with the contributor's row held: a freeze is kept before us, and told, or refused.
    """
    if event.kind not in TOOK_BACK:
        return
    earlier = ConsentEvent.objects.filter(contributor=event.contributor_id, purpose=event.purpose)
    before = earlier.filter(position__lt=event.position).exclude(kind=ConsentEvent.Kind.REQUESTED).last()
    if before is None or before.kind not in HAD_GIVEN:
        return
    kinds = [kind for kind, purpose in selection.PURPOSES.items() if purpose == event.purpose]
    held = ReleaseClip.objects.filter(clip__contributor=event.contributor_id, clip__licence=None)
    held.filter(release__kind__in=kinds, taken_out_at=None).update(taken_out_at=Now())
    owe(
        ledger.key_of_event(event),
        ledger.entry_of_event(event),
        contributor_id=event.contributor_id,
        purpose=event.purpose,
    )


def end_licence(grant: LicenceGrant, *, by: Any) -> None:
    """The corpus may be used for nothing from now on, and leaves every release; a second time changes nothing."""
    with transaction.atomic():
        locked = LicenceGrant.objects.select_for_update().get(pk=grant.pk)
        if locked.ended_at is None:
            LicenceGrant.objects.filter(pk=grant.pk).update(ended_at=Now())
            ReleaseClip.objects.filter(clip__licence=locked, taken_out_at=None).update(taken_out_at=Now())
            queue.follow_licence(locked)
            owe(ledger.key_of_licence(locked), {}, licence=locked)
            audit.record("licence.ended", subject=locked, by=by)


def owe_account(person: User) -> None:
    """In the transaction that deletes the account: keep in the ledger that it was."""
    owe(ledger.key_of_account(person), {})


def owe_guest(guest: Contributor) -> None:
    """In the transaction that ends the guest's code: keep in the ledger that it did."""
    owe(ledger.key_of_guest(guest), {}, contributor=guest)


def owe(key: str, entry: dict[str, Any], **about: Any) -> None:
    """Commit a due row; once is enough."""
    TakingBack.objects.get_or_create(key=key, defaults={"entry": entry, "next_attempt_at": Now(), **about})


def carry_due(row_id: int) -> TakingBack | None:
    """Claim what was taken back, write it into the ledger and reach every release; None when it is not due."""
    claim = leases.claim_owed(TakingBack.objects.all(), row_id, by=AGENT)
    if claim is None:
        return None
    row = TakingBack.objects.get(pk=row_id)
    try:
        ledger.note(row.key, row.entry)
        for release in releases_reached(row):
            rewriting.forget_withdrawn(release, beat=lambda: leases.heartbeat(claim))
        erase_unkept()
        close(row, claim)
    except leases.LeaseLost:
        return None
    except storage.StorageError:
        leases.give_back(claim, retry_in_seconds=RETRY_SECONDS)
        raise
    return row


def releases_reached(row: TakingBack) -> list[Release]:
    """The releases that hold, or held, clips of what was taken back."""
    if row.licence_id:
        held = Release.objects.filter(members__clip__licence=row.licence_id)
    else:
        kinds = [kind for kind, purpose in selection.PURPOSES.items() if purpose == row.purpose]
        held = Release.objects.filter(kind__in=kinds, members__clip__contributor=row.contributor_id)
    return list(held.distinct().order_by("frozen_at"))


def close(row: TakingBack, claim: leases.Claim) -> None:
    """Nothing is owed any more; raises LeaseLost where another worker has taken it up."""
    with transaction.atomic():
        if leases.fenced(claim).update(next_attempt_at=None, lease_owner="", lease_expires_at=None) != 1:
            raise leases.LeaseLost(f"{row} was taken over")
        subject = row.contributor or row.licence or row
        audit.record("withdrawal.carried", subject=subject, by=f"worker:{AGENT}", key=row.key)


def purge_due(clip_id: UUID | str) -> Clip | None:
    """Claim a withdrawn clip once every other lease on it has run out, and erase it; None when it is not due."""
    claim = leases.claim_owed(Clip.objects.filter(status=Clip.Status.WITHDRAWN), clip_id, by=AGENT)
    if claim is None:
        return None
    clip = Clip.objects.get(pk=clip_id)
    try:
        ledger.note(ledger.key_of_clip(clip.pk))
        rewrite_releases(clip, claim)
        erase_unkept()
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


def erase_unkept() -> int:
    """Erase what freezes that were killed before their rows were kept left of clips they may not hold; how many.

    No membership tells of these. A freeze that is under way and names such a clip starts over. One that names none is
    left alone: it says what it will hold before it puts its first shard.
    """
    stored = {key.split("/")[1] for key in storage.keys("releases/")}
    unkept = stored - set(Release.objects.values_list("digest", flat=True))
    erased = 0
    for digest in unkept:
        # Asked again: a freeze that has just kept its rows is a release, and those who read it rely on its bytes.
        if may_not_stay(digest) and not Release.objects.filter(digest=digest).exists():
            storage.erase(f"releases/{digest}/")
            erased += 1
    return erased


def may_not_stay(digest: str) -> bool:
    """Whether these files of no release name a clip that is not covered for their kind, or say nothing of theirs."""
    try:
        kind, clips = reading.clips_begun(reading.InStorage(f"releases/{digest}"), rewriting.DRAFT)
        while some := list(islice(clips, AT_ONCE)):
            if selection.no_longer_covered(some, kind=kind):
                return True
    except (reading.NotWhole, ValueError, KeyError, TypeError):
        return True
    return False


def erase_if_gone(clip: Clip) -> bool:
    """For a worker that finds the clip no longer its own: whether it is withdrawn, and then nothing of it is left.

    The purger may have looked already. While the purge is owed still, it only finds less to do.
    """
    is_gone = Clip.objects.filter(pk=clip.pk, status__in=rewriting.GONE).exists()
    if is_gone:
        storage.erase(f"{clip.prefix}/")
    return is_gone


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
            attempts=0,
            next_attempt_at=Now() + timedelta(seconds=LOOKS_SECONDS[0]),
            lease_owner="",
            lease_expires_at=None,
        )
        Suggestion.objects.filter(clip=clip).delete()
        # What was decided stays; what a moderator wrote of the clip goes with it.
        Verdict.objects.filter(clip=clip).update(note="")
        reports.erase_words(clip)
        Fingerprint.objects.filter(clip=clip).delete()
        GoldItem.objects.filter(clip=clip).update(is_active=False, emotions=[], explanation={})
        self_reports.erase(clip)
