"""What the figures for Prometheus cost as the site grows.

`OE_BENCH=1 OE_BENCH_SIZE=1000000 ./run bench tests/benchmarks/test_figures_cost.py -s` tells the times, on SQLite; with
OE_TEST_DATABASE_URL on PostgreSQL. A fifth of the clips waits for its screening and a tenth to be erased: far more than
on any site whose workers live.
"""

import os
import re
import statistics
import sys
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contributions.models import Clip
from openempathic.metrics import page
from tests.benchmarks.grown import Grown

IS_BENCHMARK = "OE_BENCH" in os.environ
SIZE = int(os.environ.get("OE_BENCH_SIZE", "100000" if IS_BENCHMARK else "300"))
ROUNDS = 15
SLOWEST_SHOWN = 4
# Tables that grow with every clip: none of these may be read from end to end, but for the one count by status.
LARGE = ("contributions_clip", "contributions_suggestion", "contributions_rating")

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    """A grown site with a backlog."""
    made = Grown()
    made.grow(SIZE)
    Clip.objects.filter(status="IN_REVIEW").update(status="STORED", next_attempt_at=Now())
    Clip.objects.filter(status="WITHDRAWN").update(next_attempt_at=Now())
    # All but the last second's were given long ago.
    Clip.objects.exclude(status="STORED").update(stored_at=timezone.now() - timedelta(days=300))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return made


def plan_of(sql):
    """The database's way to the answer, a line a step."""
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {sql.replace('%', '%%')}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def test_no_question_reads_a_large_table_from_end_to_end(site):
    for source, _seconds in page.SOURCES:
        for sql in (question["sql"] for question in asked_by(source)):
            if connection.vendor == "sqlite":
                scans = [step for step in plan_of(sql).splitlines() if step.startswith("SCAN") and "INDEX" not in step]
                assert [step for step in scans if step.split()[1] in LARGE] == [], sql
    if IS_BENCHMARK:
        sys.__stderr__.write(times())


def asked_by(source):
    """The questions of one source."""
    with CaptureQueriesContext(connection) as asked:
        page.ask(source)
    return [each for each in asked if each["sql"].startswith("SELECT") and "set_config" not in each["sql"]]


def times():
    """How long each source takes, and its slowest questions."""
    lines = [f"{connection.vendor}, {SIZE} clips, {ROUNDS} rounds"]
    for source, seconds in page.SOURCES:
        taken = []
        for _round in range(ROUNDS):
            began = time.perf_counter()
            asked = asked_by(source)
            taken.append(1000 * (time.perf_counter() - began))
        lines.append(
            f"{source}: {len(asked)} questions, median {statistics.median(taken):.1f} ms, worst {max(taken):.1f} ms, "
            f"kept for {seconds} s"
        )
        for question in sorted(asked, key=lambda each: -float(each["time"]))[:SLOWEST_SHOWN]:
            way = [
                step.strip() for step in plan_of(question["sql"]).splitlines() if re.search(r"Scan|SCAN|SEARCH", step)
            ]
            lines.append(f"    {1000 * float(question['time']):.0f} ms {question['sql'][-130:]}\n        {way}")
    return "\n".join(lines) + "\n"
