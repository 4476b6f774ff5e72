"""The trainer as a process, with the real child: it learns, it is killed, and it publishes once."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import sites

PLAN = {"preset": "nano", "steps": 40, "warmup_steps": 2, "steps_per_state": 5, "steps_per_progress": 5}
PLAN |= {"batch_seconds": 6.0, "bootstrap_draws": 50, "threads": 1}
HARVEST = """
from django.core.management import call_command
from tests import harvest
from training import schedule
call_command("migrate", verbosity=0)
harvest.corpus(emotions=["anger", "neutral"], clips_each=3)
schedule.open_run(by="tester", plan={plan!r})
"""
LEASE_SECONDS = 4


@pytest.fixture
def site(tmp_path):
    """A site on which nothing runs yet."""
    environment = {"OE_TRAINER_LEASE_SECONDS": str(LEASE_SECONDS), "OE_LOG_LEVEL": "INFO", "OE_GATE": "open"}
    return sites.Site(tmp_path, environment)


def opened(site, **wanted):
    """A corpus accepted, and a run due."""
    site.manage("shell", "-c", HARVEST.format(plan=PLAN | wanted))


@contextmanager
def trainer(site, *words):
    process = subprocess.Popen(
        [sys.executable, "manage.py", "trainer", *words],
        cwd=sites.HOUSE, env=site.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def row(site, columns):
    return site.rows(f"SELECT {columns} FROM training_trainingrun")[0]


def until(is_so, what):
    deadline = time.monotonic() + 240
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def steps_kept(site):
    return [int(path.stem) for path in (site.folder / "var" / "runs").glob("*/state/*.pt")]


def children(site):
    """Processes that train in this site's runs."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            words = Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0")
            state = Path(f"/proc/{entry}/stat").read_text().rpartition(") ")[2][0]
        except (OSError, IndexError):
            continue
        if b"training.fit" in words and any(str(site.folder).encode() in word for word in words) and state != "Z":
            found.append(int(entry))
    return found


@pytest.mark.faults
def test_a_trainer_killed_in_the_middle_is_followed_by_one_that_resumes_and_publishes_once(site):
    opened(site)
    with trainer(site, "--once") as first:
        until(lambda: steps_kept(site) and children(site), "the child kept a state")
        first.send_signal(signal.SIGKILL)
        first.wait()
        until(lambda: not children(site), "the child died with its trainer")
    left_in, kept = row(site, "status")[0], max(steps_kept(site))

    until(lambda: site.rows("SELECT 1 WHERE (SELECT lease_expires_at FROM training_trainingrun) < " + NOW), "the lease")
    with trainer(site, "--once") as heir:
        said, _none = heir.communicate(timeout=240)

    assert left_in == "TRAINING"
    assert 0 < kept < PLAN["steps"]
    assert row(site, "status, attempts") == ("PUBLISHED", 2), said
    lines = next((site.folder / "var" / "runs").glob("*/progress.jsonl")).read_text()
    assert '"resumed": true' in lines
    assert site.rows("SELECT count(*) FROM registry_checkpoint") == [(1,)]
    assert site.rows("SELECT count(*) FROM contributions_release") == [(1,)]
    for act in ("release.frozen", "training_run.published", "checkpoint.champion"):
        assert site.rows(f"SELECT count(*) FROM audit_auditevent WHERE act = '{act}'") == [(1,)]


NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"


@pytest.mark.faults
def test_two_trainers_share_no_run_and_one_that_is_stopped_hands_its_run_to_the_other(site):
    opened(site, steps=100_000)
    with trainer(site) as first, trainer(site) as second:
        until(lambda: steps_kept(site), "a child kept a state")
        alone = len(children(site))
        holder = row(site, "lease_owner")[0]
        mine, other = (first, second) if f":{first.pid}:" in holder else (second, first)
        mine.send_signal(signal.SIGTERM)
        mine.wait(timeout=240)
        until(lambda: f":{other.pid}:" in row(site, "lease_owner")[0], "the other took the run")
        until(lambda: children(site), "the other's child runs")
        attempts = row(site, "attempts")[0]
        other.send_signal(signal.SIGTERM)
        other.wait(timeout=240)

    assert alone == 1
    assert (mine.returncode, other.returncode) == (0, 0)
    assert attempts == 1
    assert row(site, "attempts, lease_owner, status") == (0, "", "TRAINING")
    assert not children(site)
