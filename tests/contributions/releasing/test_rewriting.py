"""A withdrawal reaches every release: shards are rewritten, and tombstones say so, whoever is killed or overtaken."""

import hashlib
import json
import tarfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from contributions.leaving import tombstones
from contributions.models import Clip, Release
from contributions.releasing import releases
from openempathic import storage
from tests import harvest
from tests.contributions.frozen import clips_of_one_shard, copied, manifest_of, purge, release_of_shards, take_back
from training import packing


@pytest.fixture
def release(db, tmp_path, monkeypatch):
    return release_of_shards(tmp_path / "release", monkeypatch)


class PowerCut(BaseException):
    """The process ends here; nothing of ours runs after it."""


def told_of(release):
    return json.loads(storage.read(f"{release.prefix}/tombstones.json"))


def keys_in(release, name):
    with tarfile.open(fileobj=storage.open(f"{release.prefix}/shards/{name}")) as tar:
        return [member.name for member in tar]


def check_clean(release, gone, sounds, tmp_path):
    """No sound of the clips is left, all others are, every digest is told, and a reader can pack what is left."""
    stored = {key: storage.read(key) for key in storage.keys(f"{release.prefix}/")}
    assert not [key for key, content in stored.items() if any(sound in content for sound in sounds)]
    told = told_of(release)
    keys = set(release.members.filter(clip__in=gone).values_list("key", flat=True))
    assert set(told["keys"]) == keys
    assert told["release"] == release.digest
    digests = {shard["name"]: shard["sha256"] for shard in manifest_of(release)["shards"]}
    digests |= {shard["name"]: shard["sha256"] for shard in told["shards"]}
    for name, digest in digests.items():
        assert hashlib.sha256(stored[f"{release.prefix}/shards/{name}"]).hexdigest() == digest
    folder = copied(release, tmp_path / f"copy-{len(list(tmp_path.iterdir()))}")
    packed = packing.pack(folder, tmp_path / f"{folder.name}-packed")
    assert {clip.key for clip in packed.clips} == {*release.members.values_list("key", flat=True)} - keys


def test_a_shard_is_rewritten_without_the_clip_and_the_manifest_stays(release, tmp_path):
    (clip,), name = clips_of_one_shard(release, 1)
    sound, before = storage.read(clip.archive), keys_in(release, name)
    others = {s["name"]: s["sha256"] for s in manifest_of(release)["shards"] if s["name"] != name}
    take_back(clip)
    purge(clip)

    key = release.members.get(clip=clip).key
    assert keys_in(release, name) == [each for each in before if not each.startswith(key)]
    assert [shard["name"] for shard in told_of(release)["shards"]] == [name]
    for other, digest in others.items():
        storage.read(f"{release.prefix}/shards/{other}", sha256=digest)
    check_clean(release, [clip], [sound], tmp_path)


@pytest.mark.parametrize("count", [2, 3])
def test_clips_of_one_shard_withdrawn_together_leave_the_same_bytes_as_one_after_the_other(release, tmp_path, count):
    clips, name = clips_of_one_shard(release, count)
    sounds = [storage.read(clip.archive) for clip in clips]
    for clip in clips:
        take_back(clip)
    purge(clips[0])
    at_once = storage.read(f"{release.prefix}/shards/{name}")
    for clip in clips[1:]:
        purge(clip)

    assert storage.read(f"{release.prefix}/shards/{name}") == at_once
    assert not Clip.objects.filter(status="WITHDRAWN").exists()
    check_clean(release, clips, sounds, tmp_path)


def test_a_shard_all_of_whose_clips_are_withdrawn_is_empty_and_the_rest_is_read(release, tmp_path):
    clips, name = clips_of_one_shard(release, None)
    sounds = [storage.read(clip.archive) for clip in clips]
    for clip in clips:
        take_back(clip)
        purge(clip)

    assert keys_in(release, name) == []
    check_clean(release, clips, sounds, tmp_path)


@pytest.mark.parametrize("dies_at", ["shards/", "tombstones.json"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_purger_killed_around_a_write_is_followed_by_one_that_finishes(release, tmp_path, monkeypatch, dies_at, when):
    clips, _name = clips_of_one_shard(release, 2)
    sounds = [storage.read(clip.archive) for clip in clips]
    take_back(clips[0])
    put = storage.put

    def power_cut(key, *args, **options):
        if dies_at in key and when == "before":
            raise PowerCut
        put(key, *args, **options)
        if dies_at in key:
            raise PowerCut

    with monkeypatch.context() as cut:
        cut.setattr(storage, "put", power_cut)
        with pytest.raises(PowerCut):
            purge(clips[0])
    Clip.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    take_back(clips[1])
    for clip in clips:
        assert purge(clip) is not None

    check_clean(release, clips, sounds, tmp_path)


@pytest.mark.parametrize("dies_at", ["shards/", "tombstones.json"])
def test_a_purger_overtaken_by_another_puts_no_sound_back(release, tmp_path, monkeypatch, dies_at):
    clips, _name = clips_of_one_shard(release, 2)
    sounds = [storage.read(clip.archive) for clip in clips]
    take_back(clips[0])
    put, is_over = storage.put, []

    def overtaken(key, *args, **options):
        if dies_at in key and not is_over:
            is_over.append(key)
            take_back(clips[1])
            assert purge(clips[1]) is not None
        return put(key, *args, **options)

    monkeypatch.setattr(storage, "put", overtaken)

    assert purge(clips[0]) is not None
    check_clean(release, clips, sounds, tmp_path)


def test_a_purger_that_puts_sound_back_and_is_killed_leaves_it_owed(release, tmp_path, monkeypatch):
    clips, _name = clips_of_one_shard(release, 2)
    sounds = [storage.read(clip.archive) for clip in clips]
    take_back(clips[0])
    put, is_over = storage.put, []

    def overtaken(key, *args, **options):
        if "shards/" in key and not is_over:
            is_over.append(key)
            take_back(clips[1])
            purge(clips[1])
            put(key, *args, **options)
            raise PowerCut
        return put(key, *args, **options)

    with monkeypatch.context() as cut:
        cut.setattr(storage, "put", overtaken)
        with pytest.raises(PowerCut):
            purge(clips[0])
    Clip.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))

    assert Clip.objects.get(pk=clips[0].pk).status == Clip.Status.WITHDRAWN
    assert purge(clips[0]) is not None
    check_clean(release, clips, sounds, tmp_path)


@pytest.mark.django_db(transaction=True)
def test_purgers_at_once_leave_no_sound_and_nothing_corrupt(release, tmp_path):
    clips, _name = clips_of_one_shard(release, 4)
    sounds = [storage.read(clip.archive) for clip in clips]
    for clip in clips:
        take_back(clip)

    def purger(clip):
        try:
            return purge(clip)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as purgers:
        done = list(purgers.map(purger, clips))

    assert None not in done
    check_clean(release, clips, sounds, tmp_path)


def test_a_damaged_shard_goes_whole(release):
    (clip,), name = clips_of_one_shard(release, 1)
    storage.put(f"{release.prefix}/shards/{name}", b"no tar" * 200)
    take_back(clip)

    assert purge(clip) is not None
    with pytest.raises(storage.NotStored):
        storage.stat(f"{release.prefix}/shards/{name}")
    assert told_of(release)["shards"] == [{"name": name, "sha256": None, "byte_count": 0}]


def test_what_a_freeze_that_was_killed_left_is_erased_with_its_clip(db, tmp_path, monkeypatch):
    clip = harvest.corpus().clips.first()
    sound = storage.read(clip.archive)

    def power_cut(*_args, **_options):
        raise PowerCut

    with monkeypatch.context() as cut:
        cut.setattr(releases, "keep_rows", power_cut)
        with pytest.raises(PowerCut):
            releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by="tester", folder=tmp_path / "release")
    left = [key for key in storage.keys("releases/") if sound in storage.read(key)]
    take_back(clip)
    purge(clip)

    assert left
    assert not list(storage.keys("releases/"))


def test_freezing_the_same_again_puts_no_purged_clip_back(release, tmp_path, monkeypatch):
    (clip,), _name = clips_of_one_shard(release, 1)
    sound, write_manifest, is_over = storage.read(clip.archive), releases.write_manifest, []

    def then_purged(manifest, folder):
        digest = write_manifest(manifest, folder)
        if not is_over:
            is_over.append(digest)
            take_back(clip)
            purge(clip)
        return digest

    monkeypatch.setattr(releases, "write_manifest", then_purged)
    again = releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by="tester", folder=tmp_path / "again")

    assert is_over == [release.digest]
    assert again.digest != release.digest
    assert not [key for key in storage.keys("releases/") if sound in storage.read(key)]


def test_a_packing_made_before_is_made_again_without_the_clip(release, tmp_path):
    (clip,), _name = clips_of_one_shard(release, 1)
    key = release.members.get(clip=clip).key
    folder = copied(release, tmp_path / "copy")
    before = packing.pack(folder, tmp_path / "packed")
    tombstones.apply([tombstones.Gone(clip.pk, None)], folder=folder)
    after = packing.pack(folder, tmp_path / "packed")

    assert {each.key for each in before.clips} - {each.key for each in after.clips} == {key}


def test_a_lost_release_that_is_put_back_while_its_clip_is_purged_holds_it_no_more(release, tmp_path, monkeypatch):
    (clip,), _name = clips_of_one_shard(release, 1)
    sound, written_manifest, is_over = storage.read(clip.archive), releases.written_manifest, []
    storage.erase(f"{release.prefix}/")

    def then_purged(manifest, folder):
        manifest, digest = written_manifest(manifest, folder)
        if not is_over:
            is_over.append(digest)
            take_back(clip)
            purge(clip)
        return manifest, digest

    monkeypatch.setattr(releases, "written_manifest", then_purged)
    releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by="tester", folder=tmp_path / "again")

    assert is_over == [release.digest]
    check_clean(release, [clip], [sound], tmp_path)


def test_tombstones_that_cannot_be_read_stop_a_packing(release, tmp_path):
    folder = copied(release, tmp_path / "copy")
    (folder / "tombstones.json").write_text("{")

    with pytest.raises(packing.Unpackable, match="tombstones"):
        packing.pack(folder, tmp_path / "packed")
