"""Everything fails in turn while people upload: nothing that was acknowledged is lost, nothing happens twice.

`./run faults` plays OE_CAMPAIGNS seeds (3) of OE_CAMPAIGN_CLIPS clips (3000), and of a third of them on one machine
without servers; `./run test` a few clips and the heaviest faults. The line at the end is also appended to the file that
OE_CAMPAIGN_LINES names.
"""

import logging
import os
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults import campaign, checker
from tests.faults.ledger import Ledger
from tests.faults.proxies import Wire, wire
from tests.faults.schedule import printed, schedule
from tests.faults.stage import stage
from tests.faults.uploaders import Uploaders
from tests.forms import EVERY

pytestmark = pytest.mark.faults(seeds="OE_CAMPAIGNS")
log = logging.getLogger(__name__)
CLIPS = int(os.environ.get("OE_CAMPAIGN_CLIPS", "3000" if EVERY else "40"))
FAULTS = int(os.environ.get("OE_CAMPAIGN_FAULTS", "0" if EVERY else "6")) or None
CLIENTS = 4


def test_nothing_acknowledged_is_lost_and_nothing_happens_twice_whatever_fails(tmp_path, seed):
    outcome = played(tmp_path, shape="servers", seed=seed + 1, clips=CLIPS, count=FAULTS)

    assert outcome.acknowledged == CLIPS
    assert (outcome.lost, outcome.doubled, outcome.orphans) == (0, 0, 0), outcome.found
    if EVERY:
        assert outcome.recovery_seconds <= outcome.recovery_limit_seconds


@pytest.mark.soak
def test_the_same_on_one_machine_without_servers(tmp_path, seed):
    outcome = played(tmp_path, shape="embedded", seed=seed + 1, clips=CLIPS // 3, count=FAULTS)

    assert outcome.acknowledged == CLIPS // 3
    assert (outcome.lost, outcome.doubled, outcome.orphans) == (0, 0, 0), outcome.found


def played(folder: Path, *, shape: str, seed: int, clips: int, count: int | None) -> checker.Outcome:
    """One campaign from the first account to the checker's line."""
    has_clock = campaign.FAKETIME.exists()
    faults = schedule(seed, clips=clips, shape=shape, count=count, has_clock=has_clock)
    log.info("%s", printed(faults))
    wires: dict[str, Wire] = {}
    with ExitStack() as stack:

        def between(name: str, port: int) -> int:
            if name == "postgres":
                return port
            wires[name] = stack.enter_context(wire(f"http://127.0.0.1:{port}", seed=seed))
            return wires[name].port

        made = stack.enter_context(stage(folder, shape=shape, seed=seed, between=between))
        made.start()
        ledger = Ledger(folder / "ledger.jsonl")
        conducted = campaign.Campaign(made, ledger, faults, wires)
        uploaders = Uploaders(made.url, ledger, seed=seed, clients=CLIENTS, may_go_on=conducted.may_go_on)
        uploaders.sign_up()
        began = time.monotonic()
        uploaders.begin(clips)
        try:
            conducted.play(uploaders)
        finally:
            uploaders.stop()
        seconds = round(time.monotonic() - began)
        told = {"clips": clips, "seconds": seconds, "has_clock": has_clock, **conducted.told()}
        outcome = checker.check(made, ledger, quiet_until=conducted.quiet_until, **told)
        outcome.recovery_seconds = conducted.recovery_seconds
        outcome.recovery_limit_seconds = conducted.recovery_limit_seconds
        tell(outcome.line())
    return outcome


def tell(line: str) -> None:
    """Say the line where it is read: in the log, and in the file that was asked for."""
    log.warning("%s", line)
    if path := os.environ.get("OE_CAMPAIGN_LINES"):
        with Path(path).open("a") as file:
            file.write(line + "\n")
