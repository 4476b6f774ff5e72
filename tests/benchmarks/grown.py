"""A site with as many clips as are asked for, made by the database itself: a million in minutes, on either one.

Of ten clips seven are accepted (four heard to the end, three wanting more ears), two are in review, one is withdrawn.
One in a hundred is gold, one voice in five is on the test side, and there are three languages.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from contributions.listening import labels, queue
from contributions.models import (
    Clip,
    ClipLabel,
    Contributor,
    CurrentConsent,
    GoldItem,
    ListeningNeed,
    Rating,
    RatingTurn,
)
from openempathic.accounts.models import Role, User
from tests import harvest, worlds

CLIPS_OF_ONE = 40
OTHERS = 50
# What the listener whose time is taken has heard before, however many clips there are.
HEARD_BEFORE = 300
LANGUAGE = "CASE n % 3 WHEN 0 THEN 'en' WHEN 1 THEN 'de' ELSE 'pl' END"
STATUS = "CASE WHEN n % 10 < 7 THEN 'ACCEPTED' WHEN n % 10 < 9 THEN 'IN_REVIEW' ELSE 'WITHDRAWN' END"
VOICE = f"n / {CLIPS_OF_ONE}"
PRIORITY = f"""CASE WHEN ({VOICE}) % 5 = 0 THEN {queue.TEST_SIDE} WHEN n % 10 > 6 THEN {queue.UNSETTLED}
    WHEN n % 7 = 0 THEN {queue.DISAGREEMENT} ELSE {queue.REST} END"""


class Grown:
    """The site while it grows; `listener` is whoever asks for the next clip."""

    def __init__(self) -> None:
        worlds.stocked()
        self.listener = worlds.person("milo", Role.MODERATOR)
        rows = [User(email=f"m{number}@example.org", role=Role.MODERATOR) for number in range(OTHERS)]
        User.objects.bulk_create(rows)
        self.first_other = User.objects.order_by("-pk").values_list("pk", flat=True)[OTHERS - 1]
        voice = worlds.voice_of(worlds.volunteer("vera"))
        clip = harvest.in_review(voice, emotion="anger", language="en")
        Clip.objects.filter(pk=clip.pk).update(duration_seconds=2.0)
        self.templates: dict[type[Model], Any] = {
            Contributor: voice.pk,
            CurrentConsent: CurrentConsent.objects.get(contributor=voice, purpose="STORE_AND_REVIEW").pk,
            Clip: clip.pk,
            ListeningNeed: clip.pk,
            Rating: harvest.heard(clip, "anger", by=self.listener).pk,
            RatingTurn: RatingTurn.objects.create(
                clip=clip, rater=self.listener, lease_expires_at=timezone.now(), closed_at=timezone.now()
            ).pk,
            ClipLabel: ClipLabel.objects.create(
                clip=clip, method=labels.COUNTS, emotion="anger", rating_count=1, made_at=timezone.now()
            ).pk,
            GoldItem: GoldItem.objects.create(clip=clip, language="en", emotions=["anger"]).pk,
        }
        Contributor.objects.filter(pk=voice.pk).update(user=None)
        self.size = 0

    def grow(self, size: int) -> None:
        """Come to that many clips."""
        voices = (-(-self.size // CLIPS_OF_ONE), -(-size // CLIPS_OF_ONE))
        of, clip, these = number("voice", VOICE), number("clip", "n"), (self.size, size)
        self.copied(Contributor, voices, id=number("voice", "n"),
                    split="CASE WHEN n % 5 = 0 THEN 'test' ELSE 'train' END")  # fmt: skip
        self.copied(CurrentConsent, voices,
                    contributor_id=number("voice", "n"))  # fmt: skip
        self.copied(Clip, these, id=clip, contributor_id=of, language=LANGUAGE, status=STATUS)
        self.copied(ListeningNeed, these, where="n % 10 < 9", clip_id=clip, language=LANGUAGE, priority=PRIORITY,
                    place=by_lot(), wanted="CASE WHEN n % 10 > 6 THEN 1 ELSE 3 END",
                    given="CASE WHEN n % 10 < 4 THEN 3 WHEN n % 10 < 7 THEN 1 ELSE 0 END",
                    is_open="n % 10 > 3")  # fmt: skip
        # One answer each is enough: what is looked up of a clip is looked up by its number.
        said = {"where": "n % 10 < 7", "clip_id": clip, "rater_id": f"{self.first_other} + n % {OTHERS}"}
        self.copied(Rating, these, id=number("rating", "n"), **said)
        self.copied(RatingTurn, these, id=number("turn", "n"), **said)
        self.copied(ClipLabel, these, where="n % 10 < 7", clip_id=clip)
        self.copied(GoldItem, these, where="n % 100 = 1", clip_id=clip, language=LANGUAGE)
        if not self.size:
            heard = {"where": f"n % 10 IN (4, 5, 6) AND n < {HEARD_BEFORE * 10 // 3}", "clip_id": clip}
            self.copied(Rating, these, id=number("own", "n"), **heard)
            self.copied(RatingTurn, these, id=number("ownturn", "n"), **heard)
        self.size = size
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")

    def copied(self, model: type[Model], numbers: tuple[int, int], *, where: str = "1 = 1", **said: str) -> None:
        """The model's template once for each number, with these expressions of `n` in place of its own columns."""
        key = model._meta.pk
        names = [each.column for each in model._meta.concrete_fields if each is not key or each.column in said]
        values = ", ".join(said.get(name, f't."{name}"') for name in names)
        columns = ", ".join(f'"{name}"' for name in names)
        table, template = model._meta.db_table, key.get_db_prep_value(self.templates[model], connection)
        series = (
            f"generate_series({numbers[0]}, {numbers[1] - 1}) AS s(n)"
            if connection.vendor == "postgresql"
            else f"(WITH RECURSIVE s(n) AS (SELECT {numbers[0]} UNION ALL SELECT n + 1 FROM s WHERE n < "
            f"{numbers[1] - 1}) SELECT n FROM s) AS s"
        )
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                # Rows that refer to rows made by the same number need no check, which would take most of the time.
                cursor.execute("SET session_replication_role = replica")
            cursor.execute(
                f'INSERT INTO "{table}" ({columns}) SELECT {values} FROM "{table}" AS t, {series} '
                f'WHERE t."{key.column}" = %s AND {where}'.replace("% ", "%% "),
                [template],
            )
            if connection.vendor == "postgresql":
                cursor.execute("SET session_replication_role = origin")


@contextmanager
def twin_database() -> Iterator[str]:
    """Another database with all that is in this one; its name."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "postgresql":
        twin = f"{name}_twin"
        statement(f'CREATE DATABASE "{twin}" TEMPLATE "{name}"')
        yield twin
        statement(f'DROP DATABASE "{twin}"')
        return
    twin = f"{name}-twin"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(name, twin)
    yield twin
    for file in Path(twin).parent.glob(f"{Path(twin).name}*"):
        file.unlink()


def statement(sql: str) -> None:
    """One that no connection to either database may stand in the way of."""
    import psycopg

    said = connection.settings_dict
    connection.close()
    server = {"host": said["HOST"], "port": said["PORT"], "user": said["USER"], "password": said["PASSWORD"]}
    with psycopg.connect(dbname="postgres", autocommit=True, **server) as there:
        there.execute(sql)


@contextmanager
def in_database(name: str) -> Iterator[None]:
    """Everything that is asked meanwhile is asked of that database."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def number(kind: str, of: str) -> str:
    """A UUID for the number in SQL, without order, as the real ones are."""
    digest = f"MD5('{kind}' || CAST({of} AS VARCHAR(12)))"
    return f"CAST({digest} AS UUID)" if connection.vendor == "postgresql" else digest


def by_lot() -> str:
    """A number from 0 to 1 in SQL."""
    return "RANDOM()" if connection.vendor == "postgresql" else "ABS(RANDOM()) / 9223372036854775808.0"
