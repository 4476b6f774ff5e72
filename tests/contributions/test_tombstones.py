"""A withdrawal reaches every release: shards are rewritten, tombstones say so, and the feed tells the world."""

import csv
import hashlib
import io
import json
import shutil
import tarfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from contributions import releases, rewriting, shards, states, tombstones, withdrawal
from contributions.models import Clip, Release
from openempathic import signatures, storage
from tests import harvest
from training import packing


class PowerCut(BaseException):
    """The process ends here; nothing of ours runs after it."""


@pytest.fixture
def release(db, tmp_path, monkeypatch):
    """24 clips in a few small shards."""
    harvest.corpus()
    write = shards.write
    monkeypatch.setattr(shards, "write", lambda clips, folder: write(clips, folder, shard_bytes=100_000))
    return releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by="tester", folder=tmp_path / "release")


def take_back(clip):
    states.move(
        Clip.objects.get(pk=clip.pk), to=Clip.Status.WITHDRAWN, by="contributor", next_attempt_at=timezone.now()
    )


def purge(clip):
    return withdrawal.purge_due(clip.pk)


def clips_of_one_shard(release, count):
    """So many clips that lie in the first shard, and its name."""
    rows = manifest_of(release)["clips"]
    name = rows[0]["shard"]
    return [Clip.objects.get(pk=row["clip"]) for row in rows if row["shard"] == name][:count], name


def manifest_of(release):
    return json.loads(storage.read(f"{release.prefix}/manifest.json", sha256=release.digest))


def told_of(release):
    return json.loads(storage.read(f"{release.prefix}/tombstones.json"))


def keys_in(release, name):
    with tarfile.open(fileobj=storage.open(f"{release.prefix}/shards/{name}")) as tar:
        return [member.name for member in tar]


def copied(release, folder):
    """The release as somebody downloads it."""
    for key in storage.keys(f"{release.prefix}/"):
        path = folder / key.removeprefix(f"{release.prefix}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        storage.fetch(key, path)
    return folder


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
    assert {clip.key for clip in packed.clips} == {row["key"] for row in manifest_of(release)["clips"]} - keys


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
    tombstones.apply([str(clip.pk)], folder=folder)
    after = packing.pack(folder, tmp_path / "packed")

    assert {each.key for each in before.clips} - {each.key for each in after.clips} == {key}


def feed(client, address=None):
    return client.get(address or reverse("tombstones"))


def test_the_feed_names_clips_their_keys_and_two_dates_and_nothing_else(release, client):
    clips, _name = clips_of_one_shard(release, 2)
    for clip in clips:
        take_back(clip)
    purge(clips[0])
    content = signatures.verify(feed(client).json())

    lines = {line["clip"]: line for line in content["clips"]}
    assert set(content) == {"format", "clips", "next"}
    assert set(lines) == {str(clip.pk) for clip in clips}
    for clip in clips:
        line = lines[str(clip.pk)]
        assert set(line) == {"clip", "withdrawn_at", "purged_at", "releases"}
        assert line["releases"] == {release.digest: release.members.get(clip=clip).key}
        assert line["withdrawn_at"] is not None
    assert [lines[str(clip.pk)]["purged_at"] is None for clip in clips] == [False, True]


def test_the_table_says_the_same_as_the_json(release, client):
    clips, _name = clips_of_one_shard(release, 2)
    for clip in clips:
        take_back(clip)
    answer = feed(client, reverse("tombstones-csv"))

    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    told = [
        (line["clip"], line["withdrawn_at"], digest, key)
        for line in signatures.verify(feed(client).json())["clips"]
        for digest, key in line["releases"].items()
    ]
    assert answer["Content-Type"].startswith("text/csv")
    assert [(row["clip"], row["withdrawn_at"], row["release"], row["key"]) for row in rows] == told


@pytest.mark.parametrize("name", ["tombstones", "tombstones-csv"])
def test_who_has_the_feed_already_is_told_so_until_it_changes(release, client, name):
    clips, _name = clips_of_one_shard(release, 2)
    take_back(clips[0])
    first = feed(client, reverse(name))
    by_etag = client.get(reverse(name), headers={"If-None-Match": first["ETag"]})
    by_date = client.get(reverse(name), headers={"If-Modified-Since": first["Last-Modified"]})
    take_back(clips[1])
    changed = client.get(reverse(name), headers={"If-None-Match": first["ETag"]})

    assert (first.status_code, by_etag.status_code, by_date.status_code) == (200, 304, 304)
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_an_empty_feed_is_a_feed(db, client):
    assert signatures.verify(feed(client).json())["clips"] == []
    assert feed(client, reverse("tombstones-csv")).content.decode().strip() == ",".join(tombstones.COLUMNS)


def test_a_bad_page_is_refused(db, client):
    assert feed(client, reverse("tombstones") + "?after=nobody").status_code == 400


def test_the_pages_of_the_feed_hold_every_clip_once(release, client, monkeypatch):
    monkeypatch.setattr(tombstones, "ROWS_A_PAGE", 3)
    clips, _name = clips_of_one_shard(release, None)
    for clip in clips:
        take_back(clip)
    pages = []

    def read(address):
        pages.append(address)
        return feed(client, address).content

    found = tombstones.all_ids(reverse("tombstones"), read)

    assert len(clips) > 3
    assert found == {str(clip.pk) for clip in clips}
    assert len(pages) == -(-len(clips) // 3)


def test_a_researcher_applies_the_feed_to_a_copy_and_again_changes_nothing(release, client, tmp_path, capsys):
    clips, _name = clips_of_one_shard(release, 2)
    sounds = [storage.read(clip.archive) for clip in clips]
    folder = copied(release, tmp_path / "copy")
    for clip in clips:
        take_back(clip)
    document = tmp_path / "tombstones.json"
    document.write_bytes(feed(client).content)

    call_command("apply_tombstones", feed=str(document), release=folder)
    once = contents(folder)
    call_command("apply_tombstones", feed=str(document), release=folder)

    assert "2 clips are gone" in capsys.readouterr().out
    assert contents(folder) == once
    assert not [path for path, content in once.items() if any(sound in content for sound in sounds)]
    assert hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest() == release.digest
    assert len(packing.pack(folder, tmp_path / "packed").clips) == 22


def test_a_copy_and_the_site_have_the_same_bytes_afterwards(release, tmp_path):
    clips, _name = clips_of_one_shard(release, 2)
    folder = copied(release, tmp_path / "copy")
    for clip in clips:
        take_back(clip)
        purge(clip)
    tombstones.apply([str(clip.pk) for clip in clips], folder=folder)

    assert contents(folder) == contents(copied(release, tmp_path / "second"))


def contents(folder: Path):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("document", ["", "[]", "{}", '{"format": "other"}', '{"content": 3}'])
def test_what_is_no_feed_changes_nothing(release, tmp_path, document):
    folder = copied(release, tmp_path / "copy")
    before = contents(folder)
    (tmp_path / "feed").write_text(document)

    with pytest.raises(CommandError):
        call_command("apply_tombstones", feed=str(tmp_path / "feed"), release=folder)
    assert contents(folder) == before


def test_a_folder_that_is_no_release_is_refused(db, client, tmp_path):
    (tmp_path / "feed").write_bytes(feed(client).content)

    with pytest.raises(CommandError, match="no release"):
        call_command("apply_tombstones", feed=str(tmp_path / "feed"), release=tmp_path)


def test_a_manifest_cannot_lead_outside_the_folder(release, tmp_path):
    folder = copied(release, tmp_path / "copy")
    outside = tmp_path / "000000.tar"
    shutil.copy(folder / "shards" / "000000.tar", outside)
    before = outside.read_bytes()
    manifest = json.loads((folder / "manifest.json").read_bytes())
    for row in manifest["clips"]:
        row["shard"] = f"../../{row['shard']}"
    (folder / "manifest.json").write_text(json.dumps(manifest))

    tombstones.apply([manifest["clips"][0]["clip"]], folder=folder)

    assert outside.read_bytes() == before
    assert rewriting.tombstones_of(rewriting.InFolder(folder)) is not None
