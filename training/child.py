"""The child that trains, as its parent sees it: a process of its own group, its lines of progress, and its end."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from openempathic.supervisor import die_with

MODULE = ["-m", "training.fit"]
COMMAND = [sys.executable, *MODULE]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
SAID_LAST = "training.fit: "
# The child reads files and nothing else: of our environment it gets what Python, torch and CUDA need, and no secret.
PASSED_ON = re.compile(
    r"PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|VIRTUAL_ENV|PYTHON\w*|LD_LIBRARY_PATH|XDG_CACHE_HOME|USER|LOGNAME|"
    r"(CUDA|NVIDIA|NCCL|GLOO|TORCH|TORCHINDUCTOR|PYTORCH|TRITON|OMP|MKL|OPENBLAS|MASTER|SLURM)_\w+"
)


class ChildFailed(Exception):
    """The child ended with neither a result nor a state to resume; the message is its reason."""


class Child:
    """One running `python -m training.fit`, or what starts many; the kernel ends it when we end, however we do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tail = Tail(folder / "progress.jsonl")
        self._log = folder / "child.log"
        self._log_start = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("ab") as log:
            self.process = spawn([*command(), "--folder", str(folder)], log)

    def is_running(self, *, wait_seconds: float) -> bool:
        """Whether it still runs after at most this long."""
        try:
            self.process.wait(timeout=wait_seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def stop(self, *, grace_seconds: float) -> None:
        """Ask it to keep its state and go; insist when it does not."""
        self.process.terminate()
        if self.is_running(wait_seconds=grace_seconds):
            self.end()

    def end(self) -> None:
        """Kill it and whatever it started; nothing happens when it has ended."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def reason(self, told: dict[str, Any]) -> str:
        """Why it failed: what it told last, else what it said on stderr, else how it ended; no folder is named."""
        code = self.process.returncode
        ended = f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return without_folders(str(told.get("error") or self._last_line() or ended))

    def _last_line(self) -> str:
        """The last line of its log; of several processes the one of whoever failed, not the launcher's summary."""
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            lines = [line.strip() for line in log.read()[-65536:].decode(errors="replace").splitlines()]
        said = [line for line in lines if line.startswith(SAID_LAST)] or [line for line in lines if line]
        return said[-1].removeprefix(SAID_LAST) if said else ""


class Tail:
    """The lines that are added to a file from now on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = path.stat().st_size if path.exists() else 0

    def lines(self) -> list[dict[str, Any]]:
        """The whole lines that came since the last call; a line that a kill cut short is passed over."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self._offset)
            whole = file.read().rpartition(b"\n")[0]
        if not whole:
            return []
        self._offset += len(whole) + 1
        return [line for text in whole.splitlines() if isinstance(line := parsed(text), dict)]


def command() -> list[str]:
    """How the child is started: alone, or by a launcher as several processes on this machine or on many.

    A launcher is asked to end as the child is, tells its processes, and forgets their exit codes: what a child said
    last counts. Processes that torchrun starts end with it.
    """
    if settings.TRAINER_LAUNCH:
        return [*shlex.split(settings.TRAINER_LAUNCH), *MODULE]
    if settings.TRAINER_PROCESSES:
        return [*TORCHRUN, str(settings.TRAINER_PROCESSES), *MODULE]
    return COMMAND


def parsed(text: bytes) -> Any:
    """The JSON of a line; None when it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def spawn(command: list[str], log: IO[bytes] | int) -> subprocess.Popen[bytes]:
    """Start a process without Django's settings that does not outlive this one; call it from the main thread.

    The kernel watches the thread that started it, not the process.
    """
    parent = os.getpid()
    return subprocess.Popen(  # noqa: S603 - our own module, and a folder that we named
        command,
        cwd=settings.BASE_DIR,
        env={name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=lambda: die_with(parent),
    )


def without_folders(text: str) -> str:
    """The text with every absolute path cut to its last name: folders name people and machines."""
    return re.sub(r"(?<![\w.])(?:~|/)[^\s'\":;,]*/([^\s'\":;,/]*)", r"\1", text)
