"""The embedded broker: each message arrives once and whole, with many writers and many readers, whoever is killed."""

import multiprocessing
import queue
import signal
import time

import kombu
import pytest

from openempathic import file_broker

MESSAGES, WRITERS, READERS = 300, 2, 3
# So long that a file is not written in an instant.
BALLAST = "x" * 200_000


@pytest.fixture
def folder(tmp_path):
    for name in ("queue", "control"):
        (tmp_path / name).mkdir()
    return tmp_path


def connection(folder):
    file_broker.use()
    folders = {
        "data_folder_in": folder / "queue",
        "data_folder_out": folder / "queue",
        "control_folder": folder / "control",
    }
    options = {name: str(path) for name, path in folders.items()} | {"polling_interval": 0.01}
    return kombu.Connection("filesystem://", transport_options=options)


def write(folder, writer):
    with connection(folder) as broker:
        box = broker.SimpleQueue("box")
        for number in range(MESSAGES):
            box.put({"writer": writer, "number": number, "ballast": BALLAST})


def read(folder, seen):
    with connection(folder) as broker:
        box = broker.SimpleQueue("box")
        while True:
            try:
                message = box.get(timeout=2)
            except queue.Empty:
                return
            message.ack()
            seen.put((message.payload["writer"], message.payload["number"]))


def bind_for_ever(folder, ready):
    with connection(folder) as broker:
        channel = broker.channel()
        ready.set()
        for number in range(10**9):
            channel._queue_bind("rooms", str(number % 500), "", "box")
            channel._delete("box", "rooms", str(number % 500), "")


def test_each_message_arrives_once_and_whole(folder):
    processes = multiprocessing.get_context("spawn")
    seen = processes.Queue()
    readers = [processes.Process(target=read, args=(folder, seen), daemon=True) for _ in range(READERS)]
    writers = [processes.Process(target=write, args=(folder, writer), daemon=True) for writer in range(WRITERS)]
    for process in [*readers, *writers]:
        process.start()
    arrived = [seen.get(timeout=20) for _ in range(MESSAGES * WRITERS)]
    for process in [*readers, *writers]:
        process.join()

    assert [process.exitcode for process in [*readers, *writers]] == [0] * (READERS + WRITERS)
    assert sorted(arrived) == [(writer, number) for writer in range(WRITERS) for number in range(MESSAGES)]
    assert seen.empty()


def test_an_exchange_can_be_read_whoever_was_killed_while_it_was_written(folder):
    processes = multiprocessing.get_context("spawn")
    for pause in (0.003, 0.011, 0.017):
        ready = processes.Event()
        binder = processes.Process(target=bind_for_ever, args=(folder, ready), daemon=True)
        binder.start()
        assert ready.wait(60)
        with connection(folder) as broker:
            until = time.monotonic() + pause * 20
            while time.monotonic() < until:
                broker.channel().get_table("rooms")
            binder.kill()
            binder.join()
            assert binder.exitcode == -signal.SIGKILL
            broker.SimpleQueue("box").put("still there")
            # What a killed one had bound may stay, and that is all.
            assert len(broker.channel().get_table("rooms")) <= 4


def test_the_workers_use_it():
    from openempathic.celery import app

    assert app.connection_for_write("filesystem://").transport.__class__ is file_broker.Transport
