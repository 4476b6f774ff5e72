"""Leaving: the account goes, and before it, in the same transaction, everything that was given with it.

What stays is the voice's pseudonymous row with its consents and the tombstones of its clips, so that the sweep still
erases their sound and a restored backup can be told what was withdrawn; and ratings of others' clips, given by nobody.
"""

from dataclasses import dataclass

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q

from contributions import consent, withdrawal
from contributions.models import Contributor
from openempathic import audit
from openempathic.accounts.models import Invitation, User


@dataclass(frozen=True)
class Farewell:
    """What was done, to be told on the last page."""

    clips: int
    purposes: int


def delete_account(person: User, *, locale: str) -> Farewell:
    """Withdraw every consent and every clip, then remove the account with its address, password and sessions."""
    with transaction.atomic():
        contributor = Contributor.objects.select_for_update().filter(user=person).first()
        told = withdrawn(contributor, by=person, locale=locale) if contributor else Farewell(clips=0, purposes=0)
        forget(person)
    return told


def withdrawn(contributor: Contributor, *, by: User, locale: str) -> Farewell:
    """Take everything back in the person's name, then cut the voice from the name."""
    # The clips first, so that the count is told; the required purpose would take them with it.
    clips = withdrawal.withdraw_all(contributor, by=by)
    events = consent.withdraw(contributor, consent.REQUIRED, by=by, locale=locale)
    audit.record("contributor.left", subject=contributor, by=by)
    contributor.user = None
    contributor.save(update_fields=["user"])
    return Farewell(clips=clips, purposes=len(events))


def forget(person: User) -> None:
    """Remove the account and what else holds its address: sessions, invitations, and by cascade its addresses."""
    for session in Session.objects.iterator():
        if session.get_decoded().get(SESSION_KEY) == str(person.pk):
            session.delete()
    Invitation.objects.filter(Q(email__iexact=person.email) | Q(accepted_by=person)).delete()
    person.delete()
