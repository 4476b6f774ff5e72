"""Leaving: the account, or a guest's code, goes, and before it, in the same transaction, all that was given with it.

What stays is the voice's pseudonymous row with its consents and the tombstones of its clips, so that the sweep still
erases their sound and a restored backup can be told what was withdrawn; and ratings of others' clips, given by nobody.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from contributions.asking import wishes
from contributions.consenting import consent
from contributions.leaving import withdrawal
from contributions.models import Contributor, Goal
from openempathic import audit
from openempathic.accounts.models import Invitation, Role, User


class NotDeletable(Exception):
    """The account must stay for now; the message says why."""


@dataclass(frozen=True)
class Farewell:
    """What was done, to be told on the last page."""

    clips: int
    purposes: int

    def __add__(self, other: "Farewell") -> "Farewell":
        """What was done with two voices."""
        return Farewell(self.clips + other.clips, self.purposes + other.purposes)


def delete_account(person: User, *, locale: str) -> Farewell:
    """Withdraw every consent and every clip, then remove the account with its address, password and sessions."""
    with transaction.atomic():
        check_not_last_curator(person)
        mine = Contributor.objects.select_for_update().filter(Q(user=person) | Q(claimed_by=person))
        told = sum((withdrawn(voice, by=person, locale=locale) for voice in mine.order_by("pk")), Farewell(0, 0))
        withdrawal.owe_account(person)
        forget(person)
    return told


def end_guest(guest: Contributor, *, locale: str) -> Farewell:
    """Withdraw every consent and every clip of the guest, then end the code and every session that it opened."""
    with transaction.atomic():
        locked = Contributor.objects.select_for_update().get(pk=guest.pk)
        withdrawal.owe_guest(locked)
        return withdrawn(locked, by=locked.actor, locale=locale)


def check_not_last_curator(person: User) -> None:
    """Raise NotDeletable where nobody would be left to answer for the site."""
    curators = User.objects.select_for_update().filter(role=Role.CURATOR, is_active=True)
    if person.is_curator and not curators.exclude(pk=person.pk).exists():
        raise NotDeletable(_("You are the last curator of this site. Invite another one first, then you can go."))


def withdrawn(contributor: Contributor, *, by: Any, locale: str) -> Farewell:
    """Take everything back in the person's name, then cut the voice from the name."""
    # The clips first, so that the count is told; the required purpose would take them with it.
    clips = withdrawal.withdraw_all(contributor, by=by)
    events = consent.withdraw(contributor, consent.REQUIRED, by=by, locale=locale)
    wishes.forget(contributor)
    audit.record("contributor.left", subject=contributor, by=by)
    Goal.objects.filter(contributor=contributor).delete()
    contributor.user = contributor.claimed_by = contributor.guest_serial = None
    contributor.save(update_fields=["user", "claimed_by", "guest_serial"])
    return Farewell(clips=clips, purposes=len(events))


def forget(person: User) -> None:
    """Remove the account and what else holds its address: sessions, invitations, and by cascade its addresses."""
    for session in Session.objects.iterator():
        if session.get_decoded().get(SESSION_KEY) == str(person.pk):
            session.delete()
    Invitation.objects.filter(Q(email__iexact=person.email) | Q(accepted_by=person)).delete()
    person.delete()
