"""The rules that the tests themselves are held to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.house.sources import ROOT

SKIPPING = """
import pytest

def test_passes(): pass

def test_lacks_something(): pytest.skip("no such server")

@pytest.mark.gpu
def test_wants_a_gpu(): pytest.skip("no GPU")

@pytest.mark.xfail
def test_is_known_to_fail(): assert False
"""


def run_on(folder: Path, source: str, **variables: str) -> str:
    """What pytest says of a file of tests held to our rules."""
    (folder / "test_it.py").write_text(source)
    (folder / "conftest.py").write_text("from tests.conftest import *\n")
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "OE_SEEDS")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.before_settings",
    ]
    command += ["-p", "no:cacheprovider", "-o", "markers=gpu\nfaults", "-c", os.devnull, "--rootdir", str(folder)]
    done = subprocess.run(
        [*command, str(folder)], cwd=ROOT, env=environment | variables, capture_output=True, text=True, check=False
    )
    return done.stdout


def test_a_missing_part_is_a_skip_at_home_and_a_failure_in_ci(tmp_path):
    at_home = run_on(tmp_path, SKIPPING)
    in_ci = run_on(tmp_path, SKIPPING, CI="true")

    assert "1 passed, 2 skipped, 1 xfailed" in at_home
    assert "1 failed, 1 passed, 1 skipped, 1 xfailed" in in_ci
    assert "CI skips nothing but what needs a GPU. Skipped: no such server" in in_ci


def test_a_module_that_skips_itself_fails_in_ci(tmp_path):
    skipping = "import pytest\npytest.importorskip('no_such_library')\n"

    assert "1 skipped" in run_on(tmp_path, skipping)
    assert "1 error" in run_on(tmp_path, skipping, CI="true")


@pytest.mark.parametrize(("seeds", "runs"), [("1", 1), ("3", 3)])
def test_a_test_that_kills_is_repeated_with_as_many_seeds_as_asked_for(tmp_path, seeds, runs):
    source = "import pytest\n@pytest.mark.faults\ndef test_kills(): pass\n"

    assert f"{runs} passed" in run_on(tmp_path, source, OE_SEEDS=seeds)


def test_the_tests_never_touch_the_site_of_whoever_runs_them():
    assert Path(settings.VAR).name.startswith("oe-tests-")
    assert not settings.VAR.is_relative_to(ROOT)
