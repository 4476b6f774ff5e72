"""A wire between us and a server of any kind (Redis, S3, PostgreSQL, web) that refuses, hangs, dawdles, cuts or mutes.

with wire(redis.url, seed=1) as between: ...    # between.url: the server's address, by way of the wire
between.meet(REFUSE); between.meet(slow(bytes_per_second=1000), share=0.5); between.meet(None)

It looks at no byte: what it does to a connection it does by count. Uploads through a wire that knows HTTP:
tests/proxies/chaos.py.
"""

import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from tests.proxies.chaos import reset

PIECE_BYTES = 64 * 1024
# Where nothing else is asked for a dawdling wire brings this much at once, so that its pace is even.
STEPS_A_SECOND = 20


@dataclass(frozen=True)
class Fault:
    """What becomes of a connection; two of the same make are the same fault."""

    kind: str
    latency_seconds: float = 0.0
    bytes_per_second: float | None = None
    after_bytes: int = 0
    # Whose bytes are counted before the cut: of the "request", or of the "answer".
    of: str = "answer"


# Nobody listens, and who was connected is thrown out.
REFUSE = Fault("refuse")
# Whoever comes is let in and hears nothing; once it is over all goes on, as after SIGCONT.
HANG = Fault("hang")
# The server hears everything; when it begins to answer, its client is cut off.
MUTE = Fault("mute")


def slow(*, latency_seconds: float = 0.0, bytes_per_second: float | None = None) -> Fault:
    """Each piece comes so late, and no more than so much a second."""
    return Fault("slow", latency_seconds=latency_seconds, bytes_per_second=bytes_per_second)


def cut(*, after_bytes: int, of: str = "answer") -> Fault:
    """Both sides lose the other once so many bytes of the request, or of the answer, went through."""
    return Fault("cut", after_bytes=after_bytes, of=of)


class Wire:
    """One port before one server; `met` counts the connections by what became of them."""

    def __init__(self, url: str, *, seed: int = 0) -> None:
        parts = urlsplit(url)
        # An S3 address of ours names its server in the query.
        inner = parts.query.partition("endpoint=")[2].partition("&")[0] if parts.scheme == "s3" else url
        at = urlsplit(inner)
        assert at.hostname
        assert at.port
        self.upstream = (at.hostname, at.port)
        # Never listens: it keeps the port ours while nobody does.
        self.place = bound(0)
        self.port: int = self.place.getsockname()[1]
        moved = at._replace(netloc=at.netloc.replace(f"{at.hostname}:{at.port}", f"127.0.0.1:{self.port}"))
        self.url = url.replace(inner, urlunsplit(moved))
        self.chance = random.Random(seed)
        self.fault: Fault | None = None
        self.share = 1.0
        self.met: Counter[str] = Counter()
        self.changed = threading.Condition()
        self.pairs: set[tuple[socket.socket, socket.socket]] = set()
        self.listener: socket.socket | None = None
        self.is_over = False
        self._listen()

    def meet(self, fault: Fault | None, *, share: float = 1.0) -> None:
        """From now on this share of the connections, chosen by the seed, meets the fault; None: all pass."""
        with self.changed:
            self.fault, self.share = fault, share
            self.changed.notify_all()
        if fault is not None and fault.kind == "refuse":
            self._refuse()
        elif self.listener is None:
            self._listen()

    def close(self) -> None:
        """Nobody comes through any more."""
        with self.changed:
            self.is_over = True
            self.changed.notify_all()
        self._refuse()
        self.place.close()

    def _listen(self) -> None:
        self.listener = bound(self.port)
        self.listener.listen(128)
        threading.Thread(target=self._welcome, args=(self.listener,), daemon=True).start()

    def _refuse(self) -> None:
        listener, self.listener = self.listener, None
        if listener is not None:
            # Closing alone would not wake the thread that waits in accept().
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for pair in list(self.pairs):
            self._part(pair)

    def _welcome(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _address = listener.accept()
            except OSError:
                return
            with self.changed:
                fault = self.fault if self.chance.random() < self.share else None
                self.met[fault.kind if fault else "passes"] += 1
            threading.Thread(target=self._carry, args=(client, fault), daemon=True).start()

    def _carry(self, client: socket.socket, fault: Fault | None) -> None:
        if not self._wait_while_hung(fault):
            return reset(client)
        try:
            server = socket.create_connection(self.upstream, timeout=10)
        except OSError:
            return reset(client)
        server.settimeout(None)
        pair = (client, server)
        self.pairs.add(pair)
        if self.listener is None:
            # Refused since, by somebody who did not see this pair yet.
            return self._part(pair)
        threading.Thread(target=self._pump, args=(pair, client, server, "request", fault), daemon=True).start()
        self._pump(pair, server, client, "answer", fault)
        return None

    def _pump(
        self,
        pair: tuple[socket.socket, socket.socket],
        source: socket.socket,
        target: socket.socket,
        of: str,
        chosen: Fault | None,
    ) -> None:
        """Bring over what the one side says until it has said everything, or the fault ends it."""
        count = 0
        with suppress(OSError):
            while piece := source.recv(self._most(chosen)):
                fault = self._now(chosen)
                self._wait_while_hung(fault)
                fault = self._now(chosen)
                if fault is not None and fault.kind == "mute" and of == "answer":
                    return self._part(pair)
                if fault is not None and fault.kind == "slow":
                    time.sleep(fault.latency_seconds + len(piece) / (fault.bytes_per_second or float("inf")))
                if (
                    fault is not None
                    and fault.kind == "cut"
                    and fault.of == of
                    and count + len(piece) > fault.after_bytes
                ):
                    target.sendall(piece[: max(0, fault.after_bytes - count)])
                    return self._part(pair)
                target.sendall(piece)
                count += len(piece)
            target.shutdown(socket.SHUT_WR)
            return None
        return self._part(pair)

    def _now(self, chosen: Fault | None) -> Fault | None:
        """A connection that was there before the fault meets it too, unless only a share of all does."""
        return self.fault if self.share == 1.0 else chosen

    def _most(self, chosen: Fault | None) -> int:
        fault = self._now(chosen)
        if fault is None or not fault.bytes_per_second:
            return PIECE_BYTES
        return max(1, min(PIECE_BYTES, int(fault.bytes_per_second / STEPS_A_SECOND)))

    def _wait_while_hung(self, chosen: Fault | None) -> bool:
        """Say nothing while the wire hangs; whether it goes on at all."""
        if chosen is not None and chosen.kind == "hang":
            with self.changed:
                self.changed.wait_for(lambda: self.is_over or self.fault is None or self.fault.kind != "hang")
        return not self.is_over

    def _part(self, pair: tuple[socket.socket, socket.socket]) -> None:
        self.pairs.discard(pair)
        for each in pair:
            reset(each)


def bound(port: int) -> socket.socket:
    """A socket at the port of this machine, which several of ours may hold."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    return made


@contextmanager
def wire(url: str, *, seed: int = 0) -> Iterator[Wire]:
    """A wire to the server at that address."""
    made = Wire(url, seed=seed)
    try:
        yield made
    finally:
        made.close()
