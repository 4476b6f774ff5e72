"""What a clip takes: bytes in storage by kind, bytes of rows and indexes, statements, and growth of the log of writes.

`OE_SPEECH=FOLDER ./run bench tests/benchmarks/test_room.py -s`; with OE_TEST_DATABASE_URL on that PostgreSQL. One clip
comes by intake, is screened, and is heard by two listeners. Prints the table of docs/guides/capacity.md.
"""

import itertools
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection

from contributions.listening import ratings
from contributions.models import Clip
from openempathic import storage
from openempathic.accounts.models import Role
from openempathic.backups import making
from openempathic.backups.places import Place
from tests import worlds
from tests.benchmarks.tables import markdown
from tests.benchmarks.test_screening_speed import heard
from tests.contributions.audio.sounds import encoded

IS_BENCHMARK = "OE_BENCH" in os.environ
SPEECH = os.environ.get("OE_SPEECH", "")
KINDS = ("webm-pcm", "webm-opus", "mp4-aac")
CLIPS = 120 if SPEECH else 6
A_VOICE_GIVES = 20


def recordings() -> Iterator[tuple[bytes, float]]:
    """Files as browsers send them, by turns, of the speech that is here, and their seconds."""
    folder = Path(SPEECH) if SPEECH else worlds.SOUNDS
    every = sorted(path for path in folder.rglob("*") if path.suffix in (".wav", ".flac", ".opus"))
    some = every[:: max(1, len(every) // CLIPS)]
    for path, kind in zip(itertools.islice(itertools.cycle(some), CLIPS), itertools.cycle(KINDS), strict=False):
        voice = heard(path.read_bytes())
        yield encoded(voice, kind, from_hz=48_000, is_live=True), len(voice) / 48_000


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
def test_what_a_clip_takes(settings, tmp_path):
    settings.CLIPS_PER_DAY = settings.RATINGS_PER_DAY = 10_000
    settings.VAR = tmp_path
    listeners = [worlds.person(name, Role.MODERATOR) for name in ("milo", "mona")]
    came = list(recordings())
    people = [worlds.volunteer(f"voice-{n}") for n in range(-(-len(came) // A_VOICE_GIVES))]
    statements: Counter[str] = Counter()
    sizes, log = database_bytes(), log_bytes()

    with connection.execute_wrapper(counting(statements)):
        for number, (content, _seconds) in enumerate(came):
            worlds.screened_clip(people[number // A_VOICE_GIVES], content)
            for listener in listeners:
                if turn := ratings.open_turn(listener):
                    ratings.rate(
                        worlds.heard(turn), by=listener, answer=ratings.Answer(is_usable=True, emotion="anger")
                    )

    grown = database_bytes() - sizes
    told = [
        ("seconds of a clip", sum(seconds for _content, seconds in came) / len(came)),
        *((f"KiB of {kind}", size / 1024) for kind, size in sorted(storage_bytes().items())),
        ("objects", sum(1 for _key in storage.keys("clips/")) / len(came)),
        *((f"KiB of {kind}", size / 1024 / len(came)) for kind, size in sorted(grown.items())),
        ("KiB of the log of writes", (log_bytes() - log) / 1024 / len(came)),
        *((f"{word} statements", count / len(came)) for word, count in sorted(statements.items())),
    ]
    backed_up = backup_of(tmp_path) if connection.vendor == "sqlite" else {}
    told += [(f"{name} of its backup", value / len(came)) for name, value in backed_up.items()]

    print(f"\n{len(came)} clips on {connection.vendor}\n")  # noqa: T201
    print(markdown(["of each clip", "mean"], told))  # noqa: T201
    assert Clip.objects.filter(status="ACCEPTED").count() > len(came) / 2
    assert sum(grown.values()) > 0


def storage_bytes() -> dict[str, float]:
    """The mean size of each kind of object."""
    sizes: dict[str, list[int]] = {}
    for entry in storage.listed("clips/"):
        sizes.setdefault(entry.key.rpartition("/")[2], []).append(entry.byte_count)
    return {kind: sum(every) / len(every) for kind, every in sizes.items()}


def database_bytes() -> Counter[str]:
    """What rows and indexes take now."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
            return Counter({"rows and indexes": cursor.fetchone()[0]})
        cursor.execute(
            "SELECT sum(pg_table_size(c.oid)), sum(pg_indexes_size(c.oid)) FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r'"
        )
        rows, indexes = cursor.fetchone()
        return Counter({"rows": int(rows), "indexes": int(indexes)})


def log_bytes() -> int:
    """How much PostgreSQL has written ahead so far; SQLite's log begins anew too often to be told."""
    if connection.vendor == "sqlite":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")
        return int(cursor.fetchone()[0])


def counting(statements: Counter[str]):
    """Count what is asked of the database by its first word."""

    def count(execute, sql, params, many, context):
        word = sql.split(None, 1)[0].upper()
        statements[word if word in ("SELECT", "INSERT", "UPDATE", "DELETE") else "other"] += 1
        return execute(sql, params, many, context)

    return count


def backup_of(folder: Path) -> dict[str, float]:
    """Objects and KiB that a first backup keeps."""
    from django.utils import timezone

    told = making.make(Place(str(folder / f"place-{uuid4().hex[:6]}")), now=timezone.now())["objects"]
    return {"objects": told["copied"], "KiB": told["copied_bytes"] / 1024}
