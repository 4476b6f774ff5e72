"""After a backup was restored: what was taken back since is taken back again, before the site serves.

Database and storage are held against each other, since either may be the older one. The ledger in storage tells the
database what it has forgotten; the database tells the ledger; and where storage forgot an entry, it may have brought
back the bytes too, so that they are erased again. Where both were restored, a public tombstone feed that was kept
elsewhere tells what was withdrawn, and for releases of which kind. Whoever answered later than the word that is
replayed has answered: nobody's fresh consent is taken back. With nothing to do it lists the ledger, asks some
questions, and is done.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from contributions.consenting import consent
from contributions.leaving import farewell, homecoming, ledger, strays, withdrawal
from contributions.leaving.tombstones import Gone
from contributions.models import Clip, ConsentEvent, Contributor, LicenceGrant, Release, ReleaseClip, TakingBack
from contributions.releasing import selection
from openempathic import audit
from openempathic.accounts.models import User
from openempathic.pieces import in_pieces
from openempathic.registry.models import Checkpoint

log = logging.getLogger(__name__)

AGENT = "restore"


def replay(*, feed: Iterable[Gone] = (), is_thorough: bool = False) -> Counter[str]:
    """Take back again what the ledger, or a feed, tells and the database forgot; erase again what storage brought back.

    Counts by what was done. With `is_thorough` every purged clip's prefix is looked at, not only those in doubt.
    Raises StorageError where that cannot be known or done: then the site must not serve.
    """
    done: Counter[str] = Counter()
    told, kept = list(feed), ledger.all_keys()
    whole = {line.clip for line in told if line.releases is None}
    done["clips"] = withdraw_clips(ids_in(kept[ledger.CLIPS]) | whole)
    done["purposes"] = withdraw_purposes(kept[ledger.PURPOSES])
    done["purposes"] += sum(leave_releases(line) for line in told)
    done["licences"] = end_licences(ids_in(kept[ledger.LICENCES]))
    done["accounts"] = end_accounts(kept[ledger.ACCOUNTS])
    done["guests"] = end_guests(ids_in(kept[ledger.GUESTS]))
    done["strays"] = look_again(ids_in(kept[ledger.CLIPS]), is_thorough=is_thorough)
    done["entries"] = mend_ledger(kept)
    done["releases"] = strays.look_at_releases()
    return +done


def ids_in(keys: Iterable[str]) -> set[UUID]:
    """The ids at the ends of the keys."""
    return {UUID(ledger.last_part(key)) for key in keys}


def withdraw_clips(ids: set[UUID]) -> int:
    """Withdraw those of the clips that live."""
    count = 0
    for some in in_pieces(sorted(ids)):
        for clip in Clip.objects.live().filter(pk__in=some):
            withdrawal.end(clip, by=AGENT)
            count += 1
    return count


def withdraw_purposes(kept: set[str]) -> int:
    """Take back the purposes whose event the database does not know; how many, of all people."""
    keys = {UUID(ledger.last_part(key)): key for key in kept}
    for some in in_pieces(sorted(keys)):
        for known in ConsentEvent.objects.filter(pk__in=some).values_list("pk", flat=True):
            del keys[known]
    lost: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for key in keys.values():
        event = ledger.entry(key)["event"]
        lost[UUID(event["contributor"])].append(event)
    return sum(withdraw_events(voice, events) for voice, events in lost.items())


def withdraw_events(voice: UUID, events: list[dict[str, Any]]) -> int:
    """Chain again what the voice took back: the very events where they fit, else new ones that say the same."""
    with transaction.atomic():
        contributor = Contributor.objects.select_for_update().filter(pk=voice).first()
        if contributor is None:
            return 0
        ordered = sorted(events, key=lambda event: event["position"])
        again = [event for event in ordered if chained(contributor, event)]
        if any(event["purpose"] == consent.REQUIRED for event in again):
            # All others ended with it, also where the ledger had been told of this one alone.
            consent.take_back(contributor, consent.REQUIRED, by=AGENT, locale=again[-1]["locale"])
        return len(again)


def chained(contributor: Contributor, event: dict[str, Any]) -> bool:
    """Chain one such event; False where the contributor has answered since. The caller holds the row."""
    if has_answered_since(contributor, event["purpose"], datetime.fromisoformat(event["at"])):
        return False
    last = contributor.consent_events.order_by("-position").first()
    place = (last.position + 1, last.sha256) if last else (0, "")
    if (event["position"], event["previous_sha256"]) == place and event["text"]:
        homecoming.keep_event(contributor, event)
        withdrawal.owe_purpose(ConsentEvent.objects.get(pk=event["id"]))
        consent.forget_facts_not_allowed(contributor)
        facts = {"purposes": [event["purpose"]], "last_sha256": event["sha256"]}
        audit.record("consent.withdrawn", subject=contributor, by=AGENT, **facts)
    else:
        consent.take_back(contributor, event["purpose"], by=AGENT, locale=event["locale"])
    if event["purpose"] == consent.REQUIRED:
        withdrawal.take_back_all(contributor, by=AGENT)
    return True


def has_answered_since(contributor: Contributor, purpose: str, at: datetime) -> bool:
    """Whether the contributor's last word on the purpose is not older, or does not give it anyway."""
    current = contributor.current_consents.select_related("event").filter(purpose=purpose, is_given=True).first()
    return current is None or current.event.at >= at


def leave_releases(line: Gone) -> int:
    """Take the clip out of the releases that the feed says it is gone from, and take back what must have been."""
    if line.releases is None:
        return 0
    held = ReleaseClip.objects.filter(clip=line.clip, release__digest__in=line.releases, taken_out_at=None)
    clip = Clip.objects.select_related("contributor", "licence").filter(pk=line.clip).first()
    kinds = set(held.values_list("release__kind", flat=True))
    held.update(taken_out_at=Now())
    if clip is None or line.withdrawn_at is None:
        return 0
    if clip.licence_id:
        return end_licences({clip.licence_id}) if kinds else 0
    purposes = [selection.PURPOSES[Release.Kind(kind)] for kind in kinds]
    # The feed tells whole seconds.
    at = line.withdrawn_at + timedelta(seconds=1)
    return sum(purpose_is_taken_back(clip.contributor, purpose, at) for purpose in purposes)


def purpose_is_taken_back(contributor: Contributor, purpose: str, at: datetime) -> bool:
    """Take the purpose back as the feed's line implies; False where the contributor has answered since."""
    with transaction.atomic():
        locked = Contributor.objects.select_for_update().get(pk=contributor.pk)
        if has_answered_since(locked, purpose, at):
            return False
        consent.take_back(locked, purpose, by=AGENT, locale=settings.LANGUAGE_CODE)
    return True


def end_licences(ids: set[UUID]) -> int:
    """End those of the licences that stand."""
    standing = list(LicenceGrant.objects.filter(pk__in=ids, ended_at=None))
    for grant in standing:
        withdrawal.end_licence(grant, by=AGENT)
    return len(standing)


def end_accounts(kept: set[str]) -> int:
    """Delete the accounts that came back; how many."""
    numbers = {int(key.split("/")[-2]) for key in kept}
    count = 0
    for some in in_pieces(sorted(numbers)):
        for person in User.objects.filter(pk__in=some):
            # The number may be somebody else's by now: the key says when the account was made.
            count += ledger.key_of_account(person) in kept and is_deleted(person)
    return count


def is_deleted(person: User) -> bool:
    """Delete the account; False, and said so, for the last curator."""
    try:
        farewell.delete_account(person, locale=settings.LANGUAGE_CODE)
    except farewell.NotDeletable as reason:
        log.error("Account %s was deleted before and came back, and cannot go again: %s", person.pk, reason)
        return False
    return True


def end_guests(ids: set[UUID]) -> int:
    """End the codes that open something again; how many."""
    count = 0
    for some in in_pieces(sorted(ids)):
        for guest in Contributor.objects.filter(pk__in=some, guest_serial__isnull=False, claimed_by=None):
            farewell.end_guest(guest, locale=settings.LANGUAGE_CODE)
            count += 1
    return count


def look_again(kept: set[UUID], *, is_thorough: bool) -> int:
    """Erase what lies under the prefixes of purged clips that are in doubt; how many had something.

    One without an entry was purged before there was a ledger, or after the backup of storage was made: then its sound
    is back. The entry is written once the prefix is empty, so that a replay which is killed here begins anew.
    """
    purged = set(Clip.objects.filter(status=Clip.Status.PURGED).values_list("pk", flat=True))
    count = 0
    for some in in_pieces(sorted(purged if is_thorough else purged - kept)):
        for clip in Clip.objects.filter(pk__in=some):
            count += strays.look(clip)
            ledger.note(ledger.key_of_clip(clip.pk))
    return count


def mend_ledger(kept: dict[str, set[str]]) -> int:
    """Owe the ledger again what was written into it and is not there; how many entries."""
    known = set().union(*kept.values())
    lacking = [
        pk for pk, key in TakingBack.objects.filter(next_attempt_at=None).values_list("pk", "key") if key not in known
    ]
    for some in in_pieces(lacking):
        TakingBack.objects.filter(pk__in=some).update(next_attempt_at=Now())
    purged = Clip.objects.filter(status=Clip.Status.PURGED).values_list("pk", flat=True)
    entries = len(lacking) + len(set(purged) - ids_in(kept[ledger.CLIPS]))
    if entries:
        # Marks beside checkpoints went with the rest of storage; each is written again where it is not 0.
        Checkpoint.objects.update(withdrawn_marked=0)
    return entries
