"""The wire itself: what a test shows through it is worth what its faults are worth."""

import socket
import threading
import time

import pytest

from tests.faults.proxies import HANG, MUTE, REFUSE, cut, slow, wire

WORDS = b"x" * 50_000


@pytest.fixture
def echo():
    """A server that says everything again; its address, and what it heard."""
    heard = []
    listener = socket.create_server(("127.0.0.1", 0))

    def welcome():
        while True:
            try:
                client, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(client,), daemon=True).start()

    def answer(client):
        with client:
            while piece := client.recv(1 << 16):
                heard.append(piece)
                client.sendall(piece)

    threading.Thread(target=welcome, daemon=True).start()
    yield f"redis://:word@127.0.0.1:{listener.getsockname()[1]}/0", heard
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def asked(between, words=WORDS):
    """What comes back of the words through a new connection."""
    with socket.create_connection(("127.0.0.1", between.port), timeout=20) as client:
        return said(client, words)


def said(client, words):
    client.sendall(words)
    back = b""
    try:
        while len(back) < len(words) and (piece := client.recv(1 << 16)):
            back += piece
    except ConnectionResetError:
        pass
    return back


def test_without_a_fault_everything_passes_and_the_address_is_the_wires(echo):
    with wire(echo[0]) as between:
        assert asked(between) == WORDS
        assert between.url == f"redis://:word@127.0.0.1:{between.port}/0"
    with wire("s3://bucket?endpoint=http://127.0.0.1:8333&region=x") as between:
        assert between.url == f"s3://bucket?endpoint=http://127.0.0.1:{between.port}&region=x"


def test_it_refuses_who_comes_and_throws_out_who_is_there_and_then_welcomes_again(echo):
    with wire(echo[0]) as between, socket.create_connection(("127.0.0.1", between.port), timeout=20) as client:
        assert said(client, b"before") == b"before"
        between.meet(REFUSE)

        with pytest.raises(ConnectionRefusedError):
            asked(between)
        assert client.recv(1) == b""
        between.meet(None)
        assert asked(between) == WORDS


def test_it_hangs_and_then_goes_on_with_those_who_waited(echo):
    with wire(echo[0]) as between, socket.create_connection(("127.0.0.1", between.port), timeout=20) as old:
        assert said(old, b"before") == b"before"
        between.meet(HANG)
        with socket.create_connection(("127.0.0.1", between.port), timeout=20) as new:
            for each in (old, new):
                each.sendall(b"words")
                each.settimeout(0.2)
                with pytest.raises(TimeoutError):
                    each.recv(1)
                each.settimeout(20)
            between.meet(None)

            assert (old.recv(5), new.recv(5)) == (b"words", b"words")


def test_it_dawdles(echo):
    with wire(echo[0]) as between:
        between.meet(slow(bytes_per_second=100_000))
        began = time.monotonic()

        assert asked(between) == WORDS
        # The way there and the way back overlap: half a second at the least.
        assert time.monotonic() - began > 0.4


def test_it_cuts_after_so_many_bytes_of_either_side(echo):
    with wire(echo[0]) as between:
        between.meet(cut(after_bytes=1000))
        assert len(asked(between)) <= 1000
        echo[1].clear()
        between.meet(cut(after_bytes=2000, of="request"))
        asked(between)

        assert len(b"".join(echo[1])) <= 2000


def test_it_brings_the_question_and_drops_the_answer(echo):
    with wire(echo[0]) as between:
        between.meet(MUTE)

        assert asked(between, b"do it") == b""
        assert b"".join(echo[1]) == b"do it"


def test_the_same_seed_gives_a_share_of_the_connections_the_same_fate(echo):
    fates = []
    for _again in range(2):
        with wire(echo[0], seed=7) as between:
            between.meet(MUTE, share=0.5)
            fates.append([asked(between, b"words") == b"words" for _number in range(12)])
            met = dict(between.met)

    assert fates[0] == fates[1]
    assert met == {"passes": sum(fates[0]), "mute": 12 - sum(fates[0])}
    assert 0 < sum(fates[0]) < 12
