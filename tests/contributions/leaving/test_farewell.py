"""Vera leaves: everything she gave is withdrawn, and nothing that names her is left."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from contributions import tasks
from contributions.consenting import consent
from contributions.leaving import farewell, withdrawal
from contributions.models import Clip, ConsentEvent, Contributor, Rating
from openempathic import storage
from openempathic.accounts import invitations
from openempathic.accounts.models import Invitation, Role, User
from openempathic.audit.models import AuditEvent
from tests import worlds

PAGE = reverse("delete-account")
RIGHT = {"password": "a long enough word"}


@pytest.fixture
def signed_in(vera, client):
    EmailAddress.objects.create(user=vera, email=vera.email, primary=True)
    client.force_login(vera)
    return client


def test_leaving_takes_everything_back_and_tells_so(signed_in, vera):
    voice = consent.contributor_for(vera)
    worlds.screened_clip(vera)
    last_page = signed_in.post(PAGE, RIGHT).content.decode()
    voice.refresh_from_db()

    assert "Your account is deleted" in last_page
    assert "Clips withdrawn: 1" in last_page
    assert "Purposes taken back: 2" in last_page
    assert voice.user is None
    assert [event.kind for event in voice.consent_events.all()][-2:] == [ConsentEvent.Kind.WITHDRAWN] * 2
    assert consent.broken_link(voice) is None
    assert consent.current(voice) == consent.folded(voice) == dict.fromkeys(consent.ASKED, False)
    assert Clip.objects.get().status == Clip.Status.WITHDRAWN


def test_address_password_sessions_and_invitations_are_gone(signed_in, vera, otto, cleo):
    elsewhere, others = Client(), Client()
    elsewhere.force_login(vera)
    others.force_login(otto)
    invitations.invite(vera.email.upper(), role=Role.MODERATOR, by=cleo)
    signed_in.post(PAGE, RIGHT)

    assert not User.objects.filter(email=vera.email).exists()
    assert not EmailAddress.objects.exists()
    assert not Invitation.objects.exists()
    assert [session.get_decoded()["_auth_user_id"] for session in Session.objects.all()] == [str(otto.pk)]
    assert reverse("take-part") in elsewhere.get(reverse("my-clips")).url
    assert others.get(reverse("my-clips")).status_code == 200


def test_the_sweep_still_erases_the_sound_of_who_left(signed_in, vera, monkeypatch):
    clip = worlds.screened_clip(vera)
    monkeypatch.setattr(tasks.purge, "delay", withdrawal.purge_due)
    monkeypatch.setattr(tasks.carry, "delay", withdrawal.carry_due)
    signed_in.post(PAGE, RIGHT)
    tasks.sweep()

    assert Clip.objects.get().status == Clip.Status.PURGED
    assert list(storage.keys(f"{clip.prefix}/")) == []


def test_what_a_listener_answered_stays_of_nobody(vera, milo):
    worlds.accepted_clip(vera, by=milo, emotion="fear")
    farewell.delete_account(milo, locale="en")

    assert Rating.objects.get().rater is None
    assert Clip.objects.get().status == Clip.Status.ACCEPTED


def test_the_last_curator_stays_until_there_is_another(client, cleo):
    client.force_login(cleo)

    said = client.post(PAGE, RIGHT).content.decode()

    assert "You are the last curator" in said
    assert User.objects.filter(pk=cleo.pk).exists()
    worlds.person("nina", Role.CURATOR)
    client.post(PAGE, RIGHT)
    assert not User.objects.filter(pk=cleo.pk).exists()


def test_a_password_cannot_be_guessed_here_without_end(signed_in, vera):
    tries = [signed_in.post(PAGE, {"password": f"guess {number}"}).content.decode() for number in range(12)]

    assert "Too many tries" in tries[-1]
    assert "Too many tries" in signed_in.post(PAGE, RIGHT).content.decode()
    assert User.objects.filter(pk=vera.pk).exists()


def test_somebody_who_never_gave_anything_may_leave_too(milo):
    farewell.delete_account(milo, locale="en")

    assert not User.objects.filter(pk=milo.pk).exists()
    assert not Contributor.objects.exists()


def test_when_leaving_breaks_off_nothing_has_happened(vera, monkeypatch):
    worlds.stored_clip(vera)

    def breaks(*_args, **_options):
        raise OSError("the disk is full")

    monkeypatch.setattr(User, "delete", breaks)
    with pytest.raises(OSError, match="full"):
        farewell.delete_account(vera, locale="en")

    assert Clip.objects.get().status == Clip.Status.STORED
    stands = consent.current(consent.contributor_for(vera))
    assert {purpose for purpose, is_given in stands.items() if is_given} == {"STORE_AND_REVIEW", "TRAIN_MODELS"}
    assert not AuditEvent.objects.filter(act="clip.withdrawn").exists()


@pytest.mark.parametrize("said", [{}, {"password": ""}, {"password": "another word"}, {"email": "vera@example.org"}])
def test_without_the_password_nothing_is_deleted(signed_in, vera, said):
    assert signed_in.post(PAGE, said).status_code == 200
    assert User.objects.filter(pk=vera.pk).exists()


def test_who_has_no_password_writes_the_address_instead(signed_in, vera):
    vera.set_unusable_password()
    vera.save()
    signed_in.force_login(vera)

    assert "Nothing was deleted" in signed_in.post(PAGE, {"email": "otto@example.org"}).content.decode()
    assert "Your account is deleted" in signed_in.post(PAGE, {"email": "Vera@example.org"}).content.decode()


def test_looking_deletes_nothing(signed_in, vera):
    assert signed_in.get(PAGE).status_code == 200
    assert User.objects.filter(pk=vera.pk).exists()
