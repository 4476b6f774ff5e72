"""The supervisor with small children of our own, and once with the site's real processes."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest

from openempathic import supervisor
from tests.servers import free_ports

PATIENCE_SECONDS = 120

FAMILY = """
import json, sys, time
from openempathic.supervisor import Supervisor
plan = json.loads(sys.argv[1])
started = time.monotonic()
commands = {name: [sys.executable, "-c", script] for name, script in plan["children"].items()}
sys.exit(Supervisor(
    commands,
    is_ready=lambda: time.monotonic() - started > plan["ready_after"],
    welcome="All are here.",
    stop_seconds=plan["stop_seconds"],
    first_pause_seconds=0.01,
).run())
"""
LIVES = "import os, time; print('alive', os.getpid(), flush=True); time.sleep(1000)"
FAINTS = "print('oh'); raise SystemExit(3)"
CHECKPOINTS = """
import os, signal, sys, time
def leave(number, frame):
    time.sleep(0.3); print("checkpoint written", flush=True); sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("alive", os.getpid(), flush=True)
time.sleep(1000)
"""
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
print("alive", os.getpid(), "child", child.pid, flush=True)
time.sleep(1000)
"""


class Output:
    """A process whose lines can be waited for."""

    def __init__(self, command: list[str], **environment: str) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **environment},
        )
        self.reader = threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True)
        self.reader.start()

    def wait_for(self, pattern: str, *, times: int = 1) -> re.Match:
        """The last of so many lines that match."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = [match for line in list(self.lines) if (match := re.search(pattern, line))]
            if len(found) >= times:
                return found[times - 1]
            time.sleep(0.02)
        raise AssertionError(f"waited for {pattern!r} in vain:\n{''.join(self.lines)}")

    def end(self) -> int:
        """Its exit status, once it has ended."""
        status = self.process.wait(timeout=PATIENCE_SECONDS)
        self.reader.join(timeout=PATIENCE_SECONDS)
        return status


@pytest.fixture
def family():
    """Start a supervisor over children given as scripts."""
    families = []

    def start(*, stop_seconds: float = PATIENCE_SECONDS, ready_after: float = 0, **children: str) -> Output:
        plan = {"children": children, "stop_seconds": stop_seconds, "ready_after": ready_after}
        families.append(Output([sys.executable, "-c", FAMILY, json.dumps(plan)]))
        return families[-1]

    yield start
    for each in families:
        each.process.kill()  # what it leaves is killed by its warden
        each.process.wait()


def is_gone(pid: int) -> bool:
    """Ended, whether or not somebody has read its exit status."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_until(question) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_killed_child_comes_back_and_the_other_stays(family):
    site = family(web=LIVES, worker=LIVES)
    web, worker = (int(site.wait_for(rf"^{name} +\| alive (\d+)")[1]) for name in ("web", "worker"))

    os.kill(worker, signal.SIGKILL)

    site.wait_for(r"^site +\| worker was ended by SIGKILL; it starts again in 0\.01 s\.")
    assert int(site.wait_for(r"^worker +\| alive (\d+)", times=2)[1]) != worker
    assert not is_gone(web)
    assert sum("web" in line for line in site.lines) == 1


def test_a_child_that_faints_is_given_more_and_more_time(family):
    site = family(worker=FAINTS)

    site.wait_for(r"starts again", times=5)

    pauses = [
        match[1] for line in site.lines if (match := re.search(r"exit status 3; it starts again in (\S+) s", line))
    ]
    assert pauses[:5] == ["0.01", "0.02", "0.04", "0.08", "0.16"]


def test_a_child_that_dies_takes_its_own_children_along(family):
    site = family(worker=STUBBORN)
    worker, grandchild = (int(pid) for pid in site.wait_for(r"alive (\d+) child (\d+)").groups())

    os.kill(worker, signal.SIGKILL)

    wait_until(lambda: is_gone(grandchild))
    site.wait_for(r"alive", times=2)


def test_a_supervisor_killed_outright_leaves_nobody(family):
    site = family(web=LIVES, trainer=CHECKPOINTS, worker=STUBBORN)
    pids = [int(site.wait_for(rf"^{name} +\| alive (\d+)")[1]) for name in ("web", "trainer", "worker")]
    pids.append(int(site.wait_for(r"child (\d+)")[1]))

    site.process.kill()

    wait_until(lambda: all(is_gone(pid) for pid in pids))


def test_in_json_each_line_is_an_object_that_names_its_process(family, monkeypatch):
    monkeypatch.setenv("OE_LOG_FORMAT", "json")
    says = 'print(\'{"level": "ERROR", "message": "oh"}\'); print("vera@example.org broke"); raise SystemExit(3)'
    site = family(worker=says)

    site.wait_for("starts again")

    told = [json.loads(line) for line in list(site.lines)]
    found = {(line["process"], line["level"], line["message"]) for line in told}
    assert {("worker", "ERROR", "oh"), ("worker", "INFO", "[…] broke")} <= found
    assert ("site", "INFO", "worker ended with exit status 3; it starts again in 0.01 s.") in found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_polite_end_waits_for_the_checkpoint(family, number):
    site = family(web=LIVES, trainer=CHECKPOINTS)
    pids = [int(site.wait_for(rf"^{name} +\| alive (\d+)")[1]) for name in ("web", "trainer")]

    site.process.send_signal(number)

    assert site.end() == 0
    assert all(is_gone(pid) for pid in pids)
    said = [line.split("|")[1].strip() for line in site.lines]
    assert said.index("checkpoint written") < said.index("Stopped.")


def test_the_stubborn_are_killed_with_their_children(family):
    site = family(stop_seconds=0.5, worker=STUBBORN)
    pids = [int(pid) for pid in site.wait_for(r"alive (\d+) child (\d+)").groups()]

    site.process.send_signal(signal.SIGTERM)

    assert site.end() == 1
    assert "worker had to be killed" in site.lines[-1]
    wait_until(lambda: all(is_gone(pid) for pid in pids))


def test_a_second_ctrl_c_does_not_wait(family):
    site = family(worker=STUBBORN)
    site.wait_for("alive")

    site.process.send_signal(signal.SIGINT)
    site.wait_for("Stopping")
    site.process.send_signal(signal.SIGINT)

    assert site.end() == 1


def test_the_address_is_told_once_and_only_when_the_site_answers(family):
    site = family(ready_after=1, web=LIVES)

    site.wait_for("All are here")

    said = [line.split("|")[1].split()[0] for line in site.lines]
    assert said == ["alive", "All"]


def test_a_port_in_use_is_said_in_a_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        site = Output([sys.executable, "-m", "openempathic.supervisor"], PORT=port)

        assert site.end() == 1
    assert site.lines == [
        f"site    | Cannot listen on 127.0.0.1, port {port}: Address already in use. "
        "Choose another, as in PORT=8001 ./run\n"
    ]


def test_a_command_runs_in_the_environment_of_the_supervisor():
    assert supervisor.started_as(("gunicorn", "x")) == [str(Path(sys.executable).parent / "gunicorn"), "x"]
    for command in supervisor.COMMANDS.values():
        assert Path(supervisor.started_as(command)[0]).is_file()


@pytest.mark.faults
def test_the_real_site_starts_and_leaves_nobody_even_when_killed(tmp_path):
    marker = uuid4().hex
    environment = {"OE_VAR": str(tmp_path / marker), "HOST": "127.0.0.1", "PORT": str(free_ports(1)[0])}
    migrate = [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "0"]
    subprocess.run(migrate, cwd=supervisor.ROOT, env={**os.environ, **environment}, check=True)
    site = Output([sys.executable, "-m", "openempathic.supervisor"], **environment)
    try:
        site.wait_for(r"^beat +\| .*[Ss]tarting")
        site.wait_for(r"^worker +\| .*@\S+ ready\.")
        site.wait_for(r"^site +\| Open Empathic is ready at")
        assert len(belonging_to(marker)) > 4  # gunicorn's and Celery's own children are among them
    finally:
        site.process.kill()

    wait_until(lambda: not belonging_to(marker))


def belonging_to(marker: str) -> list[int]:
    """Processes with the marker in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if marker.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found
