"""The lock file holds what the constraints pin, every file by its digest, and names no place to get it from."""

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from tests.house.sources import ROOT

LOCK = ROOT / "requirements" / "site.txt"
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([0-9][0-9A-Za-z.]*)(?: ; .+?)? \\$")
DIGEST = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


def plain(name: str) -> str:
    """The name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def locked() -> dict[str, str]:
    """Each name that a site needs, and its version."""
    return pins_of(LOCK)


def pins_of(lock: Path) -> dict[str, str]:
    """Each name in the file, and its version."""
    pins = [PIN.match(line) for line in lock.read_text().splitlines() if line and not line.startswith(("#", " "))]
    assert all(pins)
    return {plain(pin[1]): pin[2] for pin in pins if pin}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_each_line_is_a_pin_or_a_digest_and_every_pin_has_one(lock):
    lines = [line for line in lock.read_text().splitlines() if line and not line.startswith("#")]

    assert [line for line in lines if not (PIN.match(line) or DIGEST.match(line))] == []
    assert [one for one, other in pairwise(lines) if PIN.match(one) and PIN.match(other)] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_it_says_the_same_as_the_constraints(lock):
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line.partition("==") for line in lines if not line.startswith("#")]
    constrained = {plain(name): version for name, _equals, version in pins}

    assert {name: version for name, version in pins_of(lock).items() if constrained.get(name, version) != version} == {}


def test_it_holds_all_that_the_site_asks_for(locked):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras, asked, waiting = project["optional-dependencies"], set(), [*project["dependencies"], "openempathic[site]"]
    while waiting:
        name, _bracket, named = re.split(r"[<>=;,\s]", waiting.pop())[0].partition("[")
        if name == "openempathic":
            waiting += extras[named.rstrip("]")]
        else:
            asked.add(plain(name))

    assert asked - locked.keys() == set()
