"""Which faults a campaign meets, and when: made from a seed, the same each time, and printable.

Moments are counts of acknowledged clips, so that a slow machine meets the same campaign as a quick one; only how long
a fault lasts is in seconds.
"""

import random
from dataclasses import dataclass
from typing import Any

CLIPS = 3000
# What is begun before this share of the clips meets nothing: the measure of what faults add.
QUIET_SHARE = 0.1
# The last clips come when all is well again.
LAST_SHARE = 0.97


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong, from so many acknowledged clips on, for so long.

    While one is `alone` no other begins, until what it interrupted is done: by these the recovery is measured.
    """

    act: str
    whom: str
    after_clips: int = 0
    seconds: float = 0.0
    is_alone: bool = False
    detail: str = ""

    @property
    def is_kill(self) -> bool:
        """Whether it ends a process with SIGKILL."""
        return self.act in ("kill", "kill child", "clock")

    @property
    def is_aimed(self) -> bool:
        """Whether it waits until its victim has work in hand."""
        return self.whom.startswith("worker") and self.act in ("kill", "kill child", "freeze")

    def __str__(self) -> str:
        alone = ", alone" if self.is_alone else ""
        return f"{self.after_clips:>5} {self.act} {self.whom} {self.detail} {self.seconds:.1f} s{alone}"


@dataclass(frozen=True)
class Kind:
    """So many faults of a kind among CLIPS clips, each between so many seconds long."""

    act: str
    whom: str
    times: int
    seconds: tuple[float, float] = (0.0, 3.0)
    is_alone: bool = False
    detail: str = ""
    # "servers" has what `./run` on one machine has not.
    shapes: tuple[str, ...] = ("servers", "embedded")


SERVED = ("servers",)
LEASE = 10.0
# The order is that of their weight: a short campaign takes one of each from the top.
KINDS = (
    Kind("kill", "worker-1", 4, is_alone=True),
    Kind("kill", "postgres", 4, shapes=SERVED),
    Kind("kill", "web", 7),
    Kind("flush", "redis", 2, shapes=SERVED),
    Kind("kill", "redis", 4, shapes=SERVED),
    Kind("nudge twice", "redis", 3),
    Kind("kill", "s3", 3, shapes=SERVED),
    Kind("kill", "beat", 3),
    Kind("kill child", "worker-2", 4, is_alone=True),
    Kind("kill", "worker-2", 5),
    Kind("kill", "worker-prelabelling", 3, shapes=SERVED),
    Kind("kill child", "worker-prelabelling", 1, is_alone=True, shapes=SERVED),
    Kind("kill child", "web", 3),
    Kind("kill", "trainer", 2),
    Kind("freeze", "worker-1", 3, seconds=(LEASE, 1.6 * LEASE)),
    Kind("freeze", "worker-2", 2, seconds=(LEASE, 1.6 * LEASE), is_alone=True),
    Kind("freeze", "worker-prelabelling", 1, seconds=(LEASE, 1.6 * LEASE), shapes=SERVED),
    Kind("freeze", "web", 2, seconds=(1, 6)),
    Kind("freeze", "beat", 1, seconds=(2, 12)),
    Kind("freeze", "trainer", 1, seconds=(2, 12)),
    Kind("freeze", "postgres", 2, seconds=(1, 6), shapes=SERVED),
    Kind("freeze", "redis", 2, seconds=(1, 8), shapes=SERVED),
    Kind("freeze", "s3", 2, seconds=(1, 8), shapes=SERVED),
    Kind("restart", "postgres", 2, shapes=SERVED),
    Kind("wire", "redis", 2, seconds=(2, 8), detail="refuse", shapes=SERVED),
    Kind("wire", "redis", 2, seconds=(2, 8), detail="hang", shapes=SERVED),
    Kind("wire", "s3", 2, seconds=(2, 8), detail="refuse", shapes=SERVED),
    Kind("wire", "s3", 1, seconds=(2, 8), detail="hang", shapes=SERVED),
    Kind("wire", "s3", 2, seconds=(3, 8), detail="slow", shapes=SERVED),
    Kind("wire", "s3", 2, seconds=(3, 8), detail="cut request", shapes=SERVED),
    Kind("wire", "s3", 2, seconds=(3, 8), detail="cut answer", shapes=SERVED),
    Kind("wire", "s3", 2, seconds=(3, 8), detail="mute", shapes=SERVED),
    Kind("nudge late", "redis", 3),
    Kind("another", "beat", 2, seconds=(5, 15)),
    Kind("another", "trainer", 1, seconds=(5, 15)),
    Kind("clock", "beat", 2, seconds=(6, 12)),
    Kind("clock", "web", 1, seconds=(6, 12)),
    Kind("clock", "worker-1", 2, seconds=(6, 12)),
)


def schedule(
    seed: int, *, clips: int = CLIPS, shape: str = "servers", count: int | None = None, has_clock: bool = True
) -> list[Fault]:
    """The faults of one campaign, as they begin; `count` of them, or as many as so few clips meet."""
    chance = random.Random(f"faults {seed} {clips} {shape}")
    kinds = chosen(shape, has_clock)
    share = max(1, round(len(kinds) * clips / CLIPS)) if count is None else count
    faults = [made(kind, chance) for kind in kinds[:share]]
    chance.shuffle(faults)
    first, last = QUIET_SHARE * clips, LAST_SHARE * clips
    step = (last - first) / max(1, len(faults))
    moments = [round(first + (number + chance.random()) * step) for number in range(len(faults))]
    return [Fault(**{**told(fault), "after_clips": at}) for fault, at in zip(faults, moments, strict=True)]


def chosen(shape: str, has_clock: bool) -> list[Kind]:
    """Every kind as often as CLIPS clips meet it: one of each first, in the order of their weight."""
    kinds = [kind for kind in KINDS if shape in kind.shapes and (has_clock or kind.act != "clock")]
    return [kind for turn in range(max(kind.times for kind in kinds)) for kind in kinds if turn < kind.times]


def made(kind: Kind, chance: random.Random) -> Fault:
    """One fault of the kind."""
    return Fault(kind.act, kind.whom, 0, chance.uniform(*kind.seconds), kind.is_alone, kind.detail)


def told(fault: Fault) -> dict[str, Any]:
    """What a fault is made of."""
    return dict(vars(fault))


def printed(faults: list[Fault]) -> str:
    """The schedule for a person to read."""
    return "\n".join(["clips what", *(str(fault) for fault in faults)])
