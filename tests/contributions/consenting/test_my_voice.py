"""My voice: Vera takes back a clip, a day, a purpose or all, and sees what listeners heard once a clip is settled."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions import intake, states
from contributions.consenting import consent
from contributions.leaving import withdrawal
from contributions.models import Clip, ConsentEvent, Purpose
from openempathic import moves
from openempathic.audit.models import AuditEvent
from tests import worlds

ALL = reverse("withdrawal-of-all")


@pytest.fixture
def voice(vera):
    return consent.contributor_for(vera)


@pytest.fixture
def signed_in(vera, client):
    client.force_login(vera)
    return client


def withdraw(voice, purpose):
    return consent.withdraw(voice, purpose, by=voice.user, locale="en")


def statuses():
    return set(Clip.objects.values_list("status", flat=True))


# The acts


def test_all_clips_of_one_voice_go_and_no_other_voice_is_touched(vera, otto, voice):
    for _ in range(2):
        worlds.stored_clip(vera)
    theirs = worlds.stored_clip(worlds.volunteer("nora"))

    assert withdrawal.withdraw_all(voice, by=vera) == 2
    assert list(Clip.objects.live()) == [theirs]
    assert AuditEvent.objects.get(act="contributor.withdrew").facts == {"clips": 2}
    assert withdrawal.withdraw_all(voice, by=vera) == 0
    assert AuditEvent.objects.filter(act="clip.withdrawn").count() == 2


def test_nobody_takes_back_the_clips_of_another(vera, otto, cleo, voice):
    worlds.stored_clip(vera)

    for somebody in (otto, cleo):
        with pytest.raises(withdrawal.NotWithdrawable):
            withdrawal.withdraw_all(voice, by=somebody)
    assert Clip.objects.live().count() == 1


def test_withdrawing_all_wins_the_race_with_a_move(vera, milo, voice, monkeypatch):
    clip = worlds.screened_clip(vera)
    move, raced = states.move, []

    def slower(row, *, to, by, **columns):
        if not raced:
            raced.append(row)
            move(Clip.objects.get(pk=row.pk), to=Clip.Status.ACCEPTED, by=milo)
        move(row, to=to, by=by, **columns)

    monkeypatch.setattr(states, "move", slower)
    withdrawal.withdraw_all(voice, by=vera)

    assert raced == [clip]
    assert statuses() == {Clip.Status.WITHDRAWN}


def test_when_one_clip_cannot_be_withdrawn_none_is(vera, voice, monkeypatch):
    for _ in range(2):
        worlds.stored_clip(vera)
    move, moved = states.move, []

    def breaks(row, **said):
        if moved:
            raise moves.IllegalMove("the table is broken")
        moved.append(row)
        move(row, **said)

    monkeypatch.setattr(states, "move", breaks)
    with pytest.raises(moves.IllegalMove):
        withdrawal.withdraw_all(voice, by=vera)

    assert statuses() == {Clip.Status.STORED}
    assert not AuditEvent.objects.filter(act="clip.withdrawn").exists()


def test_training_is_taken_back_alone(vera, voice):
    clip = worlds.stored_clip(vera)
    withdraw(voice, Purpose.TRAIN_MODELS)

    assert list(Clip.objects.covered_by(Purpose.TRAIN_MODELS)) == []
    assert list(Clip.objects.covered_by(Purpose.STORE_AND_REVIEW)) == [clip]
    assert consent.current(voice) == consent.folded(voice)
    assert voice.consent_events.last().kind == ConsentEvent.Kind.WITHDRAWN


def test_with_the_required_purpose_go_all_others_and_every_clip(vera, voice):
    worlds.stored_clip(vera)
    events = withdraw(voice, Purpose.STORE_AND_REVIEW)

    assert {event.purpose for event in events} == {Purpose.STORE_AND_REVIEW, Purpose.TRAIN_MODELS}
    assert {event.kind for event in events} == {ConsentEvent.Kind.WITHDRAWN}
    assert statuses() == {Clip.Status.WITHDRAWN}
    assert consent.current(voice) == consent.folded(voice) == dict.fromkeys(consent.ASKED, False)
    assert consent.broken_link(voice) is None
    with pytest.raises(intake.NoConsent):
        worlds.stored_clip(vera)


def test_taking_back_twice_adds_no_event(vera, voice):
    withdraw(voice, Purpose.STORE_AND_REVIEW)
    before = voice.consent_events.count()

    assert withdraw(voice, Purpose.STORE_AND_REVIEW) == []
    assert withdraw(voice, Purpose.TRAIN_MODELS) == []
    assert voice.consent_events.count() == before


def test_a_purpose_that_was_never_given_is_not_withdrawn(voice):
    assert withdraw(voice, Purpose.RELEASE_DATASET) == []


# The page


def test_one_click_takes_training_back(signed_in, voice):
    address = reverse("purpose-withdrawal", args=["TRAIN_MODELS"])
    page = signed_in.get(reverse("my-clips")).content.decode()

    assert f'action="{address}"' in page
    signed_in.post(address)
    assert not consent.covers(voice, Purpose.TRAIN_MODELS)
    assert f'action="{address}"' not in signed_in.get(reverse("my-clips")).content.decode()


def test_the_required_purpose_is_asked_once_and_then_taken_back(signed_in, vera, voice):
    worlds.stored_clip(vera)
    address = reverse("purpose-withdrawal", args=["STORE_AND_REVIEW"])

    assert f'href="{address}"' in signed_in.get(reverse("my-clips")).content.decode()
    assert f'action="{address}"' in signed_in.get(address).content.decode()
    assert statuses() == {Clip.Status.STORED}
    signed_in.post(address)
    assert statuses() == {Clip.Status.WITHDRAWN}


def test_an_unknown_purpose_is_not_there(signed_in):
    assert signed_in.post(reverse("purpose-withdrawal", args=["EVERYTHING"])).status_code == 404


def test_a_day_is_asked_once_and_only_its_clips_go(signed_in, vera):
    old, new = worlds.stored_clip(vera), worlds.stored_clip(vera)
    Clip.objects.filter(pk=old.pk).update(stored_at=timezone.now() - timedelta(days=3))
    old.refresh_from_db()
    address = reverse("withdrawal-of-day", args=[old.stored_at.date().isoformat()])

    assert f'href="{address}"' in signed_in.get(reverse("my-clips")).content.decode()
    assert signed_in.get(address).status_code == 200
    assert Clip.objects.live().count() == 2
    signed_in.post(address)
    assert list(Clip.objects.live()) == [new]


@pytest.mark.parametrize("day", ["1999-01-01", "yesterday", "2026-13-45"])
def test_a_day_without_clips_is_not_there(signed_in, vera, day):
    worlds.stored_clip(vera)

    assert signed_in.post(reverse("withdrawal-of-day", args=[day])).status_code == 404
    assert statuses() == {Clip.Status.STORED}


def test_everything_is_asked_once_and_then_goes(signed_in, vera):
    worlds.stored_clip(vera)

    assert f'href="{ALL}"' in signed_in.get(reverse("my-clips")).content.decode()
    assert f'action="{ALL}"' in signed_in.get(ALL).content.decode()
    assert statuses() == {Clip.Status.STORED}
    signed_in.post(ALL)
    assert statuses() == {Clip.Status.WITHDRAWN}


def test_what_listeners_heard_is_counted_only_once_the_clip_is_settled(signed_in, vera, milo, cleo, settings):
    settings.RATINGS_REQUIRED = 2
    clip = worlds.screened_clip(vera)
    worlds.rated(clip, by=milo, emotion="fear")
    assert "fear:" not in heard(signed_in)

    worlds.rated(clip, by=cleo, emotion="fear")
    assert "fear: 2" in heard(signed_in)
    assert milo.email not in heard(signed_in)


def heard(client):
    """What the page says after the words that begin it."""
    page = client.get(reverse("my-clips")).content.decode()
    return " ".join(page.partition("Listeners heard")[2].split())
