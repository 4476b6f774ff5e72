"""Gauges of the ground floor: the disk, the log's seals, the checkpoints, the backups."""

import shutil
from collections.abc import Iterator

from django.conf import settings
from django.utils import timezone

from openempathic.audit import sealing
from openempathic.audit.models import Verification
from openempathic.backups import newest
from openempathic.metrics import Gauge
from openempathic.registry.models import Checkpoint

COUNTED_MAX = 100_000


def gauges() -> Iterator[Gauge]:
    """Disk, seals, champion and backups."""
    yield from disk()
    yield from seals()
    yield from verification()
    yield from champion()
    yield backup()


def disk() -> Iterator[Gauge]:
    """How much room OE_VAR has."""
    room = shutil.disk_usage(settings.VAR)
    free = Gauge("openempathic_disk_free_bytes", "Bytes free where OE_VAR lies.")
    whole = Gauge("openempathic_disk_size_bytes", "Bytes of the disk where OE_VAR lies.")
    free.say(room.free)
    whole.say(room.total)
    yield from (free, whole)


def seals() -> Iterator[Gauge]:
    """How much of the log no seal covers, and since when."""
    waiting = sealing.after_the_last_seal()
    count = Gauge("openempathic_audit_unsealed_events", f"Events that no seal covers, up to {COUNTED_MAX}.")
    oldest = Gauge("openempathic_audit_oldest_unsealed_age_seconds", "Age of the oldest event that no seal covers.")
    count.say(waiting[:COUNTED_MAX].count())
    first = waiting.values_list("at", flat=True).first()
    oldest.say((timezone.now() - first).total_seconds() if first else 0)
    yield from (count, oldest)


def verification() -> Iterator[Gauge]:
    """When all that was sealed and chained was last looked at, and how much of it did not hold."""
    age = Gauge("openempathic_audit_verified_age_seconds", "Time since seals and chains were last verified.")
    broken = Gauge("openempathic_audit_broken", "What did not hold when seals and chains were last verified.")
    last = Verification.objects.last()
    if last is not None:
        age.say((timezone.now() - last.verified_at).total_seconds())
        broken.say(last.broken_count)
    yield from (age, broken)


def champion() -> Iterator[Gauge]:
    """How old the champion's crown is, and whether workers refuse what they should use."""
    age = Gauge("openempathic_champion_age_seconds", "How long the champion has been champion; absent without one.")
    refused = Gauge("openempathic_champion_refused", "1 while workers cannot use the champion, else 0.")
    of = Checkpoint.objects.filter(status=Checkpoint.Status.CHAMPION).first()
    if of is not None:
        age.say((timezone.now() - (of.crowned_at or of.published_at)).total_seconds())
    refused.say(of is not None and bool(of.refused_reason))
    yield from (age, refused)


def backup() -> Gauge:
    """How far back a restore would lead."""
    age = Gauge("openempathic_backup_age_seconds", "Age of the newest whole backup; absent while there is none.")
    age.say(newest.age_seconds(timezone.now()))
    return age
