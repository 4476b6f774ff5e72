"""The web server is killed again and again while people upload: what was answered with 201 is there, once, whole.

Not only its bytes are asked for: some senders never come back after a cut, and what they left without a row is gone
after the clean-up. `./run faults` sends OE_UPLOADS (5000) with OE_KILLS (100), in both shapes; `./run test` a few.
The line at the end is also appended to the file that OE_UPLOAD_LINES names.
"""

import hashlib
import json
import logging
import os
import random
import signal
import time
import uuid
from contextlib import suppress

import psutil
import pytest

from tests.faults.checker import CLIPS, dashed
from tests.faults.ledger import Ledger, Try
from tests.faults.stage import Stage, stage
from tests.faults.uploaders import LONGEST_PAUSE_SECONDS, Uploaders, tried
from tests.forms import EVERY, first_of

pytestmark = pytest.mark.faults(seeds="OE_LONG_SEEDS")
log = logging.getLogger(__name__)
UPLOADS = int(os.environ.get("OE_UPLOADS", "5000" if EVERY else "80"))
KILLS = int(os.environ.get("OE_KILLS", "100" if EVERY else "4"))
CLIENTS = 8
# Of a hundred senders whose try was cut so many never come back.
LEAVE = 20
STORED = "SELECT count(*), count(DISTINCT subject_id) FROM audit_auditevent WHERE act = 'clip.stored'"


class Senders(Uploaders):
    """Uploaders of whom some give up after a cut; `gone` counts the clips that nobody sends again."""

    gone = 0

    def _send_one(self, voice, sound):
        """One clip, until it is acknowledged or its sender has left."""
        clip_id, chance = uuid.uuid4(), random.Random(f"{self.seed} {sound[-16:].hex()}")
        tries: list[Try] = []
        pause = 0.1
        while not self.stopping.is_set():
            tries.append(tried(voice, clip_id, sound))
            if tries[-1].status in (200, 201):
                self.ledger.acknowledge(str(clip_id), hashlib.sha256(sound).hexdigest(), tries)
                return
            assert tries[-1].status == 0 or tries[-1].status >= 500, tries
            if chance.randrange(100) < LEAVE:
                with self._lock:
                    self.gone += 1
                return
            self.stopping.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


@pytest.mark.parametrize("shape", first_of(["embedded", "servers"]))
def test_what_was_acknowledged_is_there_once_and_whole_and_nothing_else_is_left(tmp_path, shape, seed):
    began = time.monotonic()
    with stage(tmp_path, shape=shape, seed=seed, environment={"OE_WEB_WORKERS": "2"}) as made:
        made.start("web")
        ledger = Ledger(tmp_path / "ledger.jsonl")
        senders = Senders(made.url, ledger, seed=seed, clients=CLIENTS)
        senders.sign_up()
        senders.begin(UPLOADS)
        try:
            kills = killed_again_and_again(made, senders, chance=random.Random(seed))
        finally:
            senders.stop()
        made.kill("web")
        left = {key.split("/")[1] for key in made.objects()} - rows_of(made).keys()
        made.site.manage("erase_orphans", "--older-than-hours", "0")
        line = told(made, ledger, senders, kills=kills, orphans_before=len(left), seconds=time.monotonic() - began)

    assert (line["lost"], line["doubled"], line["orphans"], line["unfinished"]) == (0, 0, 0, 0), line
    assert line["acknowledged"] + line["gone"] == UPLOADS
    assert sum(kills.values()) == KILLS


def killed_again_and_again(made: Stage, senders: Senders, *, chance: random.Random) -> dict[str, int]:
    """Kill a worker or the master at so many moments between the first upload and the last; how many of each."""
    kills = {"worker": 0, "master": 0}
    for number in range(KILLS):
        # None after nine tenths: a kill that nobody is there to feel is none.
        moment = 0.9 * UPLOADS * (number + chance.random()) / KILLS
        made.wait_for(lambda: senders.are_done() or UPLOADS - senders.left > moment, "the uploads went on")  # noqa: B023
        if senders.are_done():
            break
        time.sleep(chance.uniform(0, 0.1))
        victim = chance.choice(["worker", "master"])
        if victim == "worker":
            made.wait_for(lambda: kill_one_worker(made, chance), "a worker was there")
            kills["worker"] += 1
            continue
        os.kill(made.parts["web"].process.pid, signal.SIGKILL)
        kills["master"] += 1
        # Its workers notice after a while, unless the supervisor buries them before.
        time.sleep(chance.uniform(0, 0.5))
        made.restart("web")
    made.wait_for(senders.are_done, "all was sent", patience_seconds=900)
    return kills


def kill_one_worker(made: Stage, chance: random.Random) -> bool:
    """End one of gunicorn's workers in the middle of its requests; False where none is there yet."""
    with suppress(psutil.NoSuchProcess):
        workers = psutil.Process(made.parts["web"].process.pid).children()
        if workers:
            chance.choice(workers).kill()
            return True
    return False


def rows_of(made: Stage) -> dict[str, str]:
    """Every clip of the database and its digest."""
    return {dashed(pk): sha256 for pk, sha256, *_more in made.rows(CLIPS)}


def told(made: Stage, ledger: Ledger, senders: Senders, **more: object) -> dict[str, object]:
    """What is held against each other, in numbers: one JSON line."""
    rows, objects, entries = rows_of(made), made.objects(), list(ledger.entries())
    originals = {key.split("/")[1]: digest for key, digest in objects.items() if key.endswith("/original")}
    tries = [each for entry in entries for each in entry.tries]
    ((acts, subjects),) = made.rows(STORED)
    line = {
        "shape": made.shape,
        "seed": made.seed,
        "uploads": UPLOADS,
        "acknowledged": len(entries),
        "gone": senders.gone,
        "lost": sum(rows.get(entry.clip_id) != entry.sha256 for entry in entries)
        + sum(originals.get(number) != sha256 for number, sha256 in rows.items()),
        "doubled": acts - subjects + abs(len(rows) - subjects),
        "orphans": len({key.split("/")[1] for key in objects} - rows.keys()),
        "unfinished": unfinished_in(made),
        "tries": len(tries),
        "unanswered": sum(each.status == 0 for each in tries),
        "answered_200": sum(each.status == 200 for each in tries),
        "errors_5xx": sum(each.status >= 500 for each in tries),
        **more,
    }
    log.info("%s", words := json.dumps(line))
    if path := os.environ.get("OE_UPLOAD_LINES"):
        with open(path, "a") as lines:
            lines.write(words + "\n")
    return line


def unfinished_in(made: Stage) -> int:
    """What writers that died left in storage, and no listing tells of."""
    store = made.store()
    if made.shape == "servers":
        return len(store.s3.list_multipart_uploads(Bucket=store.bucket).get("Uploads", []))
    return sum(1 for _path in (made.site.folder / "var").rglob(".put-*"))
