"""What only a local folder promises, and suffers."""

import errno
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from openempathic import storage
from tests.openempathic.storing import ORIGINAL, TAKE, Pipe


@pytest.fixture
def root(folder_storage):
    """The folder behind a local store."""
    return Path(unquote(urlsplit(folder_storage).path))


def test_names_are_synced_after_bytes_and_every_folder_after_that(root, monkeypatch):
    happened = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (happened.append(f"sync {opened_as(fd, root)}"), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda old, new: (happened.append("rename"), replace(old, new)))

    storage.put(ORIGINAL, b"sound")

    assert happened[-5:] == ["sync file", "rename", "sync clips/6f1c", "sync clips", "sync ."]


def test_a_lost_race_is_reported_only_once_the_winner_is_on_the_disk(root, monkeypatch):
    storage.put(ORIGINAL, b"winner", if_absent=True)
    happened = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (happened.append(opened_as(fd, root)), fsync(fd)))

    with pytest.raises(storage.AlreadyStored):
        storage.put(ORIGINAL, b"loser", if_absent=True)

    assert happened == ["file", "clips/6f1c"]


def test_a_full_disk_is_said_to_be_full_and_the_old_bytes_stay(root):
    storage.put(ORIGINAL, b"old")

    with file_size_limit(1 << 20), pytest.raises(storage.StorageFull):
        storage.put(ORIGINAL, TAKE)
    with file_size_limit(1 << 20), pytest.raises(storage.StorageFull):
        storage.put("clips/other/original", Pipe(TAKE))

    assert storage.read(ORIGINAL) == b"old"
    assert left_in(root) == [ORIGINAL]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_says_full_only_when_synced_is_believed(root, monkeypatch, number):
    def fsync(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(storage.StorageFull):
        storage.put(ORIGINAL, b"sound")

    assert left_in(root) == []


def test_a_failing_disk_is_not_called_full(root, monkeypatch):
    def fsync(descriptor):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(storage.StorageUnreachable, match="Input/output error"):
        storage.put(ORIGINAL, b"sound")


def test_only_what_a_killed_writer_left_is_erased_and_a_living_one_writes_once_more(root, monkeypatch):
    storage.put(ORIGINAL, b"sound")
    (root / "clips/6f1c/.put-0123").write_bytes(b"half of her voi")
    replace, is_over = os.replace, []

    def erased_meanwhile(old, new):
        if not is_over:
            is_over.append(old)
            storage.erase_unfinished("clips/")
        replace(old, new)

    monkeypatch.setattr(os, "replace", erased_meanwhile)
    storage.put(ORIGINAL, b"newer")

    assert is_over
    assert storage.read(ORIGINAL) == b"newer"
    assert left_in(root) == [ORIGINAL]


def test_what_a_killed_writer_left_is_invisible_and_goes_with_the_clip(root):
    storage.put(ORIGINAL, b"sound")
    (root / "clips/6f1c/.put-0123").write_bytes(b"half of her voi")

    assert list(storage.keys("clips/")) == [ORIGINAL]
    assert storage.erase("clips/6f1c/") == 1
    assert left_in(root) == []
    assert not (root / "clips").exists()


def test_a_key_cannot_run_through_an_object(root):
    storage.put("clips/a", b"x")

    with pytest.raises(storage.BadKey):
        storage.put("clips/a/original", b"y")


def test_putting_and_erasing_at_once_never_fails(root):
    stop = threading.Event()

    def erase():
        # Without a rest no slow disk could ever finish a write.
        while not stop.wait(0.02):
            storage.erase("clips/")

    eraser = threading.Thread(target=erase)
    eraser.start()
    try:
        for number in range(60):
            storage.put(f"clips/{number % 3}/original", b"x")
    finally:
        stop.set()
        eraser.join()


def test_a_local_folder_gives_no_address(root):
    with pytest.raises(storage.NoSignedAddress):
        storage.signed_url(ORIGINAL, seconds=60)


def test_a_site_on_a_local_folder_never_loads_boto3(root):
    script = (
        "import sys; from django.conf import settings; settings.configure(STORAGE_URL=sys.argv[1])\n"
        "from openempathic import storage; storage.verify_conditional_writes(); storage.put('a', b'x')\n"
        "assert storage.read('a') == b'x'\n"
        "assert not {name for name in sys.modules if name.startswith(('boto', 's3transfer'))}"
    )

    subprocess.run([sys.executable, "-c", script, root.as_uri()], check=True)


def left_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def opened_as(descriptor: int, root: Path) -> str:
    path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
    return "file" if path.is_file() else os.path.relpath(path, root)


class file_size_limit:  # noqa: N801 - reads as a verb
    """The kernel refuses to let a file grow beyond this, as a full disk would."""

    def __init__(self, byte_count: int) -> None:
        self.byte_count = byte_count

    def __enter__(self) -> None:
        self.before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.byte_count, self.before[1]))

    def __exit__(self, *exception: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self.before)
