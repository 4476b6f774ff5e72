"""The worker's end of a process that has the decoding library loaded, and walls off one child for each clip.

Loading takes twenty times as long as decoding a clip, so it is done once. The warm process touches no clip: it has an
empty environment, no network and no thread, forks, and tells how the child ended. It knows nothing of sound.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

LONGEST_MESSAGE = 10_000
ROOT = str(Path(__file__).parents[2])
LOAD = f"import sys; sys.path.insert(0, {ROOT!r}); from contributions.audio import decoding_child"
PROGRAM = f"{LOAD}\ndecoding_child.main()"


class DecodingFailed(Exception):
    """Decoding broke for a cause that need not be the clip's: try again later."""


@dataclass(frozen=True)
class Ending:
    """How a clip's child ended, and what it used: its exit code as in `subprocess`."""

    exit_code: int
    cpu_seconds: float
    peak_bytes: int  # resident, with what it shares with the warm process


KILLED = Ending(-signal.SIGKILL, 0.0, 0)


class Decoder:
    """Runs one walled child a clip; the warm process is made at the first clip, and again whenever it is gone.

    It belongs to the thread that uses it: the kernel ends the warm process with that thread. After a fork each
    process makes its own.
    """

    def __init__(self) -> None:
        self.last: Ending | None = None
        self._warm: _WarmProcess | None = None

    def __enter__(self) -> Decoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, job: dict[str, Any], *, files: list[IO[bytes]], wall_seconds: float) -> Ending:
        """How the child ended that did this job on these open files; raises DecodingFailed when none could be made.

        Past the wall time both it and the warm process are killed, as when the caller is interrupted here.
        """
        deadline = time.monotonic() + wall_seconds
        try:
            told = self._sent(job, files, deadline).receive(deadline)
        except TimeoutError:
            self.close()
            told = KILLED.__dict__
        except BaseException:  # also the worker's own time limit
            self.close()
            raise
        self.last = Ending(**told)
        return self.last

    def close(self) -> None:
        """End the warm process, with whatever it is doing."""
        if self._warm is not None:
            self._warm.end()
        self._warm = None

    def _sent(self, job: dict[str, Any], files: list[IO[bytes]], deadline: float) -> _WarmProcess:
        warm = self._running(deadline)
        try:
            warm.send(job, files)
        except OSError:  # it was killed since the last clip: no clip is to blame
            self.close()
            warm = self._running(deadline)
            warm.send(job, files)
        return warm

    def _running(self, deadline: float) -> _WarmProcess:
        if self._warm is None or self._warm.maker != os.getpid():
            self._warm = _WarmProcess(deadline)
        return self._warm


class _WarmProcess:
    """The process, and the line to it; ended with this object, unless a fork only copied it."""

    def __init__(self, deadline: float) -> None:
        self.maker = os.getpid()
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, tempfile.TemporaryFile() as complaint:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
                [sys.executable, "-I", "-c", PROGRAM, str(self.maker)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=complaint,
                env={},
                cwd="/",
                start_new_session=True,
            )
            self.end = weakref.finalize(self, _end, process, self._line, self.maker)
            theirs.close()  # so that its death is the end of the line
            try:
                self.receive(deadline)  # it has loaded the library
            except DecodingFailed as failure:
                complaint.seek(0)
                said = complaint.read()[-2_000:].decode(errors="replace")
                raise DecodingFailed(f"the decoder does not start: {said}") from failure

    def send(self, job: dict[str, Any], files: list[IO[bytes]]) -> None:
        """Hand a job over with its files, in that order."""
        socket.send_fds(self._line, [json.dumps(job).encode()], [file.fileno() for file in files])

    def receive(self, deadline: float) -> dict[str, Any]:
        """What it says next; raises TimeoutError at the deadline and DecodingFailed when it is gone."""
        self._line.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            message = self._line.recv(LONGEST_MESSAGE)
        except ConnectionError:
            message = b""
        if not message:
            raise DecodingFailed("the decoder was killed")
        told: dict[str, Any] = json.loads(message)
        return told


def _end(process: subprocess.Popen[bytes], line: socket.socket, maker: int) -> None:
    line.close()
    if maker != os.getpid():  # a copy of what belongs to the process that forked us
        process.returncode = 0
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


_kept = threading.local()


def kept() -> Decoder:
    """The decoder that this thread keeps for its life."""
    if not hasattr(_kept, "decoder"):
        _kept.decoder = Decoder()
    decoder: Decoder = _kept.decoder
    return decoder
