"""Inviting moderators and curators, and the one-time link that lets a first curator in."""

import hashlib
from collections.abc import Sequence

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import send_mail
from django.db import transaction
from django.db.models.functions import Now
from django.utils.encoding import force_bytes, force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext as _

from openempathic import audit
from openempathic.accounts import moderators
from openempathic.accounts.models import Invitation, Role, User, new_token


class NotInvitable(Exception):
    """The person may not invite, or the invitation no longer stands."""


def invite(email: str, *, role: str, by: User, moderated_languages: Sequence[str] = ()) -> tuple[Invitation, str]:
    """Make an invitation; return it with the secret word of its link, which is kept nowhere.

    A moderator judges in the languages that it names, and in all where it names none; a curator in all.
    """
    if not by.is_curator:
        raise NotInvitable(_("Only a curator invites."))
    token = new_token()
    tags = sorted(moderated_languages) if role == Role.MODERATOR else []
    with transaction.atomic():
        invitation = Invitation.objects.create(
            email=email.lower(),
            role=role,
            moderated_languages=tags,
            token_sha256=digest_of(token),
            invited_by=by,
        )
        audit.record("invitation.made", subject=invitation, by=by, role=role)
    return invitation, token


def send(invitation: Invitation, *, link: str) -> None:
    """Mail the link to the person invited."""
    send_mail(
        subject=_("You are invited to help at Open Empathic"),
        message=_("You are invited to become a %(role)s. Open this link within 14 days:\n\n%(link)s\n")
        % {"role": Role(invitation.role).label, "link": link},
        from_email=None,
        recipient_list=[invitation.email],
    )


def standing(token: str) -> Invitation:
    """The invitation that the word opens; raises NotInvitable when it is unknown, used or too old."""
    invitation = Invitation.objects.filter(
        token_sha256=digest_of(token), accepted_at=None, expires_at__gt=Now()
    ).first()
    if invitation is None:
        raise NotInvitable(_("This invitation was used already, has run out, or never was."))
    return invitation


def accept(token: str, *, by: User) -> Invitation:
    """Take the role that the invitation gives; once, and never a lower role than one has."""
    invitation = standing(token)
    with transaction.atomic():
        # Two tabs may accept at once: one of them wins.
        taken = Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(accepted_at=Now(), accepted_by=by)
        if taken != 1:
            raise NotInvitable(_("This invitation was used already, has run out, or never was."))
        if not (by.is_curator and invitation.role == Role.MODERATOR):
            by.moderated_languages = moderators.joined(by, invitation.moderated_languages)
            by.role = invitation.role
            by.save(update_fields=["role", "moderated_languages"])
        audit.record("invitation.accepted", subject=invitation, by=by, role=invitation.role)
    return invitation


def digest_of(token: str) -> str:
    """What we keep of a secret word."""
    return hashlib.sha256(token.encode()).hexdigest()


class FirstSignIn(PasswordResetTokenGenerator):
    """Signs a link that works once: signing in changes last_login, and the link with it."""

    key_salt = "openempathic.accounts.first-sign-in"


first_sign_in = FirstSignIn()


def sign_in_word(person: User) -> str:
    """The secret part of a one-time sign-in link."""
    return f"{urlsafe_base64_encode(force_bytes(person.pk))}-{first_sign_in.make_token(person)}"


def person_for(word: str) -> User | None:
    """Whom a one-time link lets in; None when it was used, is too old or was forged."""
    encoded, _dash, token = word.partition("-")
    try:
        person = User.objects.get(pk=force_str(urlsafe_base64_decode(encoded)), is_active=True)
    except (ValueError, OverflowError, User.DoesNotExist):
        return None
    return person if first_sign_in.check_token(person, token) else None
