"""Senders who send too much, too slowly, or not to the end: each is told so, and nothing of theirs is left."""

import base64
import hashlib
import socket
import subprocess
import sys
import time
import uuid

import pytest
from gunicorn.config import Config

from contributions.intake import PIECE_BYTES
from openempathic import patience, web_server
from tests import sites, worlds
from tests.servers import free_ports
from tests.visitors import Visitor

pytestmark = pytest.mark.faults
SOUND = worlds.ANGER.read_bytes()
MOST = 32 * 1024 * 1024


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site with nothing but its web server."""
    with sites.site(tmp_path_factory.mktemp("site")) as made:
        made.start("web", sites.COMMANDS["web"], made.is_healthy)
        yield made


@pytest.fixture(scope="module")
def vera(site):
    someone = Visitor(site.url)
    someone.volunteer("vera@example.org")
    return someone


def told_to(someone, site, *lines, body=b"", clip_id=None):
    """Send the head of an upload with these lines, and as much of the body; the connection."""
    digest = base64.b64encode(hashlib.sha256(SOUND).digest()).decode()
    head = [
        f"PUT /api/v1/clips/{clip_id or uuid.uuid4()}/ HTTP/1.1",
        f"Host: 127.0.0.1:{site.port}",
        "Content-Type: audio/wav",
        f"Content-Digest: sha-256=:{digest}:",
        "X-Clip-Language: en",
        f"X-CSRFToken: {someone.token()}",
        "Cookie: " + "; ".join(f"{cookie.name}={cookie.value}" for cookie in someone.cookies),
        *lines,
    ]
    connection = socket.create_connection(("127.0.0.1", site.port), timeout=60)
    connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
    return connection


def status(connection):
    """What the site answers, 0 for nothing."""
    answer = connection.recv(1 << 16)
    return int(answer.split()[1]) if answer else 0


def chunk(piece):
    return f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


def clips_of(site):
    return site.rows("SELECT count(*) FROM contributions_clip")[0][0]


def left_in(site):
    """Every file in storage that is no row's."""
    known = {row[0] for row in site.rows("SELECT id FROM contributions_clip")}
    files = [path for path in (site.folder / "var/storage").rglob("*") if path.is_file()]
    return [path for path in files if path.parent.name.replace("-", "") not in known]


def test_what_is_announced_to_be_too_large_is_refused_before_it_is_sent(site, vera):
    with told_to(vera, site, f"Content-Length: {MOST + 1}") as connection:
        assert status(connection) == 413


def test_what_comes_in_chunks_is_taken_and_cut_at_the_cap(site, vera):
    before = clips_of(site)
    with told_to(vera, site, "Transfer-Encoding: chunked", body=chunk(SOUND[:700]) + chunk(SOUND[700:])) as connection:
        connection.sendall(b"0\r\n\r\n")
        assert status(connection) == 201
    with told_to(vera, site, "Transfer-Encoding: chunked") as connection:
        piece, sent = chunk(b"x" * PIECE_BYTES), 0
        # The answer comes while more is being sent: never is much more read than may be stored.
        try:
            while sent < 2 * MOST:
                connection.sendall(piece)
                sent += PIECE_BYTES
        except OSError:
            pass
        assert MOST <= sent < 2 * MOST

    assert clips_of(site) == before + 1
    assert left_in(site) == []


@pytest.mark.parametrize("how", ["Content-Length: 31000", "Transfer-Encoding: chunked"])
def test_who_breaks_off_in_the_middle_leaves_nothing_and_may_begin_again(site, vera, how):
    before, clip_id = clips_of(site), uuid.uuid4()
    begun = chunk(SOUND[:20_000]) if "chunked" in how else SOUND[:20_000]
    with told_to(vera, site, how, body=begun, clip_id=clip_id) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert status(connection) in (400, 408)

    assert (clips_of(site), left_in(site)) == (before, [])
    assert vera.put(SOUND, clip_id=clip_id)[0] == 201


# A server of one thread whose patience is a second: whoever is let wait by it shows that somebody holds the thread.
SLOW_SERVER = """
from openempathic import patience
patience.SILENCE_SECONDS = patience.FROM_SECONDS = 1.0
bind, threads, worker_class = "127.0.0.1:%d", 1, "openempathic.patience.PatientWorker"
"""
HEARING = """
def application(environ, start_response):
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]
"""


@pytest.fixture
def one_thread(tmp_path):
    """The port of a server with one thread and little patience."""
    (port,) = free_ports(1)
    (tmp_path / "gunicorn.conf.py").write_text(SLOW_SERVER % port)
    (tmp_path / "hearing.py").write_text(HEARING)
    command = [sys.executable, "-m", "gunicorn", "--chdir", str(tmp_path), "--no-control-socket"]
    process = subprocess.Popen([*command, "-c", str(tmp_path / "gunicorn.conf.py"), "hearing"])
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    "words", [b"PUT / HTTP/1.1\r\nHost: x\r\nX-", b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nx"]
)
def test_who_falls_silent_holds_no_thread_for_long(one_thread, words):
    with (
        socket.create_connection(("127.0.0.1", one_thread), timeout=60) as silent,
        socket.create_connection(("127.0.0.1", one_thread), timeout=60) as other,
    ):
        silent.sendall(words)
        other.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        assert other.recv(1 << 16).startswith(b"HTTP/1.1 200")


def test_who_sends_by_the_drop_is_cut_off_and_who_sends_steadily_is_not(one_thread):
    with socket.create_connection(("127.0.0.1", one_thread), timeout=0.2) as slow:
        slow.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        answered = None
        while answered is None:
            try:
                slow.sendall(b"x")
                answered = slow.recv(1 << 16)
            except TimeoutError:
                continue
            except OSError:
                answered = b""
        assert not answered.startswith(b"HTTP/1.1 200")
    with socket.create_connection(("127.0.0.1", one_thread), timeout=60) as steady:
        steady.sendall(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        for _second in range(5):
            # Longer than the silence that is borne in all, never at once.
            time.sleep(0.4)
            steady.sendall(b"x" * 20_000)
        assert steady.recv(1 << 16).startswith(b"HTTP/1.1 200")


def test_the_site_is_served_so():
    config = Config()
    config.set("worker_class", web_server.worker_class)

    assert config.worker_class is patience.PatientWorker
