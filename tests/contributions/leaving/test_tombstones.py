"""The feed tells the world which clips were taken back, and a copy of a release follows it."""

import csv
import hashlib
import io
import json
import shutil
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from contributions.leaving import tombstones
from contributions.releasing import rewriting
from openempathic import signatures, storage
from tests.contributions.frozen import (
    clips_of,
    clips_of_one_shard,
    contents,
    copied,
    purge,
    release_of_shards,
    take_back,
)
from training import packing


@pytest.fixture
def release(db, tmp_path, monkeypatch):
    return release_of_shards(tmp_path / "release", monkeypatch)


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
        assert set(line) == {"clip", "scope", "withdrawn_at", "purged_at", "releases"}
        assert line["scope"] == "CLIP"
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

    found = tombstones.all_gone(reverse("tombstones"), read)

    assert len(clips) > 3
    assert {line.clip for line in found} == {clip.pk for clip in clips}
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
    tombstones.apply([tombstones.Gone(clip.pk, None) for clip in clips], folder=folder)

    assert contents(folder) == contents(copied(release, tmp_path / "second"))


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
    rows = clips_of(release)
    for shard in (*manifest["shards"], *rows):
        told = "name" if "name" in shard else "shard"
        shard[told] = f"../../{shard[told]}"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "clips.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    tombstones.apply([tombstones.Gone(UUID(rows[0]["clip"]), None)], folder=folder)

    assert outside.read_bytes() == before
    assert rewriting.tombstones_of(rewriting.InFolder(folder)) is not None
