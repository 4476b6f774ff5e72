"""The embedded broker: each message arrives once and whole, with many writers and many readers, whoever is killed."""

import multiprocessing
import os
import queue
import signal

import kombu
import pytest
from kombu.transport import filesystem

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


def die_while_binding(folder, moment):
    def die(*_told):
        os.kill(os.getpid(), signal.SIGKILL)

    with connection(folder) as broker:
        channel = broker.channel()
        if moment == "before the content":
            filesystem.dumps = file_broker.dumps = die
        else:
            os.replace = die
        channel._queue_bind("rooms", "key", "", "box")


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


@pytest.mark.parametrize("moment", ["before the content", "before the name"])
def test_an_exchange_can_be_read_whoever_was_killed_while_it_was_written(folder, moment):
    binder = multiprocessing.get_context("spawn").Process(target=die_while_binding, args=(folder, moment), daemon=True)
    binder.start()
    binder.join(60)
    assert binder.exitcode == -signal.SIGKILL

    with connection(folder) as broker:
        channel = broker.channel()
        assert channel.get_table("rooms") == []
        channel._queue_bind("rooms", "key", "", "box")
        assert [bound.queue for bound in channel.get_table("rooms")] == ["box"]


def test_the_workers_use_it():
    from openempathic.celery import app

    assert app.connection_for_write("filesystem://").transport.__class__ is file_broker.Transport
