"""Several processes that learn as one: who they are, which part each hears, and what they tell each other.

`torchrun` starts them and says who is who in the environment; a process started alone is a team of one, and nothing
here then costs anything. Messages travel as JSON beside the tensors, never pickled. What is not known: a process that
hangs without dying is noticed only by whoever started them.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch import distributed as processes

# The others wait while the leader packs, and a large release takes hours.
LONGEST_WAIT = timedelta(hours=24)
PR_SET_PDEATHSIG = 1
Item = TypeVar("Item")


@dataclass(frozen=True)
class Team:
    """This process among those that learn together; the leader alone writes files."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the one that packs, keeps states, evaluates and exports."""
        return self.rank == 0

    def sizes(self, total: int) -> list[int]:
        """How many of so many items each process has; they differ by one at most."""
        return [len(range(rank, total, self.size)) for rank in range(self.size)]

    def shares(self, items: Sequence[Item]) -> list[Sequence[Item]]:
        """The items cut into stretches, one for each process; some are empty when there are too few."""
        edges = np.cumsum([0, *self.sizes(len(items))]).tolist()
        return [items[start:end] for start, end in pairwise(edges)]

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """The stretch of the items that is this process's."""
        return self.shares(items)[self.rank]

    def gathered(self, rows: Tensor, sizes: Sequence[int]) -> Tensor:
        """The rows of all processes (sum of sizes, ...) in their order, with gradients; own ones (own size, ...).

        Every process must then compute the same loss of them: DistributedDataParallel takes the mean of the
        gradients, so that the parameters get the gradient that one process with all the rows would have found.
        """
        return rows if self.size == 1 else _Gathered.apply(rows, self.rank, sizes)

    def exchanged(self, content: Any) -> list[Any]:
        """What each process told here, by rank; plain data."""
        if self.size == 1:
            return [content]
        told = torch.from_numpy(np.frombuffer(json.dumps(content).encode(), dtype=np.uint8).copy())
        lengths = [torch.zeros(1, dtype=torch.int64) for _ in range(self.size)]
        processes.all_gather(lengths, torch.tensor([len(told)]))
        longest = max(int(length) for length in lengths)
        heard = [torch.zeros(longest, dtype=torch.uint8) for _ in range(self.size)]
        processes.all_gather(heard, torch.nn.functional.pad(told, (0, longest - len(told))))
        return [json.loads(bytes(text[: int(n)].tolist())) for text, n in zip(heard, lengths, strict=True)]

    def any(self, is_so: bool) -> bool:
        """Whether it is so for one of them at least; all get the same answer."""
        return any(self.exchanged(is_so))

    def wait(self) -> None:
        """Go on when all have come here."""
        self.exchanged(None)

    def told_by_leader(self, content: Any) -> Any:
        """What the leader told; the others wait for it, and what they brought is not used."""
        return self.exchanged(content)[0]


ALONE = Team()


@contextmanager
def joined() -> Iterator[Team]:
    """The team that torchrun made this process a part of; a team of one where nobody did."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    processes.init_process_group(backend, timeout=LONGEST_WAIT)
    try:
        yield Team(processes.get_rank(), processes.get_world_size())
    finally:
        processes.destroy_process_group()


def die_with_launcher() -> None:
    """End at once when the process that started this one ends: a launcher that is killed must leave nobody learning.

    torchrun gives each process a session of its own, so that whoever kills its group does not reach them.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == 1:
        # It ended before we could ask for that.
        os.kill(os.getpid(), signal.SIGKILL)


def local_rank() -> int:
    """This process's number on its machine, which is the number of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


class _Gathered(torch.autograd.Function):
    """Rows of all processes; backwards, each keeps the gradient of its own."""

    @staticmethod
    def forward(context: Any, rows: Tensor, rank: int, sizes: Sequence[int]) -> Tensor:
        """Own rows (own size, ...) to all rows (sum of sizes, ...)."""
        context.own, context.processes = slice(sum(sizes[:rank]), sum(sizes[: rank + 1])), len(sizes)
        padded = rows.new_zeros(max(sizes), *rows.shape[1:])
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in sizes]
        processes.all_gather(parts, padded)
        return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """The gradient of all rows to that of our own, times what the mean over processes will divide it by."""
        return gradients[0][context.own] * context.processes, None, None
