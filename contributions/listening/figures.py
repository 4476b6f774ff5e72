"""The figures of the dashboards, reckoned in the background: the queue with its age, the throughput, how what was asked
for and what was heard go together, and coverage.

Each is a row for a language, and one under no language for all of them, with the moment of its reckoning; the pages
only read them. `agreement` and `assistance` are reckoned elsewhere and shown beside these. What they do not know: why.
"""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Count, Exists, IntegerField, Model, OuterRef, QuerySet, Value, When
from django.db.models.functions import TruncDate
from django.utils import timezone

from contributions import taxonomy
from contributions.asking import gaps
from contributions.listening.labels import COUNTS
from contributions.listening.queue import widest
from contributions.models import (
    Clip,
    ClipLabel,
    CoverageCount,
    Examination,
    Figure,
    ListeningNeed,
    Purpose,
    Rating,
    Verdict,
)
from contributions.screening import verdicts

# The figure of all languages together.
ALL = ""
# Hours after which a need counts as older: an hour, a day, three days, a week, four weeks.
AGES = (1, 24, 72, 168, 672)
DAYS = 30
# Of fewer clips nothing is told: who still listens must not learn from a figure what was asked for in one of them.
FEWEST_CLIPS = 5

Content = dict[str, Any]
ByLanguage = dict[str, Content]


def reckon_soon(*, at: datetime) -> None:
    """Reckon again what changes by the minute and costs little: queue, throughput and coverage."""
    for name, made in (("queue", queue(at=at)), ("throughput", throughput(at=at)), ("coverage", coverage())):
        keep(name, made, at=at)


def reckon_later(*, at: datetime) -> None:
    """Reckon again what looks at every settled clip."""
    keep("confusion", confusion(), at=at)


def keep(name: str, made: ByLanguage, *, at: datetime) -> None:
    """Put these in the place of the figures of that name."""
    rows = [Figure(name=name, language=tag, content=content, reckoned_at=at) for tag, content in made.items()]
    with transaction.atomic():
        Figure.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["name", "language"], update_fields=["content", "reckoned_at"]
        )
        Figure.objects.filter(name=name, reckoned_at__lt=at).delete()


def queue(*, at: datetime) -> ByLanguage:
    """How many clips want another listener, by priority, and how many a moderator, by status; in each by age.

    `{"ages": hours, "needs": {"10": [..]}, "set_aside": {"DISPUTED": [..]}}`. The first number of each counts those
    younger than the first age, the last those older than all.
    """
    needs = aged(ListeningNeed.objects.filter(is_open=True), "opened_at", "priority", at=at)
    waiting = Clip.objects.filter(status__in=verdicts.WAITING).covered_by(Purpose.STORE_AND_REVIEW)
    set_aside = aged(waiting, "stored_at", "status", at=at)
    return {
        tag: {"ages": list(AGES), "needs": needs[tag], "set_aside": set_aside[tag]} for tag in {ALL, *needs, *set_aside}
    }


def aged(rows: QuerySet[Any], came_at: str, column: str, *, at: datetime) -> defaultdict[str, dict[str, list[int]]]:
    """How many of each value of the column are of which age, by language."""
    younger = [
        When(**{f"{came_at}__gt": at - timedelta(hours=hours)}, then=Value(place)) for place, hours in enumerate(AGES)
    ]
    age = Case(*younger, default=Value(len(AGES)), output_field=IntegerField())
    found: defaultdict[str, dict[str, list[int]]] = defaultdict(dict)
    for row in rows.annotate(age=age).values("language", column, "age").annotate(clips=Count("pk")).order_by():
        for tag in (widest(row["language"]), ALL):
            by_age = found[tag].setdefault(str(row[column]), [0] * (len(AGES) + 1))
            by_age[row["age"]] += row["clips"]
    return found


def throughput(*, at: datetime) -> ByLanguage:
    """What was done on each of the last thirty days, today last: `{"days": [..], "ratings": [..], ..}`."""
    today = timezone.localdate(at)
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    since = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    screened = lately(Examination.objects.filter(agent=Examination.Agent.SCREENING), "examined_at", since=since)
    done = {
        "ratings": by_day(Rating.objects.counting().filter(rated_at__gte=since), "rated_at"),
        "screenings": by_day(screened, "examined_at"),
        "verdicts": by_day(lately(Verdict.objects.filter(is_proposal=False), "decided_at", since=since), "decided_at"),
    }
    tags = {ALL}.union(*done.values())
    return {
        tag: {
            "days": [day.isoformat() for day in days],
            **{name: [found[tag][day] for day in days] for name, found in done.items()},
        }
        for tag in tags
    }


def lately(rows: QuerySet[Any], moment: str, *, since: datetime) -> QuerySet[Any]:
    """Those since the moment, of a table without an index on moments that grows in their order.

    The first of them is sought by halving, so that it costs the same however many came before.
    """
    model: type[Model] = rows.model
    ends = [model._default_manager.order_by(order).values_list("pk", flat=True).first() for order in ("pk", "-pk")]
    low, high = (end or 0 for end in ends)
    while low < high:
        middle = (low + high) // 2
        found = model._default_manager.filter(pk__gte=middle).order_by("pk").values_list(moment, flat=True).first()
        low, high = (low, middle) if found is None or found >= since else (middle + 1, high)
    return rows.filter(pk__gte=low, **{f"{moment}__gte": since})


def by_day(rows: QuerySet[Any], moment: str) -> defaultdict[str, Counter[date]]:
    """How many there are on each day, by the language of their clip, and of all."""
    found: defaultdict[str, Counter[date]] = defaultdict(Counter)
    dated = rows.annotate(day=TruncDate(moment)).values("clip__language", "day").annotate(times=Count("pk"))
    for row in dated.order_by():
        for tag in (widest(row["clip__language"]), ALL):
            found[tag][row["day"]] += row["times"]
    return found


def confusion() -> ByLanguage:
    """What was heard where what was asked for, of settled clips: counts and shares of the row.

    `{"clips": n, "fewest": 5, "cells": {asked: {heard: {"clips": n, "share": x}}}}`. Only cells of enough clips are in
    it; the shares are of all clips of the row, so that what is left out lessens them.
    """
    counts: defaultdict[str, defaultdict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for row in settled().values("clip__language", "clip__intended_emotion", "emotion").annotate(clips=Count("pk")):
        for tag in (widest(row["clip__language"]), ALL):
            counts[tag][row["clip__intended_emotion"]][row["emotion"]] += row["clips"]
    made = {tag: told(table) for tag, table in counts.items()}
    return {ALL: told({})} | made


def settled() -> QuerySet[ClipLabel]:
    """The labels of accepted clips that nobody is asked about any more, and that were asked for with an emotion."""
    wanting = ListeningNeed.objects.filter(clip=OuterRef("clip"), is_open=True)
    labels = ClipLabel.objects.filter(method=COUNTS, clip__status=Clip.Status.ACCEPTED).exclude(emotion="")
    return labels.exclude(clip__intended_emotion="").filter(~Exists(wanting)).order_by()


def told(table: dict[str, Counter[str]]) -> Content:
    """What may be told of the counts."""
    cells = {
        asked: {
            heard: {"clips": clips, "share": round(clips / row.total(), 4)}
            for heard, clips in row.items()
            if clips >= FEWEST_CLIPS
        }
        for asked, row in table.items()
    }
    clips = sum(row.total() for row in table.values())
    return {
        "clips": clips if clips >= FEWEST_CLIPS else 0,
        "fewest": FEWEST_CLIPS,
        "cells": {asked: row for asked, row in cells.items() if row},
    }


def coverage() -> ByLanguage:
    """Accepted voices by emotion, beside how many are wanted: `{"wanted": 20, "given": {tag: {emotion: n or null}}}`.

    As on the public page, null stands for a number so small that it could point at somebody.
    """
    names = [emotion.name for emotion in taxonomy.core_emotions()]
    given: dict[str, dict[str, int | None]] = {tag: dict.fromkeys(names, 0) for tag in taxonomy.prompt_languages()}
    counted = CoverageCount.objects.filter(kind="", style="", emotion__in=names)
    for tag, emotion, voices in counted.values_list("language", "emotion", "accepted_voices"):
        given.setdefault(tag, dict.fromkeys(names, 0))[emotion] = gaps.told(voices)
    facts = {"wanted": settings.VOICES_WANTED, "fewest": gaps.FEWEST_VOICES}
    return {ALL: {**facts, "given": given}} | {tag: {**facts, "given": {tag: row}} for tag, row in given.items()}
