"""Cleo decides how many listeners settle a clip of a language; the last decision stands."""

import pytest
from django.urls import reverse

from contributions.listening import deciding, queue, ratings
from contributions.models import Clip, ListeningDecision
from openempathic.accounts.models import Role
from openempathic.audit.models import AuditEvent
from tests import worlds

PAGE = reverse("language", args=["en"])


def said_of(client):
    return client.get(PAGE).content.decode()


def test_cleos_last_decision_stands_for_her_language_alone(cleo, settings):
    settings.RATINGS_REQUIRED = 1
    for many in (3, 2):
        deciding.decide("pl", ratings_required=many, by=cleo)

    assert [queue.ratings_required(tag) for tag in ("pl", "pl-PL", "en")] == [2, 2, 1]
    assert AuditEvent.objects.filter(act="language.listeners_decided", actor=cleo).count() == 2


@pytest.mark.parametrize("many", [0, 8, -1])
def test_nobody_can_ask_for_none_or_for_more_than_a_status_is_worth(cleo, many):
    with pytest.raises(deciding.NotDecidable):
        deciding.decide("pl", ratings_required=many, by=cleo)

    assert not ListeningDecision.objects.exists()


def test_a_clip_is_settled_by_as_many_as_were_decided(vera, cleo):
    deciding.decide("en", ratings_required=2, by=cleo)
    clip = worlds.screened_clip(vera)
    statuses = []
    for name in ("milo", "mona"):
        person = worlds.person(name, Role.MODERATOR)
        turn = worlds.heard(ratings.open_turn(person))
        ratings.rate(turn, by=person, answer=ratings.Answer(is_usable=True, emotion="anger"))
        clip.refresh_from_db()
        statuses.append(clip.status)

    assert statuses == [Clip.Status.IN_REVIEW, Clip.Status.ACCEPTED]


def test_cleo_decides_on_the_page_of_the_language_and_milo_reads_it(client, milo, cleo):
    client.force_login(cleo)
    assert 'name="ratings_required"' in said_of(client)
    address = reverse("language-listeners", args=["en"])
    for wrong in ("0", "many", ""):
        assert (
            "From 1 to 7 listeners" in client.post(address, {"ratings_required": wrong}, follow=True).content.decode()
        )
    client.post(address, {"ratings_required": "2"})

    client.force_login(milo)
    page = said_of(client)
    assert "2 listeners settle whether a clip of this language can be used." in " ".join(page.split())
    assert 'name="ratings_required"' not in page
