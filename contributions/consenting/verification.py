"""Whether the log and the consents are as they were written, looked at daily; what is broken is told once."""

import hashlib
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.mail import EmailMessage
from django.db import transaction
from django.utils.translation import gettext as _

from contributions.consenting import records
from openempathic.accounts.models import Role, User
from openempathic.audit import sealing
from openempathic.audit.models import Verification

log = logging.getLogger(__name__)
# A mail holds so many sentences; `manage.py verify_records` prints them all.
SENTENCES_MAX = 20
KEPT_FOR = timedelta(days=90)


def broken() -> Iterator[str]:
    """A sentence for everything that does not hold, with ids only; none when all does."""
    yield from (str(each) for each in sealing.broken_seals())
    yield from records.broken_records()


def verify(*, now: datetime) -> Verification:
    """Look at everything and keep the outcome; log what is broken, and mail the curators where it was not told before.

    The outcome is the newest row of Verification, which the figures show.
    """
    found = list(broken())
    sha256 = hashlib.sha256("\n".join(found).encode()).hexdigest() if found else ""
    with transaction.atomic():
        before = Verification.objects.last()
        outcome = Verification.objects.create(verified_at=now, broken_count=len(found), sha256=sha256)
        Verification.objects.filter(verified_at__lt=now - KEPT_FOR).delete()
    for sentence in found:
        log.error("A record is not as it was written: %s", sentence)
    if found and (before is None or before.sha256 != sha256):
        tell_curators(found)
    return outcome


def tell_curators(found: list[str]) -> int:
    """A mail for each curator with an address; one that is refused stops nothing. Returns how many were sent."""
    told = 0
    for person in User.objects.filter(role=Role.CURATOR, is_active=True).exclude(email=""):
        try:
            letter(found, address=person.email).send()
            told += 1
        except Exception as refusal:
            # The address stays out of the log.
            log.warning("A curator could not be mailed of broken records: %s", type(refusal).__name__)
    return told


def letter(found: list[str], *, address: str) -> EmailMessage:
    """The words, in the site's own language, since we do not know the curator's."""
    shown = "\n".join(f"- {sentence}" for sentence in found[:SENTENCES_MAX])
    body = _(
        "Records of this site are not as they were written (%(count)s). Somebody may have changed the database by hand,"
        " or a backup was put back in part. `manage.py verify_records` shows all of them:\n\n%(shown)s\n"
    ) % {"count": len(found), "shown": shown}
    return EmailMessage(subject=_("Records were changed"), body=body, to=[address])
