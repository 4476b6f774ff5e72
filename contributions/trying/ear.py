"""The ear: a process of its own that hears one clip at a time, and keeps nothing of any.

A thread for each connection reads what is asked; the clips wait in a short queue for the one thread that decodes,
behind the same wall as screening, and listens. Where the queue is full, or a clip has waited too long, its visitor is
told so at once. No sound, no word and no result reaches a file or a log.
"""

import fcntl
import logging
import os
import queue
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import close_old_connections

from contributions.trying import wire
from contributions.trying.model import Loaded, Suggester
from contributions.trying.refusals import (
    Away,
    Busy,
    NoSound,
    NotHeard,
    NoVoice,
    TooLong,
    TooOften,
    TooSlow,
)
from contributions.trying.turns import Turns

log = logging.getLogger(__name__)

WAITING_MAX = 4
CONNECTIONS_MAX = 16
# A page sends from memory; who is slower is no page.
READ_SECONDS = 10.0
# A clip that nobody came to by then is not heard any more.
WAIT_SECONDS = 20.0
ANSWER_SECONDS = 35.0
QUERIES_MAX, QUERY_LETTERS_MAX = 5, 120
# As the rule of screening that tells whether anybody speaks, as it is first set.
LEAST_SPEECH_SECONDS = 0.3
# Likenesses that differ by less are the same: a text is read alone, and those of the model together.
ALIKE = 1e-5


class AnotherEar(Exception):
    """Another process of this site listens at the same address."""


@dataclass(eq=False)
class Job:
    """A clip to be heard, and what becomes of it."""

    sound: bytes
    queries: list[str]
    asked_at: float
    is_done: threading.Event = field(default_factory=threading.Event)
    answer: dict[str, Any] = field(default_factory=dict)
    is_given_up: bool = False


class Ear:
    """Listens at the address that `wire` names until it is told to stop."""

    def __init__(self, *, suggester: Suggester | None = None, turns: Turns | None = None) -> None:
        self.suggester = suggester or Suggester()
        self.turns = turns or Turns(an_hour=settings.TRIES_PER_HOUR)
        self.jobs: queue.Queue[Job] = queue.Queue(maxsize=WAITING_MAX)

    def listen_until(self, stopping: threading.Event) -> None:
        """Serve; the calling thread hears the clips. Raises AnotherEar, or OSError where the address is not ours."""
        with served(self):
            log.info("The ear is open")
            while not stopping.is_set():
                with suppress(queue.Empty):
                    job = self.jobs.get(timeout=0.2)
                    close_old_connections()
                    self.work(job)

    def answer(self, told: dict[str, Any], sound: bytes) -> dict[str, Any]:
        """The answer to one request."""
        visitor = str(told.get("visitor", ""))
        if told.get("wish") == "knock":
            self.check_welcome(visitor)
            return {}
        if told.get("wish") != "hear":
            raise NotHeard
        self.check_welcome(visitor)
        if not self.turns.take(visitor):
            raise TooOften
        job = Job(sound=sound, queries=asked(told.get("queries")), asked_at=time.monotonic())
        return self.waited_for(job)

    def check_welcome(self, visitor: str) -> None:
        """Raise Busy or TooOften."""
        if not self.turns.has_one(visitor):
            raise TooOften
        if self.jobs.full():
            raise Busy

    def waited_for(self, job: Job) -> dict[str, Any]:
        """What came of the clip; raises Busy or TooSlow."""
        try:
            self.jobs.put_nowait(job)
        except queue.Full:
            raise Busy from None
        if not job.is_done.wait(ANSWER_SECONDS):
            job.is_given_up = True
            raise TooSlow
        return job.answer

    def work(self, job: Job) -> None:
        """Hear one clip, and forget it."""
        try:
            if job.is_given_up or time.monotonic() - job.asked_at > WAIT_SECONDS:
                raise Busy
            job.answer = self.heard(job)
        except NotHeard as refusal:
            job.answer = {"refused": refusal.code}
        except Exception as fault:
            # Its traceback could hold something of the clip.
            log.error("The ear could not hear a clip: %s", type(fault).__name__)
            job.answer = {"refused": NotHeard.code}
        finally:
            job.sound = b""
            job.is_done.set()

    def heard(self, job: Job) -> dict[str, Any]:
        """The probabilities of the emotions, and of the visitor's words among each other; raises NotHeard.

        One description alone is held against the sentences that CLARA knows feelings by.
        """
        waveform = decoded(job.sound)
        loaded = self.suggester.now()
        suggestion = loaded.clara.suggest(waveform)
        words = loaded.clara.score(waveform, job.queries) if len(job.queries) > 1 else {}
        return {
            "version": loaded.checkpoint.version,
            "emotions": sorted(suggestion.items()),
            "sure": loaded.clara.sure(suggestion),
            "queries": list(words.items()),
            "nearer_than": nearer_than(loaded, waveform, job.queries[0]) if len(job.queries) == 1 else None,
        }


def nearer_than(loaded: Loaded, waveform: Any, text: str) -> float:
    """The share, 0 to 1, of the sentences that CLARA knows feelings by which are less like the clip than the text."""
    sentences = loaded.sentences()
    clip, words = loaded.clara.embed(waveform), loaded.clara.embed_text([text])[0]
    return float((sentences @ clip < words @ clip - ALIKE).double().mean())


def decoded(sound: bytes) -> Any:
    """The clip as (samples,) float32 at 16 kHz, decoded behind the wall and from memory; raises NotHeard."""
    from contributions.audio import decode, speech
    from contributions.audio.decoder import DecodingFailed

    with os.fdopen(os.memfd_create("clip"), "w+b") as file:
        file.write(sound)
        file.flush()
        try:
            found = decode.decode(Path(f"/proc/self/fd/{file.fileno()}"), longest_seconds=settings.LONGEST_SECONDS)
        except decode.Undecodable as fault:
            raise TooLong if fault.reason is decode.Reason.TOO_LONG else NoSound from None
        except DecodingFailed:
            log.warning("The ear's decoder failed")
            raise Away from None
    if speech.speech(found.waveform).seconds < LEAST_SPEECH_SECONDS:
        raise NoVoice
    return found.waveform


def asked(queries: Any) -> list[str]:
    """The visitor's words, each once, no more and no longer than they may be."""
    texts = [str(text).strip()[:QUERY_LETTERS_MAX] for text in queries or []]
    return list(dict.fromkeys(text for text in texts if text))[:QUERIES_MAX]


class _Serving(socketserver.ThreadingMixIn):
    """A thread for each connection, and no more of them than there are places."""

    daemon_threads = True
    ear: Ear

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.places = threading.BoundedSemaphore(CONNECTIONS_MAX)
        super().__init__(*arguments, **named)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self.places.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        with suppress(OSError):
            request.settimeout(1)
            wire.send(request, {"refused": Busy.code})
        self.shutdown_request(request)  # type: ignore[attr-defined]

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(READ_SECONDS)
        with suppress(OSError, wire.NotUnderstood):
            told, sound = wire.receive(request, bytes_max=settings.UPLOAD_BYTES_MAX)
            try:
                answer = self.ear.answer(told, sound)
            except NotHeard as refusal:
                answer = {"refused": refusal.code}
            wire.send(request, answer)

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.error("The ear broke over a request: %s", getattr(sys.exc_info()[0], "__name__", ""))


class _OnSocket(_Serving, socketserver.UnixStreamServer):
    pass


class _OnPort(_Serving, socketserver.TCPServer):
    allow_reuse_address = True


@contextmanager
def served(ear: Ear) -> Iterator[None]:
    """Connections are answered while this is open."""
    place = wire.where()
    with _on_port(place) if isinstance(place, tuple) else _on_socket(place) as server:
        server.ear = ear
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _on_port(place: tuple[str, int]) -> Iterator[_OnPort]:
    family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    with type("_OnPort", (_OnPort,), {"address_family": family})(place, None) as server:
        yield server


@contextmanager
def _on_socket(path: Path) -> Iterator[_OnSocket]:
    """Bound where a dead ear's socket may still lie, but no living one's; only our own account may open it."""
    with path.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AnotherEar(f"another process listens at {path.name} already") from None
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            with wire.named(path) as name:
                server = _OnSocket(name, None)
        finally:
            os.umask(before)
        with server:
            try:
                yield server
            finally:
                path.unlink(missing_ok=True)
