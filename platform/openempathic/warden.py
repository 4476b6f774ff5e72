"""Outlives a supervisor that was killed, to kill the process groups it leaves: `python -m openempathic.warden`.

The kernel ends the supervisor's own children with it, but not their children: a worker's pool, a decoder at work. The
supervisor tells the warden on stdin of each group that begins (`+123`) or is over (`-123`); its death closes stdin.
"""

import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress


def living(lines: Iterable[str]) -> set[int]:
    """The groups that had begun and were not over when the lines ended."""
    groups: set[int] = set()
    for line in lines:
        group = int(line[1:])
        (groups.add if line[0] == "+" else groups.discard)(group)
    return groups


def main() -> None:
    """Wait for the end of the supervisor, then end what is left of its family."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    for group in living(sys.stdin):
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
