"""Fixtures for every room, and the rule that CI skips nothing but what needs a GPU."""

import os
from collections.abc import Generator

import pytest
from django.conf import settings
from django.test import override_settings
from django.utils import translation

from tests.forms import EVERY

pytest_plugins = ["tests.fixtures_servers", "tests.fixtures_worlds"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With CI set a test that skips for want of a part fails: a part that is missing there hides a fault."""
    report = yield
    if "gpu" not in item.keywords:
        fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module that skips itself."""
    report = yield
    fail_if_skipped(report)
    return report


def fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure that says what was missing; an expected failure is left alone."""
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"CI skips nothing but what needs a GPU. {reason}"


# What takes longest, and is begun first; then the rooms whose tests wait for voices, browsers and servers.
LONGEST = (
    "tests/openempathic/test_postgres.py",
    "tests/journeys/test_the_loop.py",
    "tests/journeys/test_pages_look.py",
)
WAITING = ("tests/journeys", "tests/faults", "tests/soak", "tests/benchmarks")
# The share of the others among which those are strewn: at the end no core waits for a journey.
STREWN = 0.8


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what the soak takes to the soak; let what waits and what reckons take turns, what takes longest first."""
    left = [item for item in items if not EVERY and item.get_closest_marker("soak")]
    config.hook.pytest_deselected(items=left)
    items[:] = in_turns([item for item in items if item not in left])


def in_turns(items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests file by file, in the order in which they take the least time on several processes."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    longest = [file for file in files if file.startswith(LONGEST)]
    waiting = [file for file in files if file.startswith(WAITING) and file not in longest]
    others = [file for file in files if file not in longest and file not in waiting]
    places = {file: STREWN * number / len(waiting) for number, file in enumerate(waiting)}
    places |= {file: number / len(others) for number, file in enumerate(others)}
    return [item for file in [*longest, *sorted(places, key=lambda file: places[file])] for item in files[file]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat each test that kills processes OE_SEEDS times, with the seed for those who ask: a kill is seldom alike.

    A test that takes long has a number of its own: `faults(seeds="OE_LONG_SEEDS")`.
    """
    if marker := metafunc.definition.get_closest_marker("faults"):
        seeds = int(os.environ.get(marker.kwargs.get("seeds", "OE_SEEDS"), "1"))
        if seeds > 1 or "seed" in metafunc.fixturenames:
            metafunc.fixturenames.extend({"seed"} - set(metafunc.fixturenames))
            metafunc.parametrize("seed", range(seeds))


@pytest.fixture(scope="session", autouse=True)
def _quick_pages() -> Generator[None, None, None]:
    """Let a page render without collected files and a sign-in without a slow hash; journeys test the real ones."""
    files = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(STORAGES=files, PASSWORD_HASHERS=hashers):
        yield


@pytest.fixture(autouse=True)
def _english() -> None:
    """A page answered in Swahili leaves its language behind: the next test begins in the site's own."""
    translation.deactivate()
