"""People at a site, many at once, each with a connection that stays open, and how long each of their requests took."""

from __future__ import annotations

import base64
import hashlib
import http.client
import random
import re
import statistics
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

TURN = re.compile(r"/listen/([0-9a-f-]{36})/")
# Any secret will do: the site compares the cookie with the header.
CSRF = "c" * 32


@dataclass
class Clock:
    """Milliseconds of each act, and what did not succeed."""

    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    seconds: float = 0.0

    def rate(self, act: str) -> float:
        """How many of the act there were in a second."""
        return len(self.taken[act]) / self.seconds if self.seconds else 0.0

    def told(self, act: str) -> tuple[str, str, str]:
        """The middle one, and what 95 and 99 of a hundred are below, in milliseconds."""
        each = self.taken[act]
        if len(each) < 2:
            return "-", "-", "-"
        cut = statistics.quantiles(each, n=100)
        return f"{statistics.median(each):.0f}", f"{cut[94]:.0f}", f"{cut[98]:.0f}"


class Person:
    """One person's connection."""

    def __init__(self, address: str, session: str, clock: Clock, seed: int = 0) -> None:
        self.host = urlsplit(address).netloc
        self.clock = clock
        self.chance = random.Random(seed)
        self.cookies = f"sessionid={session}; csrftoken={CSRF}"
        self.connection = http.client.HTTPConnection(self.host, timeout=120)

    def ask(self, act: str, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes, str]:
        """The status, the body and the Location of the answer; the time until its last byte is kept under the act."""
        sent = {
            "Cookie": self.cookies,
            "X-CSRFToken": CSRF,
            **{name.replace("_", "-"): x for name, x in headers.items()},
        }
        began_at = time.perf_counter()
        try:
            self.connection.request(method, path, body=body or None, headers=sent)
            answer = self.connection.getresponse()
            said = answer.read()
        except (http.client.HTTPException, OSError):
            # gunicorn closes a connection after five idle seconds: a browser asks again, and so do we.
            self.connection.close()
            self.connection.request(method, path, body=body or None, headers=sent)
            answer = self.connection.getresponse()
            said = answer.read()
        self.clock.taken[act].append(1000 * (time.perf_counter() - began_at))
        if answer.status >= 400:
            self.clock.failed[f"{act} {answer.status}"] += 1
        return answer.status, said, answer.getheader("Location", "")

    def form(self, act: str, path: str, **fields: str) -> tuple[int, bytes, str]:
        """Send a form."""
        body = urlencode(fields).encode()
        return self.ask(act, "POST", path, body, Content_Type="application/x-www-form-urlencoded", Accept="*/*")

    def upload(self, sound: bytes) -> int:
        """Give one clip; no two have the same bytes."""
        body = sound[:-16] + self.chance.randbytes(16)
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        path = f"/api/v1/clips/{uuid.UUID(int=self.chance.getrandbits(128))}/"
        said = {"Content_Type": "audio/wav", "Content_Digest": f"sha-256=:{digest}:", "X_Clip_Language": "en"}
        return self.ask("upload", "PUT", path, body, **said)[0]

    def review(self) -> bool:
        """The next clip, heard, and the answer to it; False where there was none."""
        _status, page, _to = self.ask("next clip", "GET", "/listen/")
        found = TURN.search(page.decode())
        if not found:
            return False
        turn = found[1]
        self.form("heard", f"/listen/{turn}/heard/")
        self.form("submit", f"/listen/{turn}/rating/", is_usable="yes", emotion="anger")
        return True


@contextmanager
def running(acts: Sequence[Callable[[], object]], clock: Clock) -> Iterator[threading.Event]:
    """Each act again and again, each in a thread of its own, until the block is left."""
    over = threading.Event()

    def on(act: Callable[[], object]) -> None:
        while not over.is_set():
            act()

    threads = [threading.Thread(target=on, args=(act,)) for act in acts]
    began_at = time.perf_counter()
    for each in threads:
        each.start()
    try:
        yield over
    finally:
        over.set()
        for each in threads:
            each.join()
        clock.seconds = time.perf_counter() - began_at
