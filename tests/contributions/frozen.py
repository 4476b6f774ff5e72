"""A release of a small world in several shards, and clips taken back from it."""

import json
from pathlib import Path

from django.utils import timezone

from contributions import states
from contributions.leaving import withdrawal
from contributions.models import Clip, Release
from contributions.releasing import reading, releases, shards
from openempathic import storage
from tests import harvest


def release_of_shards(folder, monkeypatch):
    """24 clips in a few small shards."""
    harvest.corpus()
    monkeypatch.setattr(shards, "SHARD_BYTES", 100_000)
    return releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by="tester", folder=folder)


def take_back(clip):
    states.move(
        Clip.objects.get(pk=clip.pk), to=Clip.Status.WITHDRAWN, by="contributor", next_attempt_at=timezone.now()
    )


def purge(clip):
    return withdrawal.purge_due(clip.pk)


def clips_of_one_shard(release, count):
    """So many clips that lie in the first shard, and its name."""
    rows = clips_of(release)
    name = rows[0]["shard"]
    return [Clip.objects.get(pk=row["clip"]) for row in rows if row["shard"] == name][:count], name


def manifest_of(release):
    return json.loads(storage.read(f"{release.prefix}/manifest.json", sha256=release.digest))


def clips_of(release):
    """The lines of the clips that are still in it."""
    return list(reading.clips_of(reading.InStorage(release.prefix)))


def copied(release, folder):
    """The release as somebody downloads it."""
    for key in storage.keys(f"{release.prefix}/"):
        path = folder / key.removeprefix(f"{release.prefix}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        storage.fetch(key, path)
    return folder


def contents(folder: Path):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
