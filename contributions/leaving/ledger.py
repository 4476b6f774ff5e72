"""The ledger of what was taken back: ids only, kept in storage, so that it outlives a database that is restored.

An object for every clip, purpose, licence, guest's code and account that was taken back, under a key that says which.
Workers that carry the due row write it, before they erase anything; the web path never does. Writing it again changes
nothing. A copy of the database from before a withdrawal is held against it, by contributions.restoring, before the site
serves. What it cannot know: what was taken back in the seconds before a crash that no worker outlived.
"""

import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

from django.conf import settings

from contributions.models import Contributor, LicenceGrant
from contributions.models.consent import ConsentEvent
from contributions.releasing.shards import canonical
from openempathic import storage
from openempathic.accounts.models import User

FORMAT = "openempathic-withdrawal/1"
ROOT = "withdrawals"
CLIPS, PURPOSES, LICENCES, GUESTS, ACCOUNTS = "clips", "purposes", "licences", "guests", "accounts"


def key_of_clip(clip_id: UUID) -> str:
    """Where it is kept that the clip was withdrawn."""
    return f"{ROOT}/{CLIPS}/{clip_id}"


def key_of_event(event: ConsentEvent) -> str:
    """Where it is kept that the contributor took the purpose back."""
    return f"{ROOT}/{PURPOSES}/{event.contributor_id}/{event.purpose}/{event.pk}"


def key_of_licence(grant: LicenceGrant) -> str:
    """Where it is kept that the licence ended."""
    return f"{ROOT}/{LICENCES}/{grant.pk}"


def key_of_guest(guest: Contributor) -> str:
    """Where it is kept that the guest's code ended."""
    return f"{ROOT}/{GUESTS}/{guest.pk}"


def key_of_account(person: User) -> str:
    """Where it is kept that the account was deleted.

    Its number alone would not do: a database that is restored gives the number to somebody else. So the moment at
    which the account was made stands beside it, under the site's key, since it is nobody's business.
    """
    told = f"account:{person.pk}:{person.joined_at.isoformat()}".encode()
    return f"{ROOT}/{ACCOUNTS}/{person.pk}/{hmac.new(settings.SIGNING_KEY.encode(), told, hashlib.sha256).hexdigest()}"


def entry_of_event(event: ConsentEvent) -> dict[str, Any]:
    """The event as it was chained, and which text it names; all of it ids, digests and codes."""
    text = event.text
    named = [text.purpose, text.language, text.version] if text else None
    return {"event": event.payload() | {"sha256": event.sha256, "text": named}}


def note(key: str, entry: dict[str, Any] | None = None) -> None:
    """Keep the entry, if it is not kept yet; raises StorageError."""
    try:
        storage.put(key, canonical({"format": FORMAT, **(entry or {})}), if_absent=True)
    except storage.AlreadyStored:
        # Written before a crash, or by whoever carried the row first: the key says it all.
        return


def all_keys() -> dict[str, set[str]]:
    """Every key by its kind."""
    kept: dict[str, set[str]] = {kind: set() for kind in (CLIPS, PURPOSES, LICENCES, GUESTS, ACCOUNTS)}
    for key in storage.keys(f"{ROOT}/"):
        kept.setdefault(key.split("/")[1], set()).add(key)
    return kept


def last_part(key: str) -> str:
    """The id at the key's end."""
    return key.rpartition("/")[2]


def entry(key: str) -> dict[str, Any]:
    """What is kept there."""
    return dict(json.loads(storage.read(key)))
