"""A whole site as its operator runs it: the same commands, a var folder of its own, embedded or on real servers."""

import atexit
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from openempathic import supervisor
from tests.servers import Server, free_ports

HOUSE = Path(__file__).parent.parent
COMMANDS = {name: supervisor.started_as(command) for name, command in supervisor.COMMANDS.items()}
SUPERVISOR = [sys.executable, "-m", "openempathic.supervisor"]
PATIENCE_SECONDS = 240


class Site:
    """One site: its environment, its commands, and what its database says."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        (self.port,) = free_ports(1)
        self.folder = folder
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: x for name, x in os.environ.items() if name not in ("DJANGO_SETTINGS_MODULE", "CI")},
            "OE_VAR": str(folder / "var"),
            "PORT": str(self.port),
            "OE_SITE_URL": self.url,
            "OE_OPERATOR": "Example Foundation, hello@empathic.example",
            "OE_SWEEP_SECONDS": "0.5",
            "OE_WEB_WORKERS": "1",
            "OE_MFA_REQUIRED": "off",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self.processes: dict[str, Server] = {}

    def prepare(self) -> None:
        """What `./run` does before it starts the site; an embedded one is a copy of one that was prepared so."""
        if {"DATABASE_URL", "STORAGE_URL"} & self.environment.keys():
            self.prepare_anew()
        else:
            shutil.copytree(prepared(), self.folder / "var", dirs_exist_ok=True)

    def prepare_anew(self) -> None:
        """The same, word by word."""
        self.manage("migrate", "--verbosity", "0")
        self.manage("load_taxonomy")
        self.manage("replay_withdrawals")
        self.manage("collectstatic", "--no-input", "--verbosity", "0")

    def manage(self, *words: str) -> str:
        """Run a management command; its output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words], cwd=HOUSE, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"manage.py {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, name: str, command: list[str], is_ready: Callable[[], bool] = lambda: True) -> Server:
        """Start one of the site's processes, in its own group."""
        process = Process(self, name, command, is_ready)
        process.start()
        self.processes[name] = process
        return process

    def keep_running(self, name: str) -> None:
        """What supervisor and compose do: start again a process that has ended by itself."""
        process = self.processes[name].process
        if process is None or process.poll() is not None:
            self.processes[name].start()

    def is_healthy(self) -> bool:
        """Whether its pages answer."""
        with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
            return answer.status == 200

    def stop(self) -> None:
        """Stop everything, politely."""
        for process in reversed(self.processes.values()):
            process.stop()

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """The answer of the site's own database to a question in SQL."""
        if url := self.environment.get("DATABASE_URL"):
            with psycopg.connect(url) as connection:
                return connection.execute(question).fetchall()  # type: ignore[arg-type]
        connection = sqlite3.connect(f"file:{self.folder}/var/site.sqlite3?mode=ro", uri=True, timeout=20)
        try:
            return connection.execute(question).fetchall()
        finally:
            connection.close()

    def wait_for(self, is_so: Callable[[], Any], what: str) -> Any:
        """Look until it is so; a site that never gets there fails with the ends of its logs."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            if found := is_so():
                return found
            time.sleep(0.1)
        logs = "\n\n".join(f"--- {name}\n{process.log_tail()}" for name, process in self.processes.items())
        raise AssertionError(f"{what}: it did not happen in {PATIENCE_SECONDS} s\n{logs}")


class Process(Server):
    """One process of a site."""

    def __init__(self, site: Site, name: str, command: list[str], is_ready: Callable[[], bool]) -> None:
        super().__init__(
            name,
            ["env", "-C", str(HOUSE), *(f"{key}={x}" for key, x in changed(site.environment).items()), *command],
            folder=site.folder,
            url=site.url,
            environment={},
            is_ready=is_ready,
            end_with=signal.SIGTERM,
        )

    def stop(self) -> None:
        """Ask the process alone: gunicorn and Celery stop their own children, each after its work."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=20)
        self.kill()


def changed(environment: dict[str, str]) -> dict[str, str]:
    """What differs from this process's own environment."""
    return {name: x for name, x in environment.items() if os.environ.get(name) != x}


@cache
def prepared() -> Path:
    """The var folder of an embedded site that nobody has used yet: made once, for it takes long."""
    folder = tempfile.TemporaryDirectory(prefix="oe-prepared-")
    atexit.register(folder.cleanup)
    site = Site(Path(folder.name), {})
    site.prepare_anew()
    return site.folder / "var"


@contextmanager
def site(folder: Path, environment: dict[str, str] | None = None) -> Iterator[Site]:
    """A prepared site; whatever was started is stopped afterwards."""
    made = Site(folder, environment or {})
    made.prepare()
    try:
        yield made
    finally:
        made.stop()
