"""Plays a schedule of faults on a stage while clients upload, and knows what each fault interrupted.

The conductor runs in the main thread, since it starts processes; the clients in threads of their own.
"""

import heapq
import logging
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from celery import Celery
from kombu.exceptions import OperationalError

from openempathic import file_broker
from tests.faults import proxies
from tests.faults.ledger import Ledger
from tests.faults.proxies import Wire
from tests.faults.schedule import Fault
from tests.faults.stage import Stage, descendants
from tests.faults.uploaders import Uploaders

log = logging.getLogger(__name__)

# So few clips wait for screening that what is measured is the recovery, and not the queue.
BACKLOG_MAX = 4
BACKLOG_EVERY_SECONDS = 0.25
NUDGES = 20
# More than what the recovery may take: a fault that is alone gives up its place then, and is told of.
ALONE_SECONDS = 60.0
# So long a fault waits for its victim to have work in hand: most workers' deaths would interrupt nothing.
AIM_SECONDS = 10.0
# Twice what any fault with its recovery may take.
STANDSTILL_SECONDS = 150.0
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
# Less than the quarter of an hour beyond which an S3 store refuses what is signed.
CLOCK_STEP_SECONDS = 600

HELD = (
    "SELECT 'screening', CAST(id AS VARCHAR(36)), lease_owner FROM contributions_clip"
    " WHERE status = 'STORED' AND lease_owner <> '' UNION ALL"
    " SELECT 'prelabelling', CAST(id AS VARCHAR(36)), lease_owner FROM contributions_suggestion"
    " WHERE scores IS NULL AND lease_owner <> ''"
)
DONE = {
    "screening": "SELECT max(examined_at) FROM contributions_examination WHERE agent = 'screening' AND clip_id = '{}'",
    "prelabelling": "SELECT max(made_at) FROM contributions_suggestion WHERE scores IS NOT NULL AND id = '{}'",
}
BACKLOG = "SELECT count(*) FROM contributions_clip WHERE status = 'STORED'"
WAITING = (
    "SELECT (SELECT count(*) FROM contributions_clip WHERE status = 'STORED') +"
    " (SELECT count(*) FROM contributions_suggestion WHERE scores IS NULL AND next_attempt_at IS NOT NULL)"
)
LATEST = "SELECT CAST(id AS VARCHAR(36)) FROM contributions_clip WHERE status {} 'STORED' ORDER BY stored_at DESC"
LATEST_SUGGESTIONS = "SELECT id FROM contributions_suggestion ORDER BY id DESC"


@dataclass
class Happening:
    """A fault that has begun: when, what the killed or frozen processes held, and when that was done by another."""

    fault: Fault
    began_at: float
    killed: set[int] = field(default_factory=set)
    ended_at: float = 0.0
    # (agent, row) to the moment at which it was done, 0.0 until then.
    held: dict[tuple[str, str], float] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether the fault has ended and what it interrupted is done."""
        return bool(self.ended_at) and all(self.held.values())

    @property
    def recovery_seconds(self) -> float:
        """From the fault until the last thing that it interrupted was done."""
        return max((done - self.began_at for done in self.held.values()), default=0.0)


class Campaign:
    """One schedule on one stage: `play` it, then read `happenings` and `restarts`."""

    def __init__(
        self, stage: Stage, ledger: Ledger, faults: list[Fault], wires: Mapping[str, Wire] | None = None
    ) -> None:
        self.stage, self.ledger, self.wires = stage, ledger, wires or {}
        self.chance = random.Random(f"campaign {stage.seed}")
        self.coming = list(faults)
        self.endings: list[tuple[float, int, Happening]] = []
        self.happenings: list[Happening] = []
        self.restarts: Counter[str] = Counter()
        self.quiet_until = 0.0
        self.usual: dict[str, list[str]] = {}
        self.backlog = 0
        self._looked_at = self._aimed_at = 0.0
        self._moved: tuple[tuple[int, ...], float] = ((), time.monotonic())

    @property
    def recovery_limit_seconds(self) -> float:
        """A lease that runs out, a sweep that sees it, and five seconds to do the work."""
        return self.stage.lease_seconds + self.stage.sweep_seconds + 5

    def may_go_on(self) -> bool:
        """Whether clients may begin another clip."""
        return self.backlog <= BACKLOG_MAX

    def play(self, uploaders: Uploaders) -> None:
        """Let every fault begin and end while the clients send theirs, then wait until the site has settled."""
        while not (uploaders.are_done() and not self.coming and not self.endings):
            self._check_that_it_moves()
            self._end_what_is_due()
            self._begin_what_is_due(is_last=uploaders.are_done())
            self.restarts.update(self.stage.keep_running())
            self._look()
            time.sleep(0.01 if self._aimed_at else 0.05)
        self.stage.wait_for(self._has_settled, "all was screened and suggested", patience_seconds=300)
        self._look(now=True)

    def _check_that_it_moves(self) -> None:
        """Raise where for long nothing was acknowledged, began or ended: what should have come back stands."""
        state = (self.ledger.count, len(self.coming), len(self.endings))
        if state != self._moved[0]:
            self._moved = (state, time.monotonic())
        if time.monotonic() > self._moved[1] + STANDSTILL_SECONDS:
            raise AssertionError(f"nothing moved for {STANDSTILL_SECONDS:.0f} s: {self.backlog} clips wait, {state}")

    def _has_settled(self) -> bool:
        return self.ask(WAITING) == [(0,)]

    def _begin_what_is_due(self, *, is_last: bool) -> None:
        """The next fault, where its clips have come, its victim stands, and none that is alone goes on."""
        if not self.coming or (self.coming[0].after_clips > self.ledger.count and not is_last):
            return
        fault = self.coming[0]
        if self._must_wait(fault):
            return
        if fault.is_aimed and not self._has_work(fault.whom) and self._aims():
            return
        self.coming.pop(0)
        self._aimed_at = 0.0
        if not self.happenings:
            self.quiet_until = time.time()
        happening = Happening(fault, time.time())
        log.info("%s", fault)
        happening.killed = ACTS[fault.act](self, fault) or set()
        happening.held = dict.fromkeys(self._held_by(happening.killed), 0.0)
        self.happenings.append(happening)
        heapq.heappush(self.endings, (happening.began_at + fault.seconds, len(self.happenings), happening))

    def _must_wait(self, fault: Fault) -> bool:
        """Whether its victim is down already, or another one is there, or one of two faults wants to be alone."""
        if fault.whom in self.stage.held or (fault.act == "another" and f"another-{fault.whom}" in self.stage.parts):
            return True
        return (fault.is_alone and bool(self.endings)) or any(map(self._is_guarded, self.happenings[-1:]))

    def _has_work(self, name: str) -> bool:
        """Whether one of the part's processes holds a row at this moment."""
        pids = {each.pid for each in descendants(self.stage.parts[name])}
        return bool(self._held_by(pids))

    def _aims(self) -> bool:
        """Whether there is still time to wait for the victim to have work in hand."""
        self._aimed_at = self._aimed_at or time.monotonic()
        return time.monotonic() < self._aimed_at + AIM_SECONDS

    def _is_guarded(self, happening: Happening) -> bool:
        is_late = time.time() > happening.began_at + happening.fault.seconds + ALONE_SECONDS
        return happening.fault.is_alone and not happening.is_over and not is_late

    def _held_by(self, killed: set[int]) -> list[tuple[str, str]]:
        """The rows that the killed or frozen processes had in hand."""
        if not killed:
            return []
        owners = ((agent, pk, owner.split(":")[1]) for agent, pk, owner in self.ask(HELD))
        return [(agent, pk) for agent, pk, pid in owners if int(pid) in killed]

    def _end_what_is_due(self) -> None:
        while self.endings and self.endings[0][0] <= time.time():
            _moment, _number, happening = heapq.heappop(self.endings)
            ENDINGS.get(happening.fault.act, nothing)(self, happening.fault)
            happening.ended_at = time.time()

    def _look(self, *, now: bool = False) -> None:
        """See how many clips wait, and what of the interrupted is done by now."""
        if not now and time.monotonic() < self._looked_at + BACKLOG_EVERY_SECONDS:
            return
        self._looked_at = time.monotonic()
        for row in self.ask(BACKLOG):
            self.backlog = row[0]
        for happening in self.happenings:
            for (agent, pk), done in happening.held.items():
                if not done and (found := self.ask(DONE[agent].format(pk))) and found[0][0]:
                    happening.held[agent, pk] = moment(found[0][0])

    def ask(self, question: str) -> list[tuple]:
        """What the database says; nothing while it is itself down or frozen."""
        if "postgres" in self.stage.held:
            return []
        try:
            return self.stage.rows(question)
        except psycopg.OperationalError:
            return []

    @property
    def recovery_seconds(self) -> float:
        """The longest that the work of a killed or frozen worker waited for another, where no other fault was about."""
        return max((each.recovery_seconds for each in self.happenings if each.fault.is_alone), default=0.0)

    def told(self) -> dict[str, object]:
        """What the campaign did and met, for the line."""
        held = [(each, done) for each in self.happenings for done in each.held.values()]
        return {
            "kills": sum(each.fault.is_kill for each in self.happenings),
            "met": dict(Counter(each.fault.act for each in self.happenings)),
            "ended_by_themselves": dict(self.restarts),
            "interrupted": len(held),
            "recoveries": sum(each.fault.is_alone for each, _done in held),
            "longest_seconds": round(max((each.recovery_seconds for each in self.happenings), default=0.0), 1),
        }

    # What faults do.

    def kill(self, fault: Fault) -> set[int]:
        """SIGKILL; it starts again when the fault ends."""
        return self.stage.kill(fault.whom)

    def kill_child(self, fault: Fault) -> set[int]:
        """SIGKILL to a child that works; its parent starts another."""
        return self.stage.kill_child(fault.whom, self.chance)

    def freeze(self, fault: Fault) -> set[int]:
        """SIGSTOP, until the fault ends."""
        return self.stage.freeze(fault.whom)

    def thaw(self, fault: Fault) -> None:
        """SIGCONT."""
        self.stage.thaw(fault.whom)

    def again(self, fault: Fault) -> None:
        """Start what was killed, as it was before."""
        self.stage.parts[fault.whom].command = self.usual.get(fault.whom, self.stage.parts[fault.whom].command)
        self.stage.restart(fault.whom)

    def restart(self, fault: Fault) -> None:
        """Shut the server down as its operator does, connections and all; it starts again when the fault ends."""
        self.stage.held.add(fault.whom)
        self.stage.parts[fault.whom].process.send_signal(signal.SIGINT)
        self.stage.parts[fault.whom].process.wait(timeout=60)

    def meet(self, fault: Fault) -> None:
        """The wire between site and server."""
        self.wires[fault.whom].meet(WIRES[fault.detail], share=SHARES.get(fault.detail, 1.0))

    def pass_again(self, fault: Fault) -> None:
        """The wire is well."""
        self.wires[fault.whom].meet(None)

    def flush(self, fault: Fault) -> None:
        """Everything that the broker had is gone."""
        import redis

        redis.Redis.from_url(self.stage.supports["redis"].url, socket_timeout=5).flushall()

    def nudge_twice(self, fault: Fault) -> None:
        """Tell workers twice more of clips that they are told of anyhow."""
        self.nudge("=", times=2)

    def nudge_late(self, fault: Fault) -> None:
        """Tell workers of clips and suggestions that were done long ago."""
        self.nudge("<>", times=1)

    def nudge(self, sign: str, *, times: int) -> None:
        """Send what the sweep sends, for the latest clips and suggestions."""
        clips = [{"clip_id": each[0]} for each in self.ask(LATEST.format(sign))[:NUDGES]]
        suggestions = [{"suggestion_id": each[0]} for each in self.ask(LATEST_SUGGESTIONS)[:NUDGES]]
        sender = nudger(self.stage)
        try:
            for _time in range(times):
                for told in clips:
                    sender.send_task("contributions.tasks.screen", kwargs=told, queue="screening", retry=False)
                for told in suggestions:
                    sender.send_task("contributions.tasks.prelabel", kwargs=told, queue="prelabelling", retry=False)
        except OperationalError as away:
            log.info("No broker to nudge through: %s", away)

    def another(self, fault: Fault) -> None:
        """A second beat, with a memory of its own as on another machine, or a second trainer."""
        name = f"another-{fault.whom}"
        words = ["--schedule", str(self.stage.site.folder / name)] if fault.whom == "beat" else []
        self.stage.start_another(name, fault.whom, *words)

    def one_less(self, fault: Fault) -> None:
        """The second one is gone."""
        self.stage.drop(f"another-{fault.whom}")

    def clock(self, fault: Fault) -> set[int]:
        """Start the process again with a clock that is minutes off."""
        killed = self.stage.kill(fault.whom)
        step = self.chance.choice([-1, 1]) * CLOCK_STEP_SECONDS
        part = self.stage.parts[fault.whom]
        env, where, folder, *rest = self.usual.setdefault(fault.whom, part.command)
        faked = [f"LD_PRELOAD={FAKETIME}", f"FAKETIME={step:+d}s", "DONT_FAKE_MONOTONIC=1"]
        part.command = [env, where, folder, *faked, *rest]
        self.stage.restart(fault.whom)
        self.stage.held.add(fault.whom)
        return killed


WIRES = {
    "refuse": proxies.REFUSE,
    "hang": proxies.HANG,
    "mute": proxies.MUTE,
    "slow": proxies.slow(latency_seconds=0.3, bytes_per_second=50_000),
    "cut request": proxies.cut(after_bytes=9_000, of="request"),
    "cut answer": proxies.cut(after_bytes=300, of="answer"),
}
# A store that never answers whole is one that is away; half of the time is worse.
SHARES = {"cut request": 0.5, "cut answer": 0.5, "mute": 0.5}
ACTS: dict[str, Callable[[Campaign, Fault], set[int] | None]] = {
    "kill": Campaign.kill,
    "kill child": Campaign.kill_child,
    "freeze": Campaign.freeze,
    "restart": Campaign.restart,
    "wire": Campaign.meet,
    "flush": Campaign.flush,
    "nudge twice": Campaign.nudge_twice,
    "nudge late": Campaign.nudge_late,
    "another": Campaign.another,
    "clock": Campaign.clock,
}
ENDINGS: dict[str, Callable[[Campaign, Fault], None]] = {
    "kill": Campaign.again,
    "freeze": Campaign.thaw,
    "restart": Campaign.again,
    "wire": Campaign.pass_again,
    "another": Campaign.one_less,
    "clock": Campaign.again,
}


def nothing(_campaign: Campaign, _fault: Fault) -> None:
    """Some faults are over at once."""


def nudger(stage: Stage) -> Celery:
    """Somebody who sends through the stage's own broker, past any proxy."""
    if "redis" in stage.supports:
        return Celery(broker=stage.supports["redis"].url)
    file_broker.use()
    sender, folder = Celery(broker="filesystem://"), stage.site.folder / "var" / "broker"
    places = {name: str(folder / "queue") for name in ("data_folder_in", "data_folder_out")}
    sender.conf.broker_transport_options = {**places, "control_folder": str(folder / "control")}
    return sender


def moment(told: datetime | str) -> float:
    """Seconds since the epoch of a moment as either database gives it."""
    at = datetime.fromisoformat(told) if isinstance(told, str) else told
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
