"""The walls around a process that reads a stranger's bytes: what it may use, and which calls the kernel answers.

Standard library only, Linux only. Where a kernel or a processor lacks a wall, the functions say so and the others
stand. It does not guard against a hole in the kernel itself.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 22, 38
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PROT_EXEC = 4

# A call's numbers as the kernel's headers give them, and all that decoding from open files to open files needs.
# Opening, sockets, other processes and signals are absent, so they are refused.
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CALLS = {  # (on x86_64, on aarch64)
    **{"read": (0, 63), "write": (1, 64), "close": (3, 57), "lseek": (8, 62)},
    **{"munmap": (11, 215), "brk": (12, 214), "mremap": (25, 216), "madvise": (28, 233)},
    **{"rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139)},
    **{"futex": (202, 98), "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "sysinfo": (99, 179)},
    **{"clock_gettime": (228, 113), "clock_nanosleep": (230, 115), "gettimeofday": (96, 169)},
    **{"getpid": (39, 172), "gettid": (186, 178), "getrusage": (98, 165), "getrandom": (318, 278)},
    **{"exit": (60, 93), "exit_group": (231, 94)},
}
STARTING_CALLS = {"clone": (56, 220), "clone3": (435, 435)}  # a library asks for threads, and does without
MAPPING_CALLS = {"mmap": (9, 222), "mprotect": (10, 226)}  # for memory that is not run as a program

LOAD_WORD, JUMP_IF_EQUAL, JUMP_IF_ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
CALL_NUMBER, ARCHITECTURE, THIRD_ARGUMENT = 0, 4, 32  # where they lie in what the filter sees
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000


@dataclass(frozen=True)
class Limits:
    """What one clip may cost."""

    cpu_seconds: int
    memory_bytes: int  # of address space
    answer_bytes: int  # written to any one file


def die_with(parent: int) -> None:
    """Be killed as soon as the thread that started this process ends, and gain no privilege."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked to die with it
        os._exit(1)


def leave_the_network() -> bool:
    """Whether this process, and each that it starts, is off the network now; False where the kernel keeps it on."""
    return bool(ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def volunteer_to_be_killed_first() -> None:
    """When the machine runs out of memory, let it be a clip that pays, and no worker."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def limit_myself(limits: Limits) -> None:
    """Take the limits that a runaway decoder runs into, and open nothing from here on."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The signal that tells why comes first, also where a busy machine counts a second or two at once.
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.answer_bytes, limits.answer_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


class CallFilter:
    """Answers only the calls in the tables above; another is refused, or ends the process where that is asked.

    What it ends is every attempt to reach out; a thread or a process more is refused in either case.
    """

    def __init__(self) -> None:
        self._programs = {ending: assembled(platform.machine(), ending) for ending in (REFUSE, KILL)}
        self._prctl = ctypes.CDLL(None).prctl

    def close(self, *, kills: bool) -> bool:
        """Shut the filter for good; False where the kernel or the processor has none."""
        program = self._programs[KILL if kills else REFUSE]
        if not program:
            return False
        code = ctypes.create_string_buffer(program, len(program))
        described = struct.pack("HL", len(program) // 8, ctypes.addressof(code))
        return bool(self._prctl(PR_SET_SECCOMP, 2, described, 0, 0) == 0)


def assembled(machine: str, otherwise: int) -> bytes:
    """The filter as the kernel's BPF; empty for a processor whose numbers we do not know."""
    if machine not in ARCHITECTURES:
        return b""
    column = list(ARCHITECTURES).index(machine)
    steps = [
        step(LOAD_WORD, ARCHITECTURE),
        step(JUMP_IF_EQUAL, ARCHITECTURES[machine], then=1),
        step(RETURN, KILL),  # the numbers mean other calls
        step(LOAD_WORD, CALL_NUMBER),
    ]
    for numbers in CALLS.values():
        steps += [step(JUMP_IF_EQUAL, numbers[column], otherwise=1), step(RETURN, ALLOW)]
    for numbers in STARTING_CALLS.values():
        steps += [step(JUMP_IF_EQUAL, numbers[column], otherwise=1), step(RETURN, REFUSE)]
    for numbers in MAPPING_CALLS.values():
        steps += [
            step(JUMP_IF_EQUAL, numbers[column], otherwise=4),
            step(LOAD_WORD, THIRD_ARGUMENT),
            step(JUMP_IF_ANY_BIT, PROT_EXEC, then=1),
            step(RETURN, ALLOW),
            step(RETURN, otherwise),
        ]
    return b"".join([*steps, step(RETURN, otherwise)])


def step(code: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    """One instruction: how many to skip where its condition holds, and where it does not."""
    return struct.pack("HBBI", code, then, otherwise, value)
