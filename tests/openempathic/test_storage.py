"""One contract for both stores."""

import io
from collections import Counter

import pytest

from openempathic import storage
from tests.openempathic.storing import ORIGINAL, TAKE, TAKE_SHA256, Pipe, race


@pytest.fixture(params=["folder", "s3", "s3-when-required"])
def store(request, settings):
    """A fresh store of each kind, the last with the checksums of an older S3."""
    request.getfixturevalue("folder_storage" if request.param == "folder" else "s3_storage")
    if request.param == "s3-when-required":
        settings.STORAGE_URL += "&checksums=when_required"
    return request.param


def test_what_vera_sends_is_what_is_read(store, tmp_path):
    stored = storage.put(ORIGINAL, TAKE)

    assert stored == storage.Stored(ORIGINAL, len(TAKE), TAKE_SHA256)
    assert storage.read(ORIGINAL) == TAKE
    assert storage.fetch(ORIGINAL, tmp_path / "take").read_bytes() == TAKE
    assert storage.stat(ORIGINAL).byte_count == len(TAKE)
    assert [path.name for path in tmp_path.glob("*take*")] == ["take"]


@pytest.mark.parametrize("kind", ["path", "file", "started file", "pipe"])
def test_every_kind_of_source_is_stored(store, kind, tmp_path):
    (tmp_path / "take").write_bytes(TAKE)
    with (tmp_path / "take").open("rb") as file:
        source = {"path": tmp_path / "take", "file": file, "started file": file, "pipe": Pipe(TAKE)}[kind]
        start = len(file.read(1000)) if kind == "started file" else 0

        storage.put(ORIGINAL, source)

    assert storage.read(ORIGINAL) == TAKE[start:]


def test_an_empty_object_is_an_object(store):
    storage.put(ORIGINAL, b"")

    assert storage.read(ORIGINAL) == b""
    assert storage.open(ORIGINAL).read() == b""
    assert storage.stat(ORIGINAL).byte_count == 0


def test_a_listener_hears_the_part_they_ask_for(store):
    storage.put(ORIGINAL, TAKE)

    with storage.open(ORIGINAL) as sound:
        assert sound.seekable()
        assert sound.seek(-10, io.SEEK_END) == len(TAKE) - 10
        assert sound.read() == TAKE[-10:]
        assert sound.seek(2_000_003) == 2_000_003
        assert sound.read(3_000) == TAKE[2_000_003:2_003_003]
        assert sound.seek(1, io.SEEK_CUR) == 2_003_004
        assert sound.read() == TAKE[2_003_004:]
        assert sound.read() == b""


def test_a_key_is_overwritten_whole(store):
    storage.put("aliases/champion.json", b"a longer first one")
    storage.put("aliases/champion.json", b"second")

    assert storage.read("aliases/champion.json") == b"second"


def test_a_file_that_nobody_changes_any_more_is_taken_over_and_outlives_its_first_name(store, tmp_path):
    storage.put(ORIGINAL, b"what lay there before")
    (tmp_path / "whole").write_bytes(TAKE)

    for _twice in range(2):
        assert storage.adopt(ORIGINAL, tmp_path / "whole", sha256=TAKE_SHA256).byte_count == len(TAKE)
    (tmp_path / "whole").unlink()

    assert storage.read(ORIGINAL, sha256=TAKE_SHA256) == TAKE
    assert list(storage.keys("")) == [ORIGINAL]


def test_a_key_that_nobody_stored_is_said_to_be_missing(store, tmp_path):
    storage.put(ORIGINAL, b"sound")

    for missing in ("clips/other/original", "clips/6f1c", f"{ORIGINAL}/beneath", "nothing"):
        for ask in (storage.read, storage.open, storage.stat, lambda key: storage.fetch(key, tmp_path / "to")):
            with pytest.raises(storage.NotStored):
                ask(missing)
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize("key", ["", "/etc/passwd", "a//b", "../a", "a/../b", "a/./b", "a/", "a\0b", "a/.put-1"])
def test_otto_cannot_climb_out_of_the_store(store, key):
    for act in (storage.read, storage.open, storage.stat, lambda key: storage.put(key, b"x")):
        with pytest.raises(storage.BadKey):
            act(key)


def test_a_wrong_digest_is_refused_and_nothing_changes(store):
    storage.put(ORIGINAL, b"old")

    with pytest.raises(storage.DigestMismatch):
        storage.put(ORIGINAL, TAKE, sha256="0" * 64)
    with pytest.raises(storage.DigestMismatch):
        storage.put("clips/6f1c/archive.flac", TAKE, sha256="0" * 64)

    assert storage.read(ORIGINAL) == b"old"
    assert list(storage.keys("clips/")) == [ORIGINAL]


def test_reading_checks_the_digest_it_is_given(store, tmp_path):
    storage.put(ORIGINAL, TAKE, sha256=TAKE_SHA256.upper())

    assert storage.read(ORIGINAL, sha256=TAKE_SHA256) == TAKE
    with pytest.raises(storage.DigestMismatch):
        storage.read(ORIGINAL, sha256="0" * 64)
    with pytest.raises(storage.DigestMismatch):
        storage.fetch(ORIGINAL, tmp_path / "to", sha256="0" * 64)
    assert not (tmp_path / "to").exists()


def test_keys_are_listed_by_prefix(store):
    names = ["clips/a/original", "clips/a/peaks.json", "clips/a.b/original", "clips/ab/original", "releases/a"]
    for name in names:
        storage.put(name, b"x")

    assert sorted(storage.keys("clips/a/")) == ["clips/a/original", "clips/a/peaks.json"]
    assert set(storage.keys("clips/a")) == {name for name in names if name.startswith("clips/a")}
    assert set(storage.keys("")) == set(names)
    assert list(storage.keys("nothing/here/")) == []


def test_a_listing_tells_sizes_and_which_objects_were_written_anew(store):
    for name in ("clips/a/original", "clips/b/original"):
        storage.put(name, b"first")
    before = {each.key: each for each in storage.listed("clips/")}
    storage.put("clips/b/original", b"other")
    after = {each.key: each for each in storage.listed("clips/")}

    assert {key: each.byte_count for key, each in after.items()} == dict.fromkeys(before, 5)
    assert [key for key in after if after[key] != before[key]] == ["clips/b/original"]


def test_withdrawing_erases_the_clip_and_no_other(store):
    for name in ("clips/a/original", "clips/a/archive.flac", "clips/ab/original"):
        storage.put(name, b"x")

    assert storage.erase("clips/a/") == 2
    assert storage.erase("clips/a/") == 0
    assert list(storage.keys("")) == ["clips/ab/original"]
    with pytest.raises(storage.NotStored):
        storage.read("clips/a/original")


def test_nobody_erases_everything_by_an_empty_name(store):
    storage.put(ORIGINAL, b"x")

    for prefix in ("", "/", "../"):
        with pytest.raises(storage.BadKey):
            storage.erase(prefix)
    assert storage.read(ORIGINAL) == b"x"


def test_of_sixteen_publishers_exactly_one_wins(store):
    outcomes = race(lambda number: storage.put("manifests/run", f"by {number}".encode(), if_absent=True))

    (winner,) = [number for number, outcome in outcomes.items() if isinstance(outcome, storage.Stored)]
    assert Counter(type(outcome) for outcome in outcomes.values()) == {storage.Stored: 1, storage.AlreadyStored: 15}
    assert storage.read("manifests/run") == f"by {winner}".encode()


def test_sixteen_overwriters_leave_one_whole_object(store):
    outcomes = race(lambda number: storage.put(f"{ORIGINAL}s", bytes([number]) * 300_000))

    assert {type(outcome) for outcome in outcomes.values()} == {storage.Stored}
    content = storage.read(f"{ORIGINAL}s")
    assert content == content[:1] * 300_000


def test_both_stores_keep_the_promise_of_conditional_writes(store):
    storage.verify_conditional_writes()

    assert list(storage.keys("")) == []


def test_a_store_that_ignores_the_condition_is_refused(store, monkeypatch):
    put = storage.put
    monkeypatch.setattr(storage, "put", lambda key, source, *, if_absent: put(key, source))

    with pytest.raises(storage.ConditionalWritesIgnored):
        storage.verify_conditional_writes()


@pytest.mark.parametrize("url", ["", "/var/storage", "file://host/folder", "s3://", "ftp://host/x", "s3://b?endpint=x"])
def test_a_wrong_address_is_said_to_be_wrong(settings, url):
    settings.STORAGE_URL = url

    with pytest.raises(storage.StorageError, match="STORAGE_URL"):
        storage.read("anything")
