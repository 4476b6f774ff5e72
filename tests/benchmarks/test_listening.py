"""What the next clip and an answer cost as the site grows: `OE_BENCH=1 ./run bench -k listening -s` tells the times."""

import os
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contributions.listening import ratings
from contributions.models import Rating
from tests import servers, worlds
from tests.benchmarks import grown
from tests.benchmarks.grown import Grown

IS_BENCHMARK = "OE_BENCH" in os.environ
HOUSE = Path(__file__).parent.parent.parent
BLOCKS = 20 if IS_BENCHMARK else 1
# Rounds of a block, after some that only warm up a new connection.
BLOCK = 20 if IS_BENCHMARK else 6
WARM_UP = 3
COUNTED = 40 if IS_BENCHMARK else 15
# In turn, so that no part of a small site is heard out: all that there are, and one of them.
LANGUAGES = (None, "en", "de", "pl")
# What SQLite's machine does may grow by what deeper indexes cost.
STEPS_GROWTH_MAX = 1.3


def sizes() -> tuple[int, int]:
    """How many clips before and after: what is asked of a site, or a little where only the tests run."""
    if not IS_BENCHMARK:
        return 1_500, 4_500
    if sizes_asked := os.environ.get("OE_BENCH_SIZES"):
        return tuple(map(int, sizes_asked.split(",")))
    return (10_000, 1_000_000) if connection.vendor == "postgresql" else (10_000, 100_000)


def one_round(listener: Any, language: str | None, timed: Callable[[str, Callable[[], Any]], Any]) -> None:
    """The next clip, heard to its end, and the answer to it."""
    turn = timed("next clip", lambda: ratings.open_turn(listener, language=language))
    worlds.heard(turn)
    answer = ratings.Answer(is_usable=True, emotion="sadness")
    timed("submit", lambda: ratings.rate(turn, by=listener, answer=answer))


def milliseconds(site: Grown, databases: dict[int, str]) -> dict[int, dict[str, list[float]]]:
    """How long each of many rounds took in each of the databases, by turns: whatever else runs here disturbs both."""
    taken: dict[int, dict[str, list[float]]] = {size: defaultdict(list) for size in databases}
    for block in range(BLOCKS):
        for size, name in databases.items():
            with grown.in_database(name):
                for number in range(WARM_UP + BLOCK):
                    rounds = taken[size] if number >= WARM_UP else defaultdict(list)
                    language = LANGUAGES[(block + number) % len(LANGUAGES)]
                    one_round(site.listener, language, partial(timed, rounds))
    return taken


def timed(rounds: dict[str, list[float]], act: str, call: Callable[[], Any]) -> Any:
    """What the call gives, its time kept."""
    began_at = time.perf_counter()
    result = call()
    rounds[act].append(1000 * (time.perf_counter() - began_at))
    return result


def queries(site: Grown) -> dict[str, int]:
    """How many queries most rounds made; an answer to a clip in review may move it, so that it is counted apart."""
    made: dict[str, list[int]] = defaultdict(list)

    def counted(act: str, call: Callable[[], Any]) -> Any:
        with CaptureQueriesContext(connection) as asked:
            result = call()
        kind = act if act == "next clip" else f"{act}, {status_before(result)}"
        made[kind].append(len(asked))
        return result

    for number in range(COUNTED):
        one_round(site.listener, LANGUAGES[number % len(LANGUAGES)], counted)
    return {kind: Counter(each).most_common(1)[0][0] for kind, each in made.items()}


def status_before(rating: Rating) -> str:
    """Where the clip was when it was answered: one answer settles it here."""
    return "accepted" if Rating.objects.filter(clip=rating.clip_id).count() > 1 else "in review"


def steps(site: Grown) -> dict[str, float]:
    """How many steps SQLite's machine made in the middle one of some rounds: the same on every machine."""
    made: dict[str, list[int]] = {"next clip": [], "submit": []}

    def counted(act: str, call: Callable[[], Any]) -> Any:
        seen: Counter[str] = Counter()
        connection.connection.set_progress_handler(lambda: seen.update(["step"]), 1)
        result = call()
        connection.connection.set_progress_handler(None, 1)
        made[act].append(seen["step"])
        return result

    for number in range(COUNTED):
        one_round(site.listener, LANGUAGES[number % len(LANGUAGES)], counted)
    return {act: statistics.median(each) for act, each in made.items()}


def told(size: int, taken: dict[str, list[float]], asked: dict[str, int], made: dict[str, float]) -> str:
    """One line for each act."""
    lines = []
    for act, each in taken.items():
        p50, p95 = percentiles(each)
        step = f"{made[act]:8.0f} steps" if made else ""
        many = max(count for kind, count in asked.items() if kind.startswith(act))
        lines.append(f"{size:>9} clips  {act:<10} p50 {p50:6.2f} ms  p95 {p95:6.2f} ms  {many:>3} queries {step}")
    return "\n".join(lines)


def percentiles(each: list[float]) -> tuple[float, float]:
    """The middle one, and the one that nineteen of twenty are below."""
    return statistics.median(each), statistics.quantiles(each, n=20)[18]


def ratios(small: dict[str, list[float]], large: dict[str, list[float]]) -> str:
    """How many times as long it takes on the large site."""
    lines = []
    for act in small:
        p50, p95 = (there / here for here, there in zip(percentiles(small[act]), percentiles(large[act]), strict=True))
        lines.append(f"    large by small         {act:<10} p50 x {p50:.2f}  p95 x {p95:.2f}")
    return "\n".join(lines)


@pytest.mark.django_db(transaction=True)
def test_the_next_clip_and_an_answer_cost_the_same_however_many_clips_there_are(settings, capsys):
    settings.RATINGS_PER_DAY = 1_000_000
    small, large = sizes()
    site = Grown()
    site.grow(small)
    with grown.twin_database() as twin:
        databases = {small: connection.settings_dict["NAME"], large: twin}
        with grown.in_database(twin):
            site.grow(large)
        taken, asked, made = milliseconds(site, databases), {}, {}
        for size, name in databases.items():
            with grown.in_database(name):
                asked[size] = queries(site)
                made[size] = steps(site) if connection.vendor == "sqlite" else {}
    with capsys.disabled():
        sys.stdout.write(f"\n{connection.vendor}\n")
        for size in databases:
            sys.stdout.write(f"{told(size, taken[size], asked[size], made[size])}\n")
        sys.stdout.write(f"{ratios(taken[small], taken[large])}\n")

    both = set(asked[small]) & set(asked[large])
    assert {kind: asked[small][kind] for kind in both} == {kind: asked[large][kind] for kind in both}
    assert all(made[large][act] < STEPS_GROWTH_MAX * made[small][act] for act in made[small])


if IS_BENCHMARK:

    def test_the_same_on_postgresql(postgres_server, capsys):
        environment = {**os.environ, "OE_TEST_DATABASE_URL": servers.new_database(postgres_server)}
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-s", __file__, "-k", "however_many"]
        done = subprocess.run(command, cwd=HOUSE, env=environment, capture_output=True, text=True)

        told_there = [line for line in done.stdout.splitlines() if "clips " in line or line == "postgresql"]
        with capsys.disabled():
            sys.stdout.write("\n".join(["", *told_there, ""]))
        assert done.returncode == 0, done.stdout[-5000:]
