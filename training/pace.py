"""How fast a run learns, on what, and how long the rest will take."""

from __future__ import annotations

import platform
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

# The last so many tellings are what "now" means: a speed that changes is seen, and one slow step is not.
MARKS = 12
GIBIBYTE = 1 << 30


class Pace:
    """Counts steps and clips against the clock."""

    def __init__(
        self, device: torch.device, *, processes: int = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._device, self._processes, self._clock = device, processes, clock
        self._name = named(device)
        self._steps = self._clips = 0
        self._marks: deque[tuple[float, int, int]] = deque([(clock(), 0, 0)], maxlen=MARKS)
        self._start = clock()

    def took(self, clips: int) -> None:
        """One step was taken with so many clips, of all processes together."""
        self._steps += 1
        self._clips += clips

    def facts(self, *, steps_left: int) -> dict[str, Any]:
        """Clips a second of late, the seconds that the steps left will take, the device and how full its memory is."""
        now = self._clock()
        at, steps, clips = self._marks[0]
        self._marks.append((now, self._steps, self._clips))
        facts: dict[str, Any] = {"device": self._name, "processes": self._processes}
        if now > at and self._steps > steps:
            facts["clips_per_second"] = round((self._clips - clips) / (now - at), 2)
            facts["eta_seconds"] = round((now - at) / (self._steps - steps) * steps_left, 1)
        if self._device.type == "cuda":
            facts["gpu"] = gpu(self._device)
        return facts

    def mean(self) -> dict[str, Any]:
        """Clips a second from the first step that this process took to now; nothing where it took none."""
        seconds = self._clock() - self._start
        return {"clips_per_second": round(self._clips / seconds, 2)} if self._steps and seconds > 0 else {}


def named(device: torch.device) -> str:
    """What the device is called by those who made it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def gpu(device: torch.device) -> dict[str, Any]:
    """How busy the GPU is, in percent, where its driver can be asked, and its memory in GiB: ours at most, and all."""
    free, total = torch.cuda.mem_get_info(device)
    facts = {
        "memory_gib": round((total - free) / GIBIBYTE, 2),
        "own_memory_gib": round(torch.cuda.max_memory_reserved(device) / GIBIBYTE, 2),
        "memory_total_gib": round(total / GIBIBYTE, 2),
    }
    try:
        return facts | {"use_percent": torch.cuda.utilization(device)}
    except (ImportError, RuntimeError):
        # Its driver's own library is not installed, or does not answer here.
        return facts
