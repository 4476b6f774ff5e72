"""One sitting: Vera stops, and what she gave in it is taken back; what she gave before stays."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions.consenting import consent
from contributions.leaving import withdrawal
from contributions.models import Clip
from contributions.views import session as sitting
from openempathic.audit.models import AuditEvent
from tests import worlds

END = reverse("session-end")


@pytest.fixture
def signed_in(vera, client):
    client.force_login(vera)
    return client


@pytest.fixture
def seated(signed_in):
    """Vera's browser with the studio open."""
    signed_in.post(reverse("choose-language"), {"language": "en"})
    assert signed_in.get(reverse("studio")).status_code == 200
    return signed_in


def earlier(clip, **ago):
    Clip.objects.filter(pk=clip.pk).update(stored_at=timezone.now() - timedelta(**ago))
    return clip


def said_on(response):
    return " ".join(response.content.decode().split())


def test_only_what_was_given_since_a_moment_goes(vera):
    before = earlier(worlds.stored_clip(vera), hours=2)
    worlds.stored_clip(vera)
    since = timezone.now() - timedelta(hours=1)

    assert withdrawal.withdraw_all(consent.contributor_for(vera), by=vera, since=since) == 1
    assert list(Clip.objects.live()) == [before]
    assert AuditEvent.objects.get(act="contributor.withdrew").facts == {"clips": 1, "since": since.isoformat()}


def test_the_studio_has_one_button_for_it(seated):
    assert f'href="{END}"' in seated.get(reverse("studio")).content.decode()


def test_it_is_asked_once_then_the_sessions_clips_go_and_the_person_is_told(seated, vera):
    before = earlier(worlds.stored_clip(vera), hours=5)
    for _ in range(2):
        worlds.stored_clip(vera)
    otto = worlds.stored_clip(worlds.volunteer("nora"))

    assert "withdrawn with this: 2" in said_on(seated.get(END))
    assert Clip.objects.live().count() == 4
    told = said_on(seated.post(END, {"dropped": "3"}, follow=True))
    assert set(Clip.objects.live()) == {before, otto}
    assert "2 clips are withdrawn" in told
    assert "3 takes are deleted from this device" in told


def test_a_session_in_which_nothing_arrived_says_so(seated):
    told = said_on(seated.post(END, {"dropped": "nonsense"}, follow=True))

    assert "there was none to withdraw" in told
    assert "from this device" not in told


def test_it_ends_with_the_answer_and_a_second_time_takes_nothing(seated, vera):
    seated.post(END)
    clip = worlds.stored_clip(vera)

    assert seated.post(END).headers["Location"] == reverse("my-clips")
    assert list(Clip.objects.live()) == [clip]


def test_who_goes_on_within_four_hours_is_in_the_same_session(seated):
    began = kept(seated)["began_at"]
    seated.get(reverse("studio"), {"prompt": "next"})
    assert kept(seated)["began_at"] == began

    later(seated, hours=4)
    assert "No session is open" in said_on(seated.post(END, follow=True))
    seated.get(reverse("studio"))
    assert kept(seated)["began_at"] > began


def kept(client):
    return client.session[sitting.KEPT]


def later(client, **ago):
    """As if the studio had been asked for nothing since."""
    session = client.session
    moment = timezone.now() - timedelta(**ago)
    session[sitting.KEPT] = {**session[sitting.KEPT], "seen_at": moment.isoformat()}
    session.save()


def test_somebody_else_in_the_same_browser_has_no_session_of_veras(seated, otto):
    session = dict(kept(seated))
    seated.force_login(otto)
    state = seated.session
    state[sitting.KEPT] = session
    state.save()
    clip = worlds.stored_clip(otto)

    seated.post(END)
    assert list(Clip.objects.live()) == [clip]
