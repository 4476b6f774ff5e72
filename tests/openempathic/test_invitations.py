"""Cleo invites Milo; nobody else lets anybody in."""

from datetime import timedelta

import pytest
from django.utils import timezone

from openempathic.accounts import invitations
from openempathic.accounts.models import Invitation, Role
from openempathic.audit.models import AuditEvent


def test_cleo_invites_and_otto_becomes_a_moderator(cleo, otto):
    _invitation, token = invitations.invite("otto@example.org", role=Role.MODERATOR, by=cleo)
    invitations.accept(token, by=otto)
    otto.refresh_from_db()

    assert otto.role == Role.MODERATOR
    assert AuditEvent.objects.filter(act="invitation.accepted", actor=otto).count() == 1


def test_an_invitation_opens_once(cleo, otto, vera):
    _invitation, token = invitations.invite("otto@example.org", role=Role.MODERATOR, by=cleo)
    invitations.accept(token, by=otto)

    with pytest.raises(invitations.NotInvitable):
        invitations.accept(token, by=vera)
    vera.refresh_from_db()
    assert vera.role == Role.CONTRIBUTOR


def test_an_old_invitation_opens_nothing(cleo, otto):
    _invitation, token = invitations.invite("otto@example.org", role=Role.MODERATOR, by=cleo)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    with pytest.raises(invitations.NotInvitable):
        invitations.accept(token, by=otto)


def test_milo_may_not_invite(milo):
    with pytest.raises(invitations.NotInvitable):
        invitations.invite("friend@example.org", role=Role.MODERATOR, by=milo)


def test_the_secret_word_is_not_kept(cleo):
    invitation, token = invitations.invite("otto@example.org", role=Role.MODERATOR, by=cleo)

    assert token not in str(Invitation.objects.filter(pk=invitation.pk).values())


def test_a_curator_who_accepts_a_moderators_invitation_stays_a_curator(cleo):
    _invitation, token = invitations.invite("cleo@example.org", role=Role.MODERATOR, by=cleo)
    invitations.accept(token, by=cleo)
    cleo.refresh_from_db()

    assert cleo.role == Role.CURATOR


def test_the_first_sign_in_link_works_once(cleo, client):
    word = invitations.sign_in_word(cleo)

    assert invitations.person_for(word) == cleo
    client.force_login(cleo)  # signing in changes last_login
    assert invitations.person_for(word) is None


@pytest.mark.parametrize("word", ["", "-", "abc", "MQ-forged", "!!-x", "OTk5-abc"])
def test_a_forged_link_lets_nobody_in(word, cleo):
    assert invitations.person_for(word) is None
