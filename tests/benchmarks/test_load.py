"""The web path under load: `./run bench tests/benchmarks/test_load.py -s`, embedded and on servers.

Uploads by the number of web processes, fifty moderators at once, and every page that takes no argument, on a small site
and on a large one, over HTTP from this very machine: those who ask share its cores with the site. So beside the times
stands what does not depend on them: the processor time that the site's processes spent on one request. No worker runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests import servers, sites, worlds
from tests.benchmarks.corpora import CACHE
from tests.benchmarks.load_people import Clock, Person, running
from tests.benchmarks.tables import markdown

pytestmark = pytest.mark.soak
IS_BENCHMARK = "OE_BENCH" in os.environ
SECONDS = float(os.environ.get("OE_BENCH_SECONDS", "20" if IS_BENCHMARK else "1"))
WARM_UP_SECONDS = 3 if IS_BENCHMARK else 0.5
WORKERS = (1, 2, 4) if IS_BENCHMARK else (1,)
# How often a moderator hears a clip: a short one, and an answer.
CLIP_EVERY_SECONDS = 10.0
PAGES_ASKED = 15 if IS_BENCHMARK else 2
SLOWEST = 15
SOUND = worlds.SOUNDS / "german-fear.wav"


def sizes(shape: str) -> tuple[int, ...]:
    """How many clips are there before and after."""
    if not IS_BENCHMARK:
        return (300,)
    if asked := os.environ.get("OE_BENCH_SIZES"):
        return tuple(map(int, asked.split(",")))
    return (10_000, 1_000_000) if shape == "servers" else (10_000, 100_000)


@dataclass
class Loaded:
    """A site with its people, and the processes whose time is counted."""

    site: sites.Site
    sessions: dict[str, Any]
    stores: list[servers.Server]

    @contextmanager
    def served(self, workers: int) -> Iterator[None]:
        """The web, with so many processes."""
        self.site.environment["OE_WEB_WORKERS"] = str(workers)
        web = self.site.start("web", sites.COMMANDS["web"], self.site.is_healthy)
        try:
            yield
        finally:
            web.stop()

    def people(self, kind: str, clock: Clock) -> list[Person]:
        """All of the kind."""
        return [Person(self.site.url, one, clock, seed) for seed, one in enumerate(self.sessions[kind], start=1)]

    def spent(self) -> dict[str, float]:
        """Seconds of processor time so far, of the web and of each server."""
        known = {"web": self.site.processes["web"], **{one.name: one for one in self.stores}}
        return {name: sum(seconds(each) for each in family(one.process.pid)) for name, one in known.items()}

    def memory(self) -> list[str]:
        """Mebibytes that each of the web's processes has to itself, and with what it shares."""
        told = [each.memory_full_info() for each in family(self.site.processes["web"].process.pid)]
        return [f"{one.uss / 2**20:.0f} ({one.rss / 2**20:.0f})" for one in told]


def family(pid: int) -> list[psutil.Process]:
    """A process and all it started."""
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


def seconds(process: psutil.Process) -> float:
    """What the process has used of a core."""
    used = process.cpu_times()
    return used.user + used.system


@contextmanager
def loaded(shape: str, size: int, folder: Path) -> Iterator[Loaded]:
    """A site of that many clips, on a machine of its own or on servers."""
    environment = {"OE_CLIPS_PER_DAY": "10000000", "OE_RATINGS_PER_DAY": "10000000", "OE_TRY_PAGE": "off"}
    with ExitStack() as stack:
        stores = []
        if shape == "servers":
            stores = [stack.enter_context(one) for one in map(contextmanager_of, ("postgres", "seaweedfs"))]
            environment |= {key: x for one in stores for key, x in one.environment.items()}
            environment["STORAGE_URL"] = environment["STORAGE_URL"].replace("?", f"/{uuid.uuid4().hex}?")
        site = stack.enter_context(sites.site(folder, environment))
        command = [sys.executable, "-m", "tests.benchmarks.load_world", str(size)]
        done = subprocess.run(command, cwd=sites.HOUSE, env=grown_environment(site), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        yield Loaded(site, json.loads(done.stdout.splitlines()[-1]), stores)


def contextmanager_of(name: str) -> Any:
    """A server of that name, stopped afterwards."""
    return contextmanager(getattr(servers, name).__wrapped__)()


def grown_environment(site: sites.Site) -> dict[str, str]:
    """The site's, for a program that is no management command."""
    return site.environment | {"DJANGO_SETTINGS_MODULE": "openempathic.settings"}


def measured(there: Loaded, clock: Clock, acts: list[Callable[[], object]], asked: int = 0) -> dict[str, float]:
    """Let them act for a while after a warm-up; processor seconds spent meanwhile."""
    with running(acts, Clock()):
        time.sleep(WARM_UP_SECONDS)
    for each in (clock.taken, clock.failed):
        each.clear()
    before = there.spent()
    with running(acts, clock):
        time.sleep(SECONDS)
    return {name: after - before.get(name, 0.0) for name, after in there.spent().items()}


def paced(person: Person) -> Callable[[], object]:
    """A moderator who takes their time over a clip."""
    person.chance.seed(person.cookies)
    due = [time.monotonic() + person.chance.uniform(0, CLIP_EVERY_SECONDS)]

    def act() -> None:
        if (left := due[0] - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))
            return
        due[0] = max(due[0] + CLIP_EVERY_SECONDS, time.monotonic())
        person.review()

    return act


def uploads(there: Loaded, size: int) -> list[tuple[object, ...]]:
    """A row for each number of web processes."""
    rows = []
    sound = SOUND.read_bytes()
    for workers in WORKERS:
        with there.served(workers):
            clock = Clock()
            people = there.people("volunteers", clock)
            spent = measured(there, clock, [partial(one.upload, sound) for one in people])
            count = max(len(clock.taken["upload"]), 1)
            costs = ", ".join(f"{name} {1000 * x / count:.1f}" for name, x in spent.items())
            memory = ", ".join(there.memory())
            rate = f"{clock.rate('upload'):.1f}"
            rows.append((size, workers, rate, *clock.told("upload"), costs, memory, dict(clock.failed) or "none"))
    return rows


def reviews(there: Loaded, size: int) -> list[tuple[object, ...]]:
    """Rows for fifty moderators who take their time, and for fifty who take none."""
    rows = []
    for pace in ("a clip in 10 s each", "without a pause"):
        with there.served(2):
            clock = Clock()
            people = there.people("moderators", clock)
            acts = [paced(one) if "10" in pace else one.review for one in people]
            spent = measured(there, clock, acts)
            costs = ", ".join(f"{name} {x / clock.seconds:.2f}" for name, x in spent.items())
            for act in ("next clip", "heard", "submit"):
                figures = (f"{clock.rate(act):.1f}", *clock.told(act))
                rows.append((size, pace, act, *figures, costs, dict(clock.failed) or "none"))
    return rows


def pages(there: Loaded, size: int) -> list[tuple[object, ...]]:
    """A row for each of the slowest pages, one reader at a time."""
    rows = []
    with there.served(1):
        clock = Clock()
        cleo = Person(there.site.url, there.sessions["curator"], clock)
        vera = Person(there.site.url, there.sessions["volunteers"][0], clock)
        for name, path in sorted(there.sessions["pages"].items()):
            reader = vera if path.startswith(("/contribute", "/my")) else cleo
            if reader.ask(name, "GET", path)[0] == 200:
                clock.taken[name].clear()
                for _time in range(PAGES_ASKED):
                    reader.ask(name, "GET", path)
            else:
                del clock.taken[name]
    slowest = sorted(clock.taken, key=lambda name: -sum(clock.taken[name]))
    for name in slowest[:SLOWEST]:
        rows.append((size, there.sessions["pages"][name], *clock.told(name)))
    middles = sorted(sum(each) / len(each) for each in clock.taken.values())
    rows.append((size, f"the middle one of all {len(middles)}", f"{middles[len(middles) // 2]:.0f}", "", ""))
    return rows


TABLES: dict[str, tuple[Callable[[Loaded, int], list[tuple[object, ...]]], tuple[str, ...]]] = {
    "uploads": (
        uploads,
        ("clips", "web processes", "uploads/s", "p50 ms", "p95", "p99", "ms of a core each", "MiB own (resident)",
         "refused"),
    ),
    "reviews": (
        reviews,
        ("clips", "fifty moderators", "act", "a second", "p50 ms", "p95", "p99", "cores used", "refused"),
    ),
    "pages": (pages, ("clips", "page", "p50 ms", "p95", "p99")),
}  # fmt: skip


@pytest.mark.parametrize("shape", ["embedded", "servers"])
def test_what_the_web_bears(shape, tmp_path, capsys):
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in TABLES}
    for size in sizes(shape):
        with loaded(shape, size, tmp_path / str(size)) as there:
            for name, (measure, head) in TABLES.items():
                rows[name] += (found := measure(there, size))
                with capsys.disabled():
                    sys.stdout.write(f"\n{shape}, {name}\n{markdown(head, found)}")
    CACHE.mkdir(parents=True, exist_ok=True)
    parts = [f"## {name}\n\n{markdown(TABLES[name][1], each)}" for name, each in rows.items()]
    (CACHE / f"load-{shape}.md").write_text("\n".join(parts), encoding="utf-8")

    assert all(row[-1] == "none" for name in ("uploads", "reviews") for row in rows[name])
