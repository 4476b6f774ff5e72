"""The wire itself: a test that uploads through it is worth what its cuts are worth."""

import http.client
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.proxies.chaos import FATES, chaos

TRIES = 120


@pytest.fixture
def site():
    heard = []

    class Site(BaseHTTPRequestHandler):
        def do_PUT(self):
            heard.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", heard
    server.shutdown()
    server.server_close()


def put(wire, path):
    connection = http.client.HTTPConnection("127.0.0.1", wire.server_address[1], timeout=30)
    with suppress(OSError, http.client.HTTPException):
        connection.request("PUT", path, b"x" * 20_000)
        return connection.getresponse().status
    return None


def test_the_same_seed_gives_the_same_fates_and_each_comes(site):
    address, _heard = site
    told = []
    for _again in range(2):
        with chaos(address, seed=7) as wire:
            told.append([wire.fate(f"/{number}")[0] for number in range(TRIES)])

    assert told[0] == told[1]
    assert set(told[0]) == set(FATES)


def test_uploads_are_cut_doubled_and_lied_to(site):
    address, heard = site
    with chaos(address, seed=7) as wire:
        answers = [put(wire, f"/{number}") for number in range(TRIES)]
    whole = [path for path, body in heard if len(body) == 20_000]

    assert {None, 200, 201, 503} == set(answers)
    assert answers.count(None) == sum(wire.fates[fate] for fate in FATES if fate.startswith(("is cut", "loses")))
    assert len(set(whole)) == TRIES - sum(wire.fates[fate] for fate in FATES if fate.startswith(("is cut", "meets")))
    assert len(whole) > len(set(whole))


def test_a_dead_wire_lets_nobody_through(site):
    address, heard = site
    with chaos(address) as wire:
        assert put(wire, "/1") == 201
        wire.is_down = True
        assert put(wire, "/2") is None

    assert [path for path, _body in heard] == ["/1"]
