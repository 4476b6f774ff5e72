"""What only an S3 store promises, and suffers."""

import hashlib
import urllib.error
import urllib.request
from collections import Counter

import pytest

from openempathic import storage
from openempathic.storage import s3
from tests import servers
from tests.openempathic.storing import ORIGINAL, TAKE, race


def test_a_large_object_goes_in_parts_and_appears_at_once(s3_storage, monkeypatch, tmp_path):
    parts_of_five_megabytes(monkeypatch)
    sound = TAKE * 3

    stored = storage.put(
        "releases/r/shards/000000.tar", sound, sha256=hashlib.sha256(sound).hexdigest(), if_absent=True
    )

    assert stored.byte_count == len(sound)
    assert storage.fetch("releases/r/shards/000000.tar", tmp_path / "shard").read_bytes() == sound
    with pytest.raises(storage.AlreadyStored):
        storage.put("releases/r/shards/000000.tar", sound, if_absent=True)
    assert storage.erase("releases/r/") == 1


def test_of_eight_large_writers_exactly_one_wins(s3_storage, monkeypatch):
    parts_of_five_megabytes(monkeypatch)

    outcomes = race(lambda number: storage.put("big", bytes([number]) + TAKE * 2, if_absent=True), count=8)

    (winner,) = [number for number, outcome in outcomes.items() if isinstance(outcome, storage.Stored)]
    assert Counter(type(outcome) for outcome in outcomes.values()) == {storage.Stored: 1, storage.AlreadyStored: 7}
    assert storage.read("big") == bytes([winner]) + TAKE * 2


def test_an_interrupted_large_upload_leaves_no_parts(s3_storage, monkeypatch):
    parts_of_five_megabytes(monkeypatch)
    bucket = storage._store()
    upload_part = bucket.s3.upload_part

    def fail_at_the_second(**request):
        if request["PartNumber"] == 2:
            raise KeyboardInterrupt
        return upload_part(**request)

    monkeypatch.setattr(bucket.s3, "upload_part", fail_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        storage.put("big", TAKE * 3)

    assert unfinished_uploads(bucket) == []
    with pytest.raises(storage.NotStored):
        storage.stat("big")


def test_erasing_also_aborts_what_a_killed_uploader_left(s3_storage):
    bucket = storage._store()
    bucket.s3.create_multipart_upload(Bucket=bucket.bucket, Key=f"{bucket.prefix}clips/a/shard")

    storage.erase("clips/a/")

    assert unfinished_uploads(bucket) == []


def test_only_what_a_killed_uploader_left_is_aborted_and_the_objects_stay(s3_storage):
    bucket = storage._store()
    storage.put("clips/a/original", b"sound")
    bucket.s3.create_multipart_upload(Bucket=bucket.bucket, Key=f"{bucket.prefix}clips/a/shard")

    storage.erase_unfinished("clips/a/")

    assert unfinished_uploads(bucket) == []
    assert storage.read("clips/a/original") == b"sound"


def test_a_winner_whose_answer_was_lost_is_still_the_winner(s3_storage, monkeypatch):
    bucket = storage._store()
    put_object = bucket.s3.put_object

    def send_twice(**request):
        put_object(**request)
        request["Body"].seek(0)
        return put_object(**request)

    monkeypatch.setattr(bucket.s3, "put_object", send_twice)

    assert storage.put("manifests/run", b"mine", if_absent=True).byte_count == 4


def test_damage_on_the_way_back_is_noticed(s3_storage):
    storage.put(ORIGINAL, b"sound")
    bucket = storage._store()
    head = bucket.s3.head_object(Bucket=bucket.bucket, Key=bucket.prefix + ORIGINAL)
    bucket.s3.put_object(Bucket=bucket.bucket, Key=bucket.prefix + ORIGINAL, Body=b"hound", Metadata=head["Metadata"])

    with pytest.raises(storage.DigestMismatch):
        storage.read(ORIGINAL)


def test_an_object_overwritten_while_it_is_read_is_not_mixed(s3_storage):
    storage.put(ORIGINAL, TAKE)
    with storage.open(ORIGINAL) as sound:
        sound.read(10)
        storage.put(ORIGINAL, TAKE[::-1])
        sound.seek(3_000_000)

        with pytest.raises(storage.StorageUnreachable, match="overwritten"):
            sound.read(10)


def test_a_signed_address_opens_one_object_to_anyone(s3_storage):
    storage.put(ORIGINAL, b"sound")
    address = storage.signed_url(ORIGINAL, seconds=60)

    assert urllib.request.urlopen(address, timeout=30).read() == b"sound"
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(address.replace(ORIGINAL, "clips/other/original"), timeout=30)


def test_wrong_keys_are_refused_without_showing_them(s3_storage, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")

    for act in (storage.read, storage.stat, lambda key: storage.put(key, b"x"), lambda key: list(storage.keys(key))):
        with pytest.raises(storage.StorageUnreachable, match="Refused") as refusal:
            act(ORIGINAL)
        assert "secret" not in str(refusal.value)


def test_a_bucket_that_does_not_exist_is_not_an_empty_one(s3_storage, settings):
    settings.STORAGE_URL = s3_storage.replace("s3://openempathic", "s3://closedempathic")

    with pytest.raises(storage.StorageUnreachable, match="closedempathic"):
        storage.read(ORIGINAL)


def test_a_dead_server_is_said_to_be_unreachable_and_comes_back(settings, monkeypatch):
    with servers.seaweedfs() as server:
        settings.STORAGE_URL = server.url
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, server.environment[name])
        storage.put(ORIGINAL, b"sound")
        reader = storage.open(ORIGINAL)
        server.kill()

        for act in (storage.read, storage.stat, lambda key: storage.put(key, b"x"), lambda key: reader.read()):
            with pytest.raises(storage.StorageUnreachable, match="Cannot reach the bucket openempathic"):
                act(ORIGINAL)

        server.start()
        assert storage.read(ORIGINAL) == b"sound"


def parts_of_five_megabytes(monkeypatch) -> None:
    """The smallest parts S3 allows."""
    monkeypatch.setattr(s3, "SINGLE_REQUEST_BYTES", 5 << 20)
    monkeypatch.setattr(s3, "PART_BYTES", 5 << 20)


def unfinished_uploads(bucket) -> list[object]:
    return bucket.s3.list_multipart_uploads(Bucket=bucket.bucket, Prefix=bucket.prefix).get("Uploads", [])
