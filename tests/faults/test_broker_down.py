"""The broker is gone, hangs or forgets: clips are taken in all the same, and screened when it is back.

`./run faults` sends OE_BROKER_UPLOADS (1000), `./run test` a few; the line at the end is also appended to the file that
OE_UPLOAD_LINES names.
"""

import json
import logging
import os
import signal
import time
from pathlib import Path

import pytest
import redis

from tests import servers, sites
from tests.faults.checker import p99
from tests.faults.ledger import Ledger
from tests.faults.uploaders import Uploaders
from tests.forms import EVERY

pytestmark = pytest.mark.faults(seeds="OE_LONG_SEEDS")
log = logging.getLogger(__name__)
UPLOADS = int(os.environ.get("OE_BROKER_UPLOADS", "1000" if EVERY else "12"))
ENVIRONMENT = {"OE_LEASE_SECONDS": "4", "OE_CLIPS_PER_DAY": "1000000", "OE_SEEK_DUPLICATES": "off"}
CLIPS = "SELECT count(*) FROM contributions_clip WHERE status = 'STORED'"
EXAMINED = "SELECT count(*), count(DISTINCT clip_id) FROM contributions_examination WHERE agent = 'screening'"


def test_uploads_need_no_broker_and_screening_follows_when_it_is_back(tmp_path, seed):
    with servers.redis() as broker, sites.site(tmp_path, broker.environment | ENVIRONMENT) as site:
        for name in ("web", "worker", "beat"):
            site.start(name, sites.COMMANDS[name], site.is_healthy if name == "web" else lambda: True)
        periods = {}
        for name, (break_it, mend_it) in faults_of(broker).items():
            break_it()
            periods[name] = sent(site, tmp_path / f"{name}.jsonl", seed=f"{seed}-{name}")
            mend_it()
        began = time.monotonic()
        # However long they all take: each of them comes in its time.
        while left := unscreened(site):
            site.wait_for(lambda: unscreened(site) < left, "one more clip was screened")
        line = {"uploads": 4 * (UPLOADS // 4), "screened_after_seconds": round(time.monotonic() - began, 1)}
        line |= {"periods": periods, "examined": site.rows(EXAMINED)[0]}

    tell(json.dumps(line))
    assert {name: period["failed"] for name, period in periods.items()} == dict.fromkeys(periods, 0)
    assert line["examined"] == (line["uploads"], line["uploads"])


def faults_of(broker: servers.Server) -> dict:
    """How the broker is broken and mended, by the name of the fault; first nothing, to compare with."""
    return {
        "well": (lambda: None, lambda: None),
        "refused": (broker.kill, broker.start),
        "hung": (
            lambda: broker.process.send_signal(signal.SIGSTOP),
            lambda: broker.process.send_signal(signal.SIGCONT),
        ),
        "flushed": (lambda: redis.Redis.from_url(broker.url).flushall(), lambda: None),
    }


def sent(site: sites.Site, path: Path, *, seed: str) -> dict[str, float]:
    """Send a quarter of the clips; how many tries failed, and how long the slowest hundredth took."""
    ledger = Ledger(path)
    senders = Uploaders(site.url, ledger, seed=seed, clients=4)
    senders.sign_up()
    senders.begin(UPLOADS // 4)
    site.wait_for(senders.are_done, "all was sent")
    entries = list(ledger.entries())
    failed = sum(each.status != 201 for entry in entries for each in entry.tries)
    return {"acknowledged": len(entries), "failed": failed, "p99_seconds": round(p99([x.seconds for x in entries]), 3)}


def unscreened(site: sites.Site) -> int:
    """How many clips wait still; starts again what an outage has ended."""
    # Celery's Redis transport may end its worker over an acknowledgement that the outage swallowed: start it.
    for name in ("worker", "beat"):
        site.keep_running(name)
    return int(site.rows(CLIPS)[0][0])


def tell(line: str) -> None:
    """Say how it went."""
    log.info("%s", line)
    if path := os.environ.get("OE_UPLOAD_LINES"):
        with open(path, "a") as lines:
            lines.write(line + "\n")
