"""A proxy of ours between a browser and a site that cuts, delays, doubles and lies, by a seed; or is a dead wire.

with chaos(site.url, seed=1) as wire: ...    # wire.url; wire.fates: what it did
wire.is_down = True: nobody gets through; wire.holds_uploads = True: only pages do
"""

import contextlib
import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# What becomes of an upload, and how often of a hundred; everything else passes as it is.
FATES = {
    "passes": 45,
    "is late": 10,
    "is cut before": 8,
    "is cut in the middle": 10,
    "loses its answer": 12,
    "comes twice at once": 5,
    "comes again later": 5,
    "meets a site that is away": 3,
    "meets a hotel's page": 2,
}
HOTEL = b"<!DOCTYPE html><title>Welcome to our hotel</title><p>Please accept our terms."
AWAY = b"<!DOCTYPE html><title>503</title>"
# Headers between two machines, which are not passed on.
OWN = {"connection", "keep-alive", "transfer-encoding", "proxy-connection", "upgrade"}

Answer = tuple[int, list[tuple[str, str]], bytes]


class Wire(ThreadingHTTPServer):
    """The proxy: with no seed it passes everything."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, upstream: str, seed: int | None) -> None:
        super().__init__(("127.0.0.1", 0), Passage)
        self.upstream, self.seed = urlsplit(upstream).netloc, seed
        self.is_down = self.holds_uploads = False
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.fates: Counter[str] = Counter()
        self.tries: Counter[str] = Counter()
        self.lock = threading.Lock()

    def fate(self, path: str) -> tuple[str, random.Random]:
        """What becomes of this try; the same for the same seed, address and try, whatever else is on the wire."""
        with self.lock:
            self.tries[path] += 1
            chance = random.Random(f"{self.seed} {path} {self.tries[path]}")
            fate = chance.choices(list(FATES), weights=list(FATES.values()))[0] if self.seed is not None else "passes"
            self.fates[fate] += 1
        return fate, chance

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that was killed is no news."""


class Passage(BaseHTTPRequestHandler):
    """One request through the wire; each has a connection of its own."""

    server: Wire

    def log_message(self, *_words: object) -> None:
        """Say nothing."""

    def pass_on(self) -> None:
        """Bring the request to the site and the answer back."""
        if self.server.is_down:
            return self.cut()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(self.asked(body))

    do_GET = do_HEAD = do_POST = do_DELETE = pass_on  # noqa: N815

    def do_PUT(self) -> None:
        """An upload meets its fate."""
        if self.server.is_down or self.server.holds_uploads:
            return self.cut()
        fate, chance = self.server.fate(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        if fate == "is cut before":
            return self.cut()
        if fate == "is cut in the middle":
            return self.half(self.rfile.read(int(length * chance.uniform(0.05, 0.95))))
        body = self.rfile.read(length)
        if fate == "is late":
            time.sleep(chance.uniform(0.05, 1.5))
        if fate == "meets a site that is away":
            return self.answer((503, [("Content-Type", "text/html")], AWAY))
        if fate == "meets a hotel's page":
            return self.answer((200, [("Content-Type", "text/html")], HOTEL))
        if fate == "comes twice at once":
            threading.Thread(target=self.again, args=(body,), daemon=True).start()
        answer = self.asked(body)
        if fate == "loses its answer":
            return self.cut()
        self.answer(answer)
        if fate == "comes again later":
            threading.Timer(chance.uniform(0.2, 3), self.again, args=(body,)).start()
        return None

    def asked(self, body: bytes) -> Answer:
        """What the site answers."""
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=120)
        try:
            upstream.request(self.command, self.path, body or None, dict(passed(list(self.headers.items()))))
            answer = upstream.getresponse()
            return answer.status, passed(answer.getheaders()), answer.read()
        finally:
            upstream.close()

    def again(self, body: bytes) -> None:
        """The same once more, whose answer nobody waits for."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.asked(body)

    def half(self, body: bytes) -> None:
        """The site gets the beginning, then both sides lose the other."""
        upstream = socket.create_connection(self.server.upstream.rsplit(":", 1))  # type: ignore[arg-type]
        lines = [f"{self.command} {self.path} HTTP/1.1", *(f"{name}: {words}" for name, words in self.headers.items())]
        upstream.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        reset(upstream)
        self.cut()

    def answer(self, answer: Answer) -> None:
        """Give the browser the answer."""
        status, headers, body = answer
        self.send_response_only(status)
        for name, words in headers:
            self.send_header(name, words)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def cut(self) -> None:
        """Leave the browser without an answer."""
        self.close_connection = True
        reset(self.connection)


def passed(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers that travel, and that this connection ends after the answer."""
    return [(name, words) for name, words in headers if name.lower() not in OWN] + [("Connection", "close")]


def reset(connection: socket.socket) -> None:
    """End the connection as a lost network does: with no goodbye."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def chaos(upstream: str, *, seed: int | None = None) -> Iterator[Wire]:
    """A wire to the site."""
    wire = Wire(upstream, seed)
    thread = threading.Thread(target=wire.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        wire.shutdown()
        wire.server_close()
