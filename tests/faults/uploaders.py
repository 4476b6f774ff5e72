"""Clients that send short clips over HTTP from several threads, and try again until each is acknowledged.

As the browser does: one id and one digest for all tries of a clip; only 201, or 200 where an earlier answer was lost,
ends them. Each acknowledgement is in the ledger before the next clip is begun.
"""

import base64
import hashlib
import http.client
import random
import threading
import time
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

from tests import worlds
from tests.faults.ledger import Ledger, Try
from tests.visitors import Visitor

PATIENCE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 2.0
# An answer that no later try can better: the site refuses what it was sent.
REFUSALS = {400, 403, 409, 413, 415}


class Refused(Exception):
    """The site will not have the clip, whatever is tried."""


class Uploaders:
    """So many clients; `begin` starts them, `stop` ends them after the clip in hand."""

    def __init__(
        self, url: str, ledger: Ledger, *, seed: int, clients: int = 4, may_go_on: Callable[[], bool] | None = None
    ) -> None:
        self.url, self.ledger, self.seed = url, ledger, seed
        self.may_go_on = may_go_on or (lambda: True)
        self.voices = [Visitor(url) for _client in range(clients)]
        self.threads: list[threading.Thread] = []
        self.wrong: list[BaseException] = []
        self.left = 0
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._sounds = short_sounds()

    def sign_up(self) -> None:
        """Each client makes an account and consents; no faults yet."""
        for number, voice in enumerate(self.voices):
            voice.volunteer(f"vera-{self.seed}-{number}@example.org")

    def begin(self, count: int) -> None:
        """Send so many clips between them."""
        self.left = count
        self.threads = [
            threading.Thread(target=self._send, args=(number, voice), daemon=True)
            for number, voice in enumerate(self.voices)
        ]
        for each in self.threads:
            each.start()

    def are_done(self) -> bool:
        """Whether all is acknowledged; raises what went wrong in a client."""
        if self.wrong:
            raise self.wrong[0]
        return not any(each.is_alive() for each in self.threads)

    def stop(self) -> None:
        """Let every client end after the try in hand."""
        self.stopping.set()
        for each in self.threads:
            each.join(PATIENCE_SECONDS + 5)

    def _send(self, number: int, voice: Visitor) -> None:
        chance = random.Random(f"{self.seed} {number}")
        try:
            while self._takes_one():
                while not self.may_go_on() and not self.stopping.is_set():
                    time.sleep(0.05)
                self._send_one(voice, another_take(chance, self._sounds))
        except BaseException as fault:
            self.wrong.append(fault)

    def _takes_one(self) -> bool:
        with self._lock:
            self.left -= 1
            return self.left >= 0 and not self.stopping.is_set()

    def _send_one(self, voice: Visitor, sound: bytes) -> None:
        clip_id, sha256 = uuid.uuid4(), hashlib.sha256(sound).hexdigest()
        tries: list[Try] = []
        pause = 0.1
        while not self.stopping.is_set():
            tries.append(tried(voice, clip_id, sound))
            if tries[-1].status in (200, 201):
                self.ledger.acknowledge(str(clip_id), sha256, tries)
                return
            if tries[-1].status in REFUSALS:
                raise Refused(f"{clip_id}: {[each.status for each in tries]}")
            self.stopping.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def tried(voice: Visitor, clip_id: uuid.UUID, sound: bytes) -> Try:
    """One PUT on a connection of its own; status 0 where no whole answer came."""
    began_at, began = time.time(), time.monotonic()
    status = 0
    connection = http.client.HTTPConnection(urlsplit(voice.address).netloc, timeout=PATIENCE_SECONDS)
    try:
        connection.request("PUT", f"/api/v1/clips/{clip_id}/", sound, headers(voice, sound))
        answer = connection.getresponse()
        answer.read()
        status = answer.status
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()
    return Try(status, began_at, time.monotonic() - began)


def headers(voice: Visitor, sound: bytes) -> dict[str, str]:
    """What a browser's upload says of itself."""
    digest = base64.b64encode(hashlib.sha256(sound).digest()).decode()
    return {
        "Content-Type": "audio/wav",
        "Content-Digest": f"sha-256=:{digest}:",
        "X-Clip-Language": "en",
        "X-CSRFToken": voice.token(),
        "Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in voice.cookies),
    }


def short_sounds() -> list[bytes]:
    """The shortest of the spoken clips here, half a second each: quick to screen, and speech."""
    return sorted((path.read_bytes() for path in worlds.SOUNDS.glob("polish-*.wav")), key=len)


def another_take(chance: random.Random, sounds: list[bytes]) -> bytes:
    """One of the sounds with bytes of its own: a chunk of no meaning after the samples."""
    sound = chance.choice(sounds)
    chunk = b"junk" + (16).to_bytes(4, "little") + chance.randbytes(16)
    return sound[:4] + (len(sound) + len(chunk) - 8).to_bytes(4, "little") + sound[8:] + chunk
