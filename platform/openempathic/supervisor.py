"""Runs the embedded site's processes, and starts those that die again: `python -m openempathic.supervisor`.

Its options are environment variables, handed on to every process:

    HOST, PORT         where the site listens: 127.0.0.1, 8000
    OE_SITE_URL        the address people use, when it is another (behind a proxy, say)
    OE_WEB_WORKERS     web processes, of eight threads each: 2
    OE_STOP_SECONDS    patience with a process that was asked to stop, before it is killed: 20

    OE_LOG_FORMAT      text or json: text on a terminal, else json

and those of openempathic.settings. Database and taxonomy must be there already: `./run` sees to that. Ctrl-C or SIGTERM
stops all, the trainer after writing its checkpoint; a second one kills. If the supervisor itself is killed, the kernel
kills its processes, and openempathic.warden theirs.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import IO, Any
from urllib.parse import urlsplit

from openempathic import logs

# Every way the site's processes are started; docker-compose.yml runs these very commands.
COMMANDS: dict[str, tuple[str, ...]] = {
    "web": ("gunicorn", "--config", "python:openempathic.web_server", "openempathic.wsgi"),
    "worker": (
        *("celery", "-A", "openempathic.celery", "worker", "--hostname", "worker@%h", "--loglevel", "INFO"),
        *("--queues", "default,screening,prelabelling", "--concurrency", "2"),
    ),
    "worker-screening": (
        *("celery", "-A", "openempathic.celery", "worker", "--hostname", "screening@%h", "--loglevel", "INFO"),
        *("--queues", "default,screening", "--concurrency", "2"),
    ),
    "worker-prelabelling": (
        *("celery", "-A", "openempathic.celery", "worker", "--hostname", "prelabelling@%h", "--loglevel", "INFO"),
        *("--queues", "prelabelling", "--concurrency", "1"),
    ),
    "beat": ("celery", "-A", "openempathic.celery", "beat", "--loglevel", "INFO"),
    "trainer": ("python", "manage.py", "trainer"),
    "ear": ("python", "manage.py", "ear"),
    "backups": ("python", "manage.py", "back_up", "--schedule"),
}
EMBEDDED = ("web", "worker", "beat", "trainer", "ear")

ROOT = Path(__file__).resolve().parent.parent.parent
LONGEST_PAUSE_SECONDS = 60.0
# A process that lived this long was well; its next death is a new story.
WELL_AFTER_SECONDS = 60.0
PR_SET_PDEATHSIG = 1
# Loaded before any fork: a child may only call it.
LIBC = ctypes.CDLL(None, use_errno=True)


def main() -> int:
    """Run the embedded site until it is told to stop."""
    # Its processes write into pipes, and could not know that somebody sits before it.
    os.environ["OE_LOG_FORMAT"] = "json" if logs.is_json() else "text"
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))
    if why := unusable(host, port):
        say("site", why)
        return 1
    address = os.environ.get("OE_SITE_URL", f"http://{reachable(host)}:{port}")
    commands = {name: started_as(COMMANDS[name]) for name in EMBEDDED}
    return Supervisor(
        commands,
        is_ready=lambda: is_healthy(f"http://{reachable(host)}:{port}", named=urlsplit(address).netloc),
        welcome=welcome(address),
        stop_seconds=float(os.environ.get("OE_STOP_SECONDS", "20")),
    ).run()


def welcome(address: str) -> str:
    """What is said when the site is ready, after the first curator's link; no process inherits that."""
    lines = [os.environ.pop("OE_WELCOME", ""), f"Open Empathic is ready at {address}. Ctrl-C stops it."]
    return "\n".join(line for line in lines if line)


class Supervisor:
    """A family of processes that start together, come back when they die, and stop together."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        is_ready: Callable[[], bool],
        welcome: str,
        stop_seconds: float = 20.0,
        first_pause_seconds: float = 1.0,
    ) -> None:
        self.warden = Warden()
        self.children = [
            Child(name, command, warden=self.warden, pause_seconds=first_pause_seconds)
            for name, command in commands.items()
        ]
        self.is_ready, self.welcome, self.stop_seconds = is_ready, welcome, stop_seconds
        self.stops_asked = 0
        self.awake = threading.Event()

    def run(self) -> int:
        """Keep all running until the first SIGINT, SIGTERM or SIGHUP, then stop them; 0 if none had to be killed."""
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, self._ask_to_stop)
        self.warden.start()
        for child in self.children:
            child.start()
        is_welcomed = False
        while not self.stops_asked:
            for child in self.children:
                child.keep_running()
            if not is_welcomed and self.is_ready():
                for line in self.welcome.splitlines():
                    say("site", line)
                is_welcomed = True
            self.awake.wait(0.2)
        return self._stop()

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stops_asked += 1
        self.awake.set()

    def _stop(self) -> int:
        say("site", "Stopping. The trainer writes its checkpoint first; Ctrl-C once more does not wait for it.")
        for child in self.children:
            child.ask_to_stop()
        deadline = time.monotonic() + self.stop_seconds
        while any(child.is_running() for child in self.children):
            if time.monotonic() > deadline or self.stops_asked > 1:
                break
            time.sleep(0.05)
        killed = [child.name for child in self.children if child.end()]
        self.warden.dismiss()
        say("site", f"Stopped; {', '.join(killed)} had to be killed." if killed else "Stopped.")
        return 1 if killed else 0


class Child:
    """One process, in a session of its own so that a Ctrl-C in the terminal reaches the supervisor only."""

    def __init__(self, name: str, command: Sequence[str], *, warden: "Warden", pause_seconds: float) -> None:
        self.name, self.command, self.warden, self.first_pause_seconds = name, command, warden, pause_seconds
        self.pause_seconds = pause_seconds
        self.process: subprocess.Popen[bytes] | None = None
        self.reader: threading.Thread | None = None
        self.start_at = 0.0
        self.started_at = 0.0

    def start(self) -> None:
        """Start the process; what it says comes out under its name."""
        parent = os.getpid()
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - the commands above
            self.command,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: die_with(parent),
        )
        self.warden.tell(f"+{self.process.pid}")
        self.reader = threading.Thread(target=relay, args=(self.name, self.process.stdout), daemon=True)
        self.reader.start()

    def keep_running(self) -> None:
        """Notice a death, and start again when the pause after it is over."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            if now - self.started_at > WELL_AFTER_SECONDS:
                self.pause_seconds = self.first_pause_seconds
            self.start_at = now + self.pause_seconds
            say("site", f"{self.name} {ended(self.process.returncode)}; it starts again in {self.pause_seconds:g} s.")
            self.pause_seconds = min(2 * self.pause_seconds, LONGEST_PAUSE_SECONDS)
            self._bury()
        if self.process is None and now >= self.start_at:
            self.start()

    def is_running(self) -> bool:
        """Whether the process itself, as opposed to its descendants, is still there."""
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        """SIGTERM to the process alone: gunicorn and Celery stop their own children, each after its work."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def end(self) -> bool:
        """Kill what is left; whether the process itself was."""
        was_running = self.is_running()
        if self.process is not None:
            self._bury()
        return was_running

    def _bury(self) -> None:
        """Kill the descendants that outlived the process, so that none works on beside its successor."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.warden.tell(f"-{self.process.pid}")
        self.process.wait()
        if self.reader is not None:
            self.reader.join(timeout=1)
        self.process = None


class Warden:
    """Our end of the process that kills what a killed supervisor leaves."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it in a session of its own, where no Ctrl-C reaches it."""
        command = [sys.executable, "-m", "openempathic.warden"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603

    def tell(self, line: str) -> None:
        """Tell it of a group; without a warden the site still runs."""
        if self.process is not None and self.process.stdin is not None:
            with suppress(OSError):
                self.process.stdin.write(f"{line}\n".encode())
                self.process.stdin.flush()

    def dismiss(self) -> None:
        """Nothing is left for it to kill."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
            self.process.wait()


def started_as(command: Sequence[str]) -> list[str]:
    """The command with its program taken from the environment that the supervisor itself runs in."""
    return [str(Path(sys.executable).parent / command[0]), *command[1:]]


def die_with(parent: int) -> None:
    """Called in a new child: the kernel shall kill it as soon as its parent dies."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # The parent may have died between the fork and the line above.
    if os.getppid() != parent:
        os._exit(1)


def relay(name: str, output: IO[bytes]) -> None:
    """Print each line under the name of the process that said it."""
    with output:
        for line in output:
            say(name, line.decode(errors="replace").rstrip())


def say(name: str, line: str) -> None:
    """One line of the site's output, in one write, so that lines of two processes never mix."""
    said = as_json(name, line) if logs.is_json() else f"{name:<7} | {line}"
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()


def as_json(name: str, line: str) -> str:
    """The line as one object that names its process: its own where it is one, else with the line as its message."""
    told: Any = None
    with suppress(ValueError):
        told = json.loads(line)
    if not isinstance(told, dict):
        moment = datetime.now(UTC).isoformat(timespec="milliseconds")
        # What the supervisor itself says is meant to be read, addresses and all.
        message = line if name == "site" else logs.scrubbed(line)
        told = {"time": moment, "level": "INFO", "logger": name, "message": message}
    return json.dumps({**told, "process": name}, ensure_ascii=False)


def ended(returncode: int) -> str:
    """How a process ended, in words."""
    if returncode < 0:
        return f"was ended by {signal.Signals(-returncode).name}"
    return f"ended with exit status {returncode}"


def unusable(host: str, port: int) -> str:
    """Why the site cannot listen there; empty when it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As gunicorn does: a port whose last connections are still fading may be taken again.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return f"Cannot listen on {host}, port {port}: {error.strerror}. Choose another, as in PORT=8001 ./run"
    return ""


def reachable(host: str) -> str:
    """An address of this machine at which a site that listens on the host answers."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound


def is_healthy(address: str, *, named: str) -> bool:
    """Whether the web process answers, asked under the name it is known by."""
    request = urllib.request.Request(f"{address}/healthz", headers={"Host": named})  # noqa: S310 - our own http address
    try:
        with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


if __name__ == "__main__":
    sys.exit(main())
