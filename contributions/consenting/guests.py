"""Guests: people who give their voice without an account, and the signed code that is all they hold.

A code is the voice's number and a serial under the site's own key, written in letters that survive paper. Nothing of it
is kept: a stolen database opens no door. A new code ends the old one; claiming the voice ends every code; and a code
expires when the voice's retention does, so that nobody's clips outlive their way to take them back.
"""

import base64
import binascii
import hashlib
import hmac
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from contributions.models import Contributor, Rating
from contributions.releasing import splits
from openempathic import audit

SESSION_KEY = "guest"
LABEL = b"open-empathic guest code 1:"
SERIAL_BYTES = 2
# 96 bits: a guess is right once in 8e28, and the 30 bytes fill 48 letters without a remainder.
MAC_BYTES = 12
CODE_BYTES = 16 + SERIAL_BYTES + MAC_BYTES
LETTERS_A_GROUP = 6
# Base32 has no 0, 1 and 8: who wrote one meant the letter that looks like it.
LOOKALIKES = str.maketrans("018", "OIB")


class NotAdmitted(Exception):
    """The code opens nothing; the message says why, in the reader's language."""

    text = gettext_noop("This is not a code of this site. Please compare it with the copy you kept, letter by letter.")

    @property
    def message(self) -> str:
        """Why, for the person who holds the code."""
        return _(self.text)


class CodeReplaced(NotAdmitted):
    text = gettext_noop("A newer code was made for this voice. Please use that one.")


class CodeClaimed(NotAdmitted):
    text = gettext_noop("These clips belong to an account now. Please sign in to it.")


class CodeEnded(NotAdmitted):
    text = gettext_noop("This code has ended: everything it opened was taken back and is erased.")


class CodeExpired(NotAdmitted):
    text = gettext_noop("This code has expired: it was not used for so long that its clips are erased.")


class NotClaimable(Exception):
    """The guest's clips cannot become the account's; the message says why."""


def welcome() -> Contributor:
    """A voice for somebody who wants no account, with its side of every future split."""
    fresh = uuid.uuid4()
    return Contributor.objects.create(id=fresh, guest_serial=1, split=splits.side_of(str(fresh)))


def code_of(guest: Contributor) -> str:
    """The guest's code in groups of six letters."""
    content = guest.pk.bytes + (guest.guest_serial or 0).to_bytes(SERIAL_BYTES)
    letters = base64.b32encode(content + mac(content)).decode()
    return "-".join(letters[at : at + LETTERS_A_GROUP] for at in range(0, len(letters), LETTERS_A_GROUP))


def mac(content: bytes) -> bytes:
    """What only this site can write beside the content."""
    return hmac.digest(settings.SIGNING_KEY.encode(), LABEL + content, hashlib.sha256)[:MAC_BYTES]


def admit(code: str, *, now: datetime) -> Contributor:
    """The guest whose code it is, however it is spaced; raises NotAdmitted."""
    number, serial = read(code)
    guest = Contributor.objects.filter(pk=number).first()
    if guest is None:
        raise CodeEnded
    if guest.user_id or guest.claimed_by_id:
        raise CodeClaimed
    if guest.guest_serial is None:
        raise CodeEnded
    if guest.guest_serial != serial:
        raise CodeReplaced
    if expires_at(guest) <= now:
        raise CodeExpired
    return guest


def read(code: str) -> tuple[uuid.UUID, int]:
    """The number and the serial that the code carries, once its signature holds; raises NotAdmitted."""
    letters = "".join(letter for letter in code.upper() if letter.isalnum()).translate(LOOKALIKES)
    try:
        content = base64.b32decode(letters)
    except (binascii.Error, ValueError) as unreadable:
        raise NotAdmitted from unreadable
    said, written = content[:-MAC_BYTES], content[-MAC_BYTES:]
    if len(content) != CODE_BYTES or not hmac.compare_digest(mac(said), written):
        raise NotAdmitted
    return uuid.UUID(bytes=said[:16]), int.from_bytes(said[16:])


def expires_at(guest: Contributor) -> datetime:
    """When the code ends if the guest does not come back: with the clips that it opens."""
    return guest.last_interaction_at + timedelta(days=settings.RETENTION_DAYS)


def renew(guest: Contributor, *, by: Any) -> Contributor:
    """Make a new code for the voice; the old one opens nothing from now on."""
    with transaction.atomic():
        locked = Contributor.objects.select_for_update().get(pk=guest.pk)
        check_is_guest(locked)
        locked.guest_serial = (locked.guest_serial or 0) + 1
        locked.save(update_fields=["guest_serial"])
        audit.record("guest.code_renewed", subject=locked, by=by)
    return locked


def claim(guest: Contributor, *, by: Any) -> Contributor:
    """Make the guest's voice the account's: its only one where that had none, else one beside its own.

    The voice keeps its consents and its side of the splits, so that no release is contradicted; every code of it ends.
    Raises NotAdmitted for a voice that is no guest's, and NotClaimable where the account has judged one of its clips.
    """
    with transaction.atomic():
        locked = Contributor.objects.select_for_update().get(pk=guest.pk)
        check_is_guest(locked)
        if Rating.objects.filter(rater=by, clip__contributor=locked).exists():
            raise NotClaimable(_("You have judged some of these clips as a listener, so they cannot become yours."))
        own = Contributor.objects.select_for_update().filter(user=by).first()
        if own and is_unused(own):
            own.delete()
            own = None
        if own:
            locked.claimed_by = by
        else:
            locked.user, locked.guest_serial = by, None
        locked.save(update_fields=["user", "claimed_by", "guest_serial"])
        audit.record("guest.claimed", subject=locked, by=by)
    return locked


def check_is_guest(contributor: Contributor) -> None:
    """Raise NotAdmitted unless the voice is still a guest's."""
    if contributor.claimed_by_id or contributor.user_id:
        raise CodeClaimed
    if contributor.guest_serial is None:
        raise CodeEnded


def is_unused(voice: Contributor) -> bool:
    """Whether nothing was ever said or given with the voice."""
    return not voice.consent_events.exists() and not voice.clips.exists()


def enter(session: SessionBase, guest: Contributor) -> None:
    """Let this browser act as the guest; the session gets a new key, so that nobody can have set it before."""
    session.cycle_key()
    session[SESSION_KEY] = {"voice": str(guest.pk), "serial": guest.guest_serial}


def leave(session: SessionBase) -> None:
    """Forget the guest on this browser."""
    session.flush()


def guest_of(session: SessionBase) -> Contributor | None:
    """The guest as whom this browser acts; None once the code was renewed, the voice claimed, or everything erased."""
    said = session.get(SESSION_KEY)
    if not said:
        return None
    standing = Contributor.objects.filter(user=None, claimed_by=None, guest_serial=said["serial"])
    return standing.filter(pk=said["voice"]).first()
