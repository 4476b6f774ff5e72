"""A checkpoint that has heard too much of what was withdrawn is trained anew, and the old one offered no longer."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions import states
from contributions.models import Clip
from contributions.models.contributor import Split
from openempathic.audit.models import AuditEvent
from openempathic.registry import champion
from openempathic.registry.models import Checkpoint
from tests import harvest
from training import delisting, retraining, schedule


@pytest.fixture
def more(crop):
    """A third voice with four clips, so that some may go and a release can still be made."""
    return harvest.corpus("more", sides={"bea": Split.TRAIN}, emotions=["anger"], clips_each=4).clips.all()


def take_back(clip):
    states.move(
        Clip.objects.get(pk=clip.pk), to=Clip.Status.WITHDRAWN, by="contributor", next_attempt_at=timezone.now()
    )


def retrain():
    return retraining.retrain_due(owner="trainer").checkpoint


def acts():
    return list(AuditEvent.objects.filter(agent=delisting.AGENT).order_by("pk").values_list("act", flat=True))


def test_the_old_one_is_delisted_once_another_is_champion_and_its_page_says_why(run, more, settings, client):
    settings.RETRAIN_AFTER_WITHDRAWALS = 0
    settings.WITHDRAWN_SHARE_MAX = 0.2
    old = retrain()
    take_back(more[0])
    within = delisting.look(), schedule.is_due(timezone.now() + timedelta(days=2))
    take_back(more[1])
    past = delisting.look(), delisting.look(), schedule.is_due(timezone.now() + timedelta(days=2))
    schedule.open_run(by="schedule")
    new = retrain()
    looks = [delisting.look(), delisting.look()]
    old.refresh_from_db()

    assert within == (0, False)
    assert past == (0, 0, True)
    assert looks == [1, 0]
    assert old.standing == "DELISTED"
    assert acts() == ["checkpoint.past_limit", "checkpoint.delisted"]
    assert "no longer offered" in client.get(reverse("model", args=[old.version])).content.decode()
    assert client.get(reverse("model-file", args=[old.version, "README.md"])).status_code == 404
    assert client.get(reverse("model-file", args=[new.version, "README.md"])).status_code == 200
    with pytest.raises(champion.NotChanged):
        champion.rollback(by="operator", reason="x")


def test_a_champion_that_nothing_replaces_is_delisted_in_the_end_and_goes_on_suggesting(run, more, settings):
    holder = retrain()
    for clip in more[:3]:
        take_back(clip)
    soon = delisting.look()
    Checkpoint.objects.update(past_limit_at=timezone.now() - timedelta(days=settings.DELIST_DAYS, minutes=1))

    late = delisting.look()

    assert (soon, late) == (0, 1)
    assert champion.suggester() == holder
