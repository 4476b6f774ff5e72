"""Cleo invites in the browser; a one-time link is spent by pressing, never by looking; the site tells its health."""

import re

import pytest
from django.core import mail
from django.db import DatabaseError, connection
from django.urls import reverse

from openempathic.accounts import invitations
from openempathic.accounts.models import Invitation, Role
from tests import worlds

LINK = re.compile(r"<code>\S*(/invitations/[^<]+)</code>")


@pytest.fixture
def signed_in(client, cleo):
    client.force_login(cleo)
    return client


def test_cleo_sees_the_link_of_her_invitation_once_and_it_is_mailed(signed_in):
    answer = signed_in.post(reverse("invitations"), {"email": "Mona@example.org", "role": "MODERATOR"}, follow=True)
    shown = LINK.search(answer.content.decode())

    assert shown
    assert shown[1] in mail.outbox[0].body
    assert mail.outbox[0].to == ["mona@example.org"]
    assert not LINK.search(signed_in.get(reverse("invitations")).content.decode())
    assert "mona@example.org" in signed_in.get(reverse("invitations")).content.decode()


def test_an_invitation_without_an_address_is_not_sent(signed_in):
    answer = signed_in.post(reverse("invitations"), {"email": "nobody", "role": "CURATOR"})

    assert 'class="errorlist' in answer.content.decode()
    assert not Invitation.objects.exists()


def test_nobody_is_invited_to_be_what_everybody_is(signed_in):
    signed_in.post(reverse("invitations"), {"email": "otto@example.org", "role": "CONTRIBUTOR"})

    assert not Invitation.objects.exists()


def test_mona_becomes_a_moderator_by_pressing_not_by_looking(client, cleo):
    _invitation, word = invitations.invite("mona@example.org", role=Role.MODERATOR, by=cleo)
    mona = worlds.person("mona")
    client.force_login(mona)
    client.get(reverse("invitation", args=[word]))
    mona.refresh_from_db()
    assert not mona.is_moderator

    client.post(reverse("invitation", args=[word]))
    mona.refresh_from_db()
    assert mona.is_moderator
    assert client.get(reverse("invitation", args=[word])).status_code == 410


def test_a_stranger_comes_back_to_the_invitation_after_signing_up(client, cleo):
    _invitation, word = invitations.invite("mona@example.org", role=Role.MODERATOR, by=cleo)
    address = reverse("invitation", args=[word])

    assert f"?next={address}" in client.get(address).content.decode()


def test_a_one_time_link_outlives_a_preview_and_works_once(client, cleo):
    address = reverse("sign-in", args=[invitations.sign_in_word(cleo)])
    for _ in range(3):
        assert client.get(address).status_code == 200
    assert "_auth_user_id" not in client.session

    client.post(address)
    assert client.session["_auth_user_id"] == str(cleo.pk)
    assert client.get(address).status_code == 410


def test_the_site_is_well_while_its_database_answers(client, db, monkeypatch):
    assert client.get(reverse("healthz")).json() == {"status": "ok"}

    def refuse(*args, **options):
        raise DatabaseError("away")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get(reverse("healthz"))
    monkeypatch.undo()
    assert answer.status_code == 503


def test_whoever_signs_in_is_greeted_by_their_address_not_by_a_number(client, db):
    otto = worlds.person("otto")
    otto.set_password("a long enough word")
    otto.save()

    said = {"login": otto.email, "password": "a long enough word"}
    page = client.post(reverse("account_login"), said, follow=True).content.decode()

    assert otto.email in page
    assert str(otto) not in page
