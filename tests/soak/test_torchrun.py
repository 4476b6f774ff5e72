"""A run in two processes under torchrun, on the CPU: stopped, killed and finished as one process would be."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.training.test_fit import PLAN, run_folder, told
from training import publication
from training.child import Child

pytestmark = pytest.mark.soak
ENDLESS = PLAN | {"steps": 100_000, "steps_per_state": 5, "batch_seconds": 6}


@pytest.fixture(autouse=True)
def _two_processes(settings):
    settings.TRAINER_PROCESSES = 2


def working_in(folder):
    """The processes that name the folder, but for those that have ended."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words, state = (entry / "cmdline").read_bytes(), (entry / "stat").read_text().rpartition(") ")[2][0]
        except OSError:
            continue
        if str(folder).encode() in words and state != "Z" and int(entry.name) != os.getpid():
            found.append(int(entry.name))
    return found


def newest(folder):
    return max((int(path.stem) for path in (folder / "state").glob("*.pt")), default=0)


def learning(folder):
    """A child that has kept a state of its own, with its launcher and both of its processes at work."""
    before, child = newest(folder), Child(folder)
    while newest(folder) == before:
        assert child.is_running(wait_seconds=0.2), child.reason({})
    assert len(working_in(folder)) == 3
    return child


def until_nobody_works_in(folder):
    deadline = time.monotonic() + 120
    while found := working_in(folder):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_all_are_stopped_say_so_and_another_takes_the_run_up(tmp_path):
    folder = run_folder(tmp_path / "run", ENDLESS)
    child = learning(folder)
    child.stop(grace_seconds=120)
    until_nobody_works_in(folder)
    stopped_at = newest(folder)

    # torchrun makes 1 of 75, so the line counts.
    assert child.process.returncode != 0
    assert told(folder)[-1]["stopped"]

    again = learning(folder)
    again.stop(grace_seconds=120)
    assert [line["step"] for line in told(folder) if line.get("resumed")] == [stopped_at]


def test_a_launcher_that_is_killed_leaves_nobody_learning(tmp_path):
    folder = run_folder(tmp_path / "run", ENDLESS)
    child = learning(folder)
    os.kill(child.process.pid, signal.SIGKILL)
    child.process.wait()

    until_nobody_works_in(folder)


def test_a_run_of_two_processes_comes_to_an_export_that_says_so(tmp_path):
    folder = run_folder(tmp_path / "run", PLAN | {"steps": 20, "warmup_steps": 2})
    child = Child(folder)
    child.process.wait()

    assert child.process.returncode == 0, child.reason({})
    assert publication.is_exported(folder / "export")
    assert json.loads((folder / "export" / "eval.json").read_bytes())["training"]["processes"] == 2
    assert {line["processes"] for line in told(folder) if "processes" in line} == {2}


def test_what_a_process_failed_with_is_told_and_not_the_launchers_summary(tmp_path):
    folder = run_folder(tmp_path / "run", PLAN | {"device": "cuda"})
    child = Child(folder)
    child.process.wait()

    assert child.process.returncode != 0
    assert "CUDA" in child.reason({})
