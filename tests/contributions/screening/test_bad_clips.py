"""A clip that breaks what touches it costs three attempts, then waits for a moderator; others go on meanwhile."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from contributions.audio import decode, decoder
from contributions.models import Clip
from contributions.screening import examination
from openempathic import leases
from tests import worlds

pytestmark = pytest.mark.django_db
KILLS_THE_WARM_PROCESS = f"""{decoder.LOAD}
import os
decoding_child.work = lambda *_, parent, **__: os.kill(parent, 9)
decoding_child.main()"""


@pytest.fixture
def deadly(monkeypatch):
    """Clips that break through to the process that loaded the library, as no clip is known to."""
    monkeypatch.setattr(decoder, "_kept", threading.local())
    monkeypatch.setattr(decoder, "PROGRAM", KILLS_THE_WARM_PROCESS)


@pytest.fixture
def killed_worker(monkeypatch):
    """A worker that is killed at every clip: nothing of what would come after decoding is done."""

    def killed(*_args, **_options):
        raise SystemExit

    monkeypatch.setattr(decode, "decode", killed)


def attempt(clip, fault):
    """The next attempt, once the last lease has run out and the pause is over."""
    Clip.objects.filter(pk=clip.pk).update(next_attempt_at=leases.Now())
    Clip.objects.filter(pk=clip.pk, lease_expires_at__isnull=False).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )
    with pytest.raises(fault):
        examination.examine_due(clip.pk)


def test_a_clip_that_kills_the_decoder_waits_for_a_moderator_after_three_attempts(vera, deadly, monkeypatch):
    clip = worlds.stored_clip(vera)

    for _ in range(3):
        assert examination.quarantine_exhausted() == 0
        attempt(clip, decode.DecodingFailed)

    assert examination.examine_due(clip.pk) is None
    assert examination.quarantine_exhausted() == 1
    clip.refresh_from_db()
    assert (clip.status, clip.status_reason) == (Clip.Status.QUARANTINED, "ATTEMPTS_FAILED")
    monkeypatch.undo()
    assert worlds.screened_clip(vera).status == Clip.Status.IN_REVIEW


def test_a_clip_at_which_the_worker_is_killed_waits_for_a_moderator_after_three_leases(vera, killed_worker):
    clip = worlds.stored_clip(vera)

    for _ in range(3):
        attempt(clip, SystemExit)
        assert examination.quarantine_exhausted() == 0, "its lease may still be held by a worker that is only slow"
        assert examination.examine_due(clip.pk) is None
    Clip.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))

    assert examination.examine_due(clip.pk) is None
    assert examination.quarantine_exhausted() == 1
    clip.refresh_from_db()
    assert (clip.status, clip.status_reason) == (Clip.Status.QUARANTINED, "ATTEMPTS_FAILED")
