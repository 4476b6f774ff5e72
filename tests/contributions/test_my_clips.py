"""Vera sees how her clips fare, and takes one back with one click."""

from django.urls import reverse

from contributions.models import Clip
from tests import worlds


def test_vera_sees_her_clips_with_the_reason_and_nobody_elses(vera, otto, client):
    worlds.screened_clip(vera, b"no sound at all")
    theirs = worlds.stored_clip(otto)
    client.force_login(vera)
    page = client.get(reverse("my-clips")).content.decode()

    assert "Cannot be used" in page
    assert "This is not a sound file that we can read." in page
    assert str(theirs.pk) not in page


def test_one_click_takes_a_clip_back(vera, client):
    clip = worlds.screened_clip(vera)
    client.force_login(vera)
    page = client.post(reverse("withdrawal", args=[clip.pk]), follow=True).content.decode()
    clip.refresh_from_db()

    assert clip.status == Clip.Status.WITHDRAWN
    assert "The clip is withdrawn." in page
    assert reverse("clip-audio", args=[clip.pk]) not in page


def test_a_link_alone_withdraws_nothing(vera, client):
    clip = worlds.screened_clip(vera)
    client.force_login(vera)

    assert client.get(reverse("withdrawal", args=[clip.pk])).status_code == 405
    assert Clip.objects.get().status == Clip.Status.IN_REVIEW
