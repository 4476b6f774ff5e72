"""A real disk without room, under sound or database: uploads are told so, none is kept by halves, then they go on.

A tmpfs of a few MiB where one may be mounted; elsewhere no file may grow beyond a limit, whose words are others than a
disk's. `./run test` shows the same without a server: tests/contributions/api/test_sending_badly.py.
"""

import resource
import subprocess
import uuid
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests import sites, worlds
from tests.visitors import Visitor

pytestmark = [pytest.mark.faults, pytest.mark.soak]
SOUND = worlds.ANGER.read_bytes() * 20
WORDS = {507: "full", 503: "does not answer"}


@contextmanager
def small_disk(folder: Path, *, mib: int):
    """A disk of this size at the folder; whether there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    try:
        yield mounted.returncode == 0
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Leave no room on the disk; what takes it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast


def may_write(site, byte_count: int) -> None:
    """Let the web server's processes write no file larger than this."""
    parent = psutil.Process(site.processes["web"].process.pid)
    for each in [parent, *parent.children(recursive=True)]:
        resource.prlimit(each.pid, resource.RLIMIT_FSIZE, (byte_count, resource.RLIM_INFINITY))


@contextmanager
def no_room(site, disk: Path, *, is_mounted: bool):
    """While this lasts nothing more can be written there."""
    if is_mounted:
        ballast = fill(disk)
        yield
        ballast.unlink()
    else:
        may_write(site, 1 << 16)
        yield
        may_write(site, resource.RLIM_INFINITY)


def begun(site, **environment):
    """The web server, and Vera who may upload."""
    site.environment |= environment
    site.start("web", sites.COMMANDS["web"], site.is_healthy)
    vera = Visitor(site.url)
    vera.volunteer("vera@example.org")
    return vera


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "ballast"]


@pytest.mark.parametrize("place", ["storage", "temporary files"])
def test_a_disk_without_room_for_sound_takes_none_by_halves_and_all_once_there_is(tmp_path, place):
    with sites.site(tmp_path) as site, small_disk(tmp_path / "disk", mib=8) as is_mounted:
        disk, clip_id = tmp_path / "disk", uuid.uuid4()
        where = {"STORAGE_URL": disk.as_uri()} if place == "storage" else {"TMPDIR": str(disk)}
        vera = begun(site, **where)
        # Python chooses its place for temporary files once, and would pass by a full disk.
        assert vera.put(SOUND)[0] == 201
        before = files_in(disk)
        with no_room(site, disk, is_mounted=is_mounted):
            answers = [vera.put(SOUND, clip_id=clip_id) for _try in range(3)]
            left = files_in(disk)
        taken = vera.put(SOUND, clip_id=clip_id)
        site.stop()

    assert [(status, said["code"]) for status, said in answers] == [(507, "storage_full")] * 3
    assert "kept on your device" in answers[0][1]["message"]
    assert left == before
    assert taken[0] == 201


def test_a_database_on_a_full_disk_is_told_in_a_sentence_and_goes_on_once_there_is_room(tmp_path):
    with sites.site(tmp_path) as site, small_disk(tmp_path / "disk", mib=32) as is_mounted:
        disk, clip_id = tmp_path / "disk", uuid.uuid4()
        database = tmp_path / "var" / "site.sqlite3"
        database.rename(tmp_path / "moved")
        (disk / "site.sqlite3").write_bytes((tmp_path / "moved").read_bytes())
        vera = begun(site, DATABASE_URL=f"sqlite:///{disk}/site.sqlite3", STORAGE_URL=(tmp_path / "sound").as_uri())
        with no_room(site, disk, is_mounted=is_mounted):
            answers = [vera.put(SOUND, clip_id=clip_id) for _try in range(3)]
        taken = vera.put(SOUND, clip_id=clip_id)
        again = vera.put(SOUND, clip_id=clip_id)
        site.stop()
        log = site.processes["web"].log.read_text()

    assert {status for status, _said in answers} <= set(WORDS)
    assert all(WORDS[status] in said["message"] for status, said in answers)
    assert (taken[0], again[0]) == (201, 200)
    assert "Traceback" not in log
