"""Processes that are asked to stop in the middle of something: an upload half sent, a clip half screened."""

import hashlib
import signal
import socket
import uuid
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from tests import sites
from tests.faults.test_killed_workers import BEING_SCREENED, CLIPS, STORED, corpus
from tests.faults.uploaders import headers, short_sounds, tried
from tests.visitors import Visitor

pytestmark = pytest.mark.faults
SOUND = short_sounds()[0]


@pytest.fixture
def site(tmp_path):
    # Of these four seconds three are the web's for what is under way.
    with sites.site(tmp_path, {"OE_STOP_SECONDS": "4"}) as made:
        yield made


@pytest.fixture
def vera(site):
    """A volunteer at a site whose web runs."""
    site.start("web", sites.COMMANDS["web"], site.is_healthy)
    visitor = Visitor(site.url)
    visitor.volunteer("vera@example.org")
    return visitor


class HalfSent:
    """An upload of which the server has taken the head and half of the sound."""

    def __init__(self, visitor: Visitor) -> None:
        self.clip_id, where = uuid.uuid4(), urlsplit(visitor.address)
        told = headers(visitor, SOUND) | {"Host": where.netloc, "Content-Length": str(len(SOUND))}
        # The server's answer to this says that the request is in its hands, and waits for no clock.
        lines = [f"{name}: {value}" for name, value in (told | {"Expect": "100-continue"}).items()]
        self.wire = socket.create_connection((where.hostname, where.port), timeout=60)
        head = [f"PUT /api/v1/clips/{self.clip_id}/ HTTP/1.1", *lines, "", ""]
        self.wire.sendall("\r\n".join(head).encode())
        assert self.wire.recv(100).startswith(b"HTTP/1.1 100")
        self.wire.sendall(SOUND[: len(SOUND) // 2])

    def end(self) -> bytes:
        """Send the rest; the answer."""
        with suppress(OSError):
            self.wire.sendall(SOUND[len(SOUND) // 2 :])
        return self.answer()

    def answer(self) -> bytes:
        """What comes until the server closes, or nothing where it breaks off."""
        parts = []
        with suppress(OSError), self.wire:
            while part := self.wire.recv(65536):
                parts.append(part)
                if b"\r\n\r\n" in part:
                    break
        return b"".join(parts)


def asked_to_stop(site, name):
    """SIGTERM to the process alone, as the supervisor does."""
    process = site.processes[name].process
    process.send_signal(signal.SIGTERM)
    return process


def is_closed(site):
    """Whether nobody takes a new connection any more."""
    where = urlsplit(site.url)
    try:
        socket.create_connection((where.hostname, where.port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def kept(site):
    """The clips there are, with the digest of their bytes in storage."""
    rows = site.rows("SELECT id, sha256 FROM contributions_clip")
    folder = site.folder / "var" / "storage" / "clips"
    originals = [hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*/original")]
    assert sorted(sha256 for _id, sha256 in rows) == sorted(originals)
    return len(rows)


def test_an_upload_that_is_half_sent_is_taken_to_its_end_before_the_web_goes(site, vera):
    upload = HalfSent(vera)

    web = asked_to_stop(site, "web")
    site.wait_for(lambda: is_closed(site), "the web took nobody new")
    answer = upload.end()

    assert answer.startswith(b"HTTP/1.1 201")
    assert web.wait(timeout=60) == 0
    assert kept(site) == 1


def test_an_upload_that_does_not_end_in_time_gets_no_answer_and_its_next_try_is_taken(site, vera):
    upload = HalfSent(vera)

    web = asked_to_stop(site, "web")
    web.wait(timeout=60)
    answer = upload.answer()
    left = kept(site)
    site.start("web", sites.COMMANDS["web"], site.is_healthy)
    again = tried(vera, upload.clip_id, SOUND)

    assert answer == b""
    assert (left, again.status) == (0, 201)
    assert kept(site) == 1


@pytest.mark.soak
def test_a_worker_ends_the_screenings_in_its_hands_before_it_goes(site, tmp_path):
    folder = corpus(tmp_path / "corpus")
    words = ["--folder", str(folder), "--labels", str(folder / "labels.tsv"), "--licence", "CC-BY-4.0", "--source", "x"]
    site.manage("import_corpus", "little", *words)
    site.start("beat", sites.COMMANDS["beat"])
    site.start("worker", sites.COMMANDS["worker"])
    site.wait_for(lambda: site.rows(BEING_SCREENED), "a worker took a clip")

    worker, beat = asked_to_stop(site, "worker"), asked_to_stop(site, "beat")

    assert worker.wait(timeout=120) == 0
    assert beat.wait(timeout=120) == 0
    assert site.rows(BEING_SCREENED) == []
    # Whatever was begun was ended, and what was not is due for the next worker.
    screened = site.rows("SELECT count(*), count(DISTINCT clip_id) FROM contributions_examination")[0]
    left = site.rows(f"{STORED} AND next_attempt_at IS NOT NULL AND attempts = 0")
    assert screened[0] == screened[1] == CLIPS - len(left) > 0
