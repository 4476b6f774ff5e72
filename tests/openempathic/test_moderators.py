"""A moderator judges the languages that a curator names, and a curator may name others later."""

import re

import pytest
from django.urls import reverse

from contributions import permissions
from openempathic.accounts import invitations, moderators
from openempathic.accounts.models import Role
from openempathic.audit.models import AuditEvent


def invited(by, person, *tags, role=Role.MODERATOR):
    """The person takes an invitation for these languages."""
    _invitation, token = invitations.invite(person.email, role=role, by=by, moderated_languages=tags)
    invitations.accept(token, by=person)
    person.refresh_from_db()
    return person.moderated_languages


@pytest.mark.parametrize(
    ("first", "then", "judged"),
    [
        (["pl"], ["sw"], ["pl", "sw"]),
        (["pl"], [], []),
        ([], ["pl"], []),
    ],
)
def test_nobody_loses_a_language_by_another_invitation(cleo, otto, first, then, judged):
    assert invited(cleo, otto, *first) == first
    assert invited(cleo, otto, *then) == judged


def test_an_invitation_to_curate_names_no_language(cleo, otto):
    assert invited(cleo, otto, "pl", role=Role.CURATOR) == []
    assert permissions.may_moderate_in(otto, "de")


def test_cleo_names_the_languages_when_she_invites(client, cleo, otto):
    client.force_login(cleo)
    fields = {"email": "otto@example.org", "role": "MODERATOR", "moderated_languages": ["pl", "sw"]}
    page = client.post(reverse("invitations"), fields, follow=True).content.decode()

    assert "Polish, Swahili" in page
    assert client.post(reverse("invitations"), fields | {"moderated_languages": ["tlh"]}).status_code == 200
    assert invitations.Invitation.objects.get().moderated_languages == ["pl", "sw"]


def test_cleo_changes_milos_languages_and_the_log_says_so(client, cleo, milo):
    client.force_login(cleo)
    address = reverse("moderator", args=[milo.pk])
    assert "milo@example.org" in client.get(reverse("invitations")).content.decode()
    assert client.post(address, {"moderated_languages": ["pl"]}).headers["Location"] == reverse("invitations")
    milo.refresh_from_db()
    assert milo.moderated_languages == ["pl"]
    page = client.get(address).content.decode()
    assert [box for box in re.findall("<input[^>]*checkbox[^>]*>", page) if "checked" in box and '"pl"' in box]
    assert page.count("checked") == 1
    client.post(address, {"moderated_languages": ["tlh"]})
    milo.refresh_from_db()
    assert milo.moderated_languages == ["pl"]

    event = AuditEvent.objects.latest("pk")
    assert (event.act, event.actor, event.facts) == ("moderator.languages", cleo, {"languages": ["pl"]})


def test_only_a_curator_changes_them_and_only_a_moderators(milo, otto, cleo):
    for person, by in ((milo, milo), (otto, cleo), (cleo, cleo)):
        with pytest.raises(moderators.NotChangeable):
            moderators.judge_only(person, ["pl"], by=by)
