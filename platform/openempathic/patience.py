"""Gunicorn's threads, which wait for no client that has stopped sending or sends by the drop.

A thread that reads from a socket otherwise waits for ever: sixteen clients who say nothing would be the whole site.
"""

import errno
import time
from typing import Any

from gunicorn.http import RequestParser  # type: ignore[import-untyped]
from gunicorn.http.unreader import SocketUnreader  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

SILENCE_SECONDS = 30.0
# A telephone at the edge of its network brings more than this; from then on the average counts.
BYTES_PER_SECOND = 1000
FROM_SECONDS = 30.0
# A take of 32 MiB comes through a line of 300 kb/s within this.
LONGEST_SECONDS = 900.0


class PatientReader(SocketUnreader):
    """Reads one request after the other, each for as long as it keeps coming."""

    def begin(self) -> None:
        """Another request: its time is counted from now."""
        self.began, self.byte_count = time.monotonic(), 0

    def chunk(self, size_hint: int | None = None) -> bytes:
        """What came next; raises ConnectionResetError, which the worker takes calmly, where patience ends."""
        allowed = self.sock.gettimeout()
        self.sock.settimeout(SILENCE_SECONDS if allowed is None else min(allowed, SILENCE_SECONDS))
        try:
            piece = bytes(super().chunk(size_hint))
        except TimeoutError as silence:
            if allowed is not None and allowed < SILENCE_SECONDS:
                raise
            raise too_slow() from silence
        finally:
            self.sock.settimeout(allowed)
        self.byte_count += len(piece)
        seconds = time.monotonic() - self.began
        if seconds > LONGEST_SECONDS or (seconds > FROM_SECONDS and self.byte_count < seconds * BYTES_PER_SECOND):
            raise too_slow()
        return piece


class PatientWorker(ThreadWorker):
    """The threaded worker whose connections are read so, and that lets nobody wait at a door that will not open."""

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take new connections or none; one that stops gives up its share of the port at once.

        Gunicorn keeps it until the last request under way has ended: whoever connects meanwhile is taken by the kernel,
        hears nothing for fifteen seconds, and is then cut off.
        """
        super().set_accept_enabled(enabled)
        if not self.alive:
            for each in self.sockets:
                each.close()

    def handle(self, conn: Any) -> Any:
        """Answer one request of the connection."""
        conn.init = lambda: begin(conn)
        return super().handle(conn)


def begin(conn: Any) -> None:
    """What the connection does before each request, and a patient reader that begins anew."""
    type(conn).init(conn)
    parser = conn.parser
    if isinstance(parser, RequestParser):
        if not isinstance(parser.unreader, PatientReader):
            read_ahead = parser.unreader.take_buffered()
            parser.unreader = PatientReader(conn.sock)
            parser.unreader.unread(read_ahead)
        parser.unreader.begin()


def too_slow() -> ConnectionResetError:
    """Said by us, not by the client."""
    return ConnectionResetError(errno.ECONNRESET, "The client was too slow.")
