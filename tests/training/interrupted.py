"""A run's child that dies before the n-th time it changes a file in its folder, as if the machine lost its power."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from pathlib import Path

import torch

from training.fit import main

# What changes a folder: the auditing event, and where it names the path.
CHANGES = {"os.rename": 0, "os.remove": 0, "os.mkdir": 0, "os.rmdir": 0, "os.truncate": 0}
FORK = multiprocessing.get_context("fork")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def dies_before(nth: int, folder: Path) -> None:
    """From now on this process kills itself before it changes a file in the folder for the n-th time, from 0."""
    seen = iter(range(sys.maxsize))

    def watches(event: str, arguments: tuple) -> None:
        if is_change(event, arguments, str(folder)) and next(seen) == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watches)


def is_change(event: str, arguments: tuple, folder: str) -> bool:
    """Whether the event is a write, a new name or an end of a file in the folder; its progress is only appended to."""
    if event == "open":
        path, _mode, flags = arguments
        return named(path).startswith(folder) and bool(flags & WRITES) and not named(path).endswith("progress.jsonl")
    return event in CHANGES and named(arguments[CHANGES[event]]).startswith(folder)


def named(path: object) -> str:
    """The path as text; descriptors have none."""
    return os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""


def child_that_dies(folder: Path, place: int | None) -> int | None:
    """The child in a process of its own, killed before that change of a file; its exit code."""

    def work() -> None:
        torch.set_num_threads(1)
        if place is not None:
            dies_before(place, folder)
        os._exit(main(["--folder", str(folder)]))

    child = FORK.Process(target=work)
    child.start()
    child.join()
    return child.exitcode


def dies_and_is_taken_up(folder: Path, place: int) -> bool:
    """The child dies at the place and another finishes; whether it came to the place at all."""
    died = child_that_dies(folder, place) == -signal.SIGKILL
    if died:
        assert child_that_dies(folder, None) == 0
    return died
