"""Sound of a purged clip that a late worker put back is found, erased and told of."""

import uuid
from datetime import timedelta

from django.utils import timezone

from contributions.leaving import strays
from contributions.models import Clip
from openempathic import storage
from openempathic.audit.models import AuditEvent
from tests import worlds
from tests.races import next_look, withdrawn_and_purged

SOUND = worlds.ANGER.read_bytes()


def test_what_was_found_and_erased_is_in_the_log(vera, caplog):
    clip = worlds.stored_clip(vera)
    withdrawn_and_purged(clip)
    storage.put(clip.archive, SOUND)
    next_look()
    next_look()

    assert AuditEvent.objects.get(act="clip.strays_erased").facts == {"objects": 1}
    assert "1 objects of it were there again" in caplog.text


def test_a_purged_clip_is_looked_at_soon_and_then_once_a_day_for_good(vera):
    clip = worlds.stored_clip(vera)
    withdrawn_and_purged(clip)
    pauses = []
    for _look in range(6):
        clip.refresh_from_db()
        pauses.append(round((clip.next_attempt_at - timezone.now()).total_seconds() / 60))
        next_look()

    assert pauses == [2, 10, 60, 1440, 1440, 1440]


def test_no_look_takes_more_than_its_share(vera):
    for _clip in range(3):
        withdrawn_and_purged(worlds.stored_clip(vera, SOUND + uuid.uuid4().bytes))
    # SQLite's own clock counts whole milliseconds: what is due this instant may not be due to it yet.
    Clip.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    strays.look_due(at_most=2)

    assert Clip.objects.filter(next_attempt_at__lte=timezone.now()).count() == 1
