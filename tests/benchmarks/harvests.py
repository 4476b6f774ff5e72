"""A site with so many accepted clips, and one freeze of all of them, each in a process of its own.

`python -m tests.benchmarks.harvests grow FOLDER CLIPS SECONDS` makes the site in the folder (SQLite, storage beside);
`... freeze FOLDER NAME` makes its release into FOLDER/NAME and prints what it took as JSON: seconds, processor seconds,
those for which nobody else may write into SQLite, the most memory that the process ever held, and the release's digest.
`... forget FOLDER` leaves the site without a release. A person gives fifty clips, each heard by two.
"""

import hashlib
import json
import os
import sys
import time
import uuid
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

CLIPS_OF_ONE, LISTENERS, SOUNDS = 50, 20, 40
EMOTIONS = ("anger", "fear", "happiness", "neutral", "sadness")


def site(folder: Path) -> dict[str, str]:
    """The environment of a process of that site."""
    database, storage = folder / "site.sqlite3", folder / "storage"
    ours = {"OE_VAR": str(folder), "DATABASE_URL": f"sqlite:///{database}", "STORAGE_URL": storage.as_uri()}
    return {**os.environ, **ours, "DJANGO_SETTINGS_MODULE": "openempathic.settings", "OE_DEVELOPMENT": "1"}


def grow(clips: int, seconds: float) -> None:
    """Make the people, their clips and what listeners said."""
    from django.core.management import call_command
    from django.db import transaction

    from contributions.models import CurrentConsent
    from tests import worlds

    call_command("migrate", verbosity=0)
    worlds.stocked()
    with transaction.atomic():
        event = CurrentConsent.objects.get(
            contributor=worlds.voice_of(worlds.volunteer("vera")), purpose="TRAIN_MODELS"
        )
        listeners = [worlds.person(f"m{number}") for number in range(LISTENERS)]
        numbers = iter(range(clips))
        while some := list(islice(numbers, 2_000)):
            plant(some, seconds, event, listeners)


def plant(numbers: list[int], seconds: float, event: object, listeners: list) -> None:
    """These clips, with their voices and answers."""
    from django.conf import settings

    from contributions.models import Clip, Contributor, CurrentConsent, Rating

    rows, stored = [], Path(urlsplit(settings.STORAGE_URL).path)
    for number in numbers:
        sound = sound_of(number, seconds)
        voice = uuid.uuid5(uuid.NAMESPACE_OID, f"voice {number // CLIPS_OF_ONE}")
        digest = hashlib.sha256(sound).hexdigest()
        rows.append(
            Clip(
                id=uuid.uuid5(uuid.NAMESPACE_OID, f"clip {number}"),
                contributor_id=voice,
                language=("en", "de", "pl")[number // CLIPS_OF_ONE % 3],
                intended_emotion=EMOTIONS[number % len(EMOTIONS)],
                sha256=digest,
                byte_count=len(sound),
                media_type="audio/flac",
                status="ACCEPTED",
            )
        )
        path = stored / rows[-1].archive
        path.parent.mkdir(parents=True)
        path.write_bytes(sound)
    voices = {row.contributor_id: number // CLIPS_OF_ONE for row, number in zip(rows, numbers, strict=True)}
    sides = ("train", "train", "train", "dev", "test")
    people = [Contributor(id=pk, language="en", split=sides[number % len(sides)]) for pk, number in voices.items()]
    Contributor.objects.bulk_create(people, ignore_conflicts=True)
    leave = [
        CurrentConsent(contributor_id=pk, purpose=event.purpose, is_given=True, event=event.event) for pk in voices
    ]
    CurrentConsent.objects.bulk_create(leave, ignore_conflicts=True)
    Clip.objects.bulk_create(rows, batch_size=500)
    answers = [
        Rating(clip=row, rater=rater, phase="BLIND", is_usable=True, emotion=row.intended_emotion, intensity=2)
        for place, row in enumerate(rows)
        for rater in (listeners[place % LISTENERS], listeners[(place + 7) % LISTENERS])
    ]
    Rating.objects.bulk_create(answers, batch_size=500)


def sound_of(number: int, seconds: float) -> bytes:
    """One of a few synthetic voices as FLAC, made another by the digest in its head, which no decoder needs."""
    from tests.training.worlds import flac, voice

    base = number % SOUNDS
    if base not in made:
        made[base] = flac(voice(EMOTIONS[base % len(EMOTIONS)], seed=base, seconds=seconds * (1 + base % 5 / 10)))
    return made[base][:26] + hashlib.md5(b"%d" % number, usedforsecurity=False).digest() + made[base][42:]


made: dict[int, bytes] = {}


def freeze(folder: Path) -> None:
    """Freeze, and print what it took."""
    from django.utils import timezone

    from contributions.releasing import releases

    locked = [timed(releases, name) for name in ("check_still_allowed", "keep_rows")]
    began, used = time.perf_counter(), time.process_time()
    release = releases.freeze("TRAINING", at=timezone.now(), by="benchmark", folder=folder)
    told = {
        "seconds": time.perf_counter() - began,
        "processor_seconds": time.process_time() - used,
        "locked_seconds": sum(map(sum, locked)),
        "peak_mib": peak_mib(),
        "digest": release.digest,
        "counts": release.counts,
    }
    sys.stdout.write(json.dumps(told) + "\n")


def peak_mib() -> float:
    """The most memory that this program ever held; getrusage would tell of whoever started it."""
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(told["VmHWM"].split()[0]) / 1024


def timed(room: object, name: str) -> list[float]:
    """The seconds that each call of the act takes from now on."""
    real, took = getattr(room, name), []

    def act(*args: object, **options: object) -> object:
        began = time.perf_counter()
        try:
            return real(*args, **options)
        finally:
            took.append(time.perf_counter() - began)

    setattr(room, name, act)
    return took


def forget() -> None:
    """Erase every release, so that the next one is made from nothing."""
    from contributions.models import Release, ReleaseClip
    from openempathic import storage

    ReleaseClip.objects.all().delete()
    for release in Release.objects.all():
        storage.erase(f"{release.prefix}/")
        release.delete()


def main(act: str, folder: Path, *rest: str) -> None:
    """Do what was asked in a site that is not the tests' own."""
    os.environ.update(site(folder))
    import django

    django.setup()
    if act == "grow":
        grow(int(rest[0]), float(rest[1]))
    elif act == "forget":
        forget()
    else:
        freeze(folder / rest[0])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
