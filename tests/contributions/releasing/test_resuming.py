"""A freeze that is killed is gone on with: what is whole is not written again, and the result is the same bytes."""

import json

import pytest
from django.utils import timezone

from contributions.models import Release
from contributions.releasing import journal, releases, shards
from contributions.releasing.tars import Tar
from openempathic import storage
from tests import harvest
from tests.contributions.frozen import contents, take_back


class PowerCut(BaseException):
    """The process ends here; nothing of ours runs after it."""


def freeze(folder):
    return releases.freeze(Release.Kind.TRAINING, at=timezone.now(), by="tester", folder=folder)


@pytest.fixture
def crop(db, monkeypatch):
    monkeypatch.setattr(shards, "SHARD_BYTES", 60_000)
    return list(harvest.corpus(clips_each=1).clips.all())


def cut_at(patch, name, number):
    """The power is cut when so many shards are begun; returns the names of those that are begun."""
    begun, finish = [], Tar.finish

    def finished(tar):
        begun.append(tar.path.name)
        if len(begun) == number:
            raise PowerCut
        return finish(tar)

    patch.setattr(Tar, name, finished)
    return begun


def whole(tmp_path):
    """What an unbroken freeze makes, and the release; the world is as before afterwards."""
    release = freeze(tmp_path / "unbroken")
    files = contents(tmp_path / "unbroken")
    storage.erase(f"{release.prefix}/")
    release.members.all().delete()
    Release.objects.all().delete()
    return release.digest, files


@pytest.mark.parametrize("harm", ["none", "a shard", "the lines", "the last note"])
def test_shards_that_are_whole_are_not_written_again_and_the_result_is_the_same(crop, tmp_path, monkeypatch, harm):
    digest, files = whole(tmp_path)
    folder = tmp_path / "release"
    with monkeypatch.context() as patch, pytest.raises(PowerCut):
        cut_at(patch, "finish", 3)
        freeze(folder)
    if harm == "a shard":
        (folder / "shards" / "000001.tar").write_bytes(b"another")
    elif harm == "the lines":
        (folder / "clips.jsonl").write_bytes(b"{}\n")
    elif harm == "the last note":
        note = folder / journal.JOURNAL
        note.write_bytes(note.read_bytes()[:-5])

    begun = cut_at(monkeypatch, "finish", None)
    release = freeze(folder)

    first = {"none": 2, "a shard": 1, "the lines": 0, "the last note": 1}[harm]
    assert begun == sorted(name.removeprefix("shards/") for name in files if name.startswith("shards/"))[first:]
    assert release.digest == digest
    assert contents(folder) == files


def test_what_storage_has_already_is_verified_and_not_put_again(crop, tmp_path, monkeypatch):
    adopt, put = storage.adopt, []

    def dies(key, *args, **options):
        put.append(key)
        if len(put) == 3:
            storage.put(put[0], b"damaged by somebody")
            raise PowerCut
        return adopt(key, *args, **options)

    monkeypatch.setattr(storage, "adopt", dies)
    with pytest.raises(PowerCut):
        freeze(tmp_path / "release")
    release = freeze(tmp_path / "release")

    # The damaged one and those that had not been put, each once more.
    assert put[3:5] == [put[0], put[2]]
    assert put[1] not in put[3:]
    for shard in json.loads(storage.read(f"{release.prefix}/manifest.json"))["shards"]:
        storage.read(f"{release.prefix}/shards/{shard['name']}", sha256=shard["sha256"])


def test_a_clip_withdrawn_in_between_leaves_no_sound_in_what_is_gone_on_with(crop, tmp_path, monkeypatch):
    folder = tmp_path / "release"
    with monkeypatch.context() as patch, pytest.raises(PowerCut):
        cut_at(patch, "finish", 3)
        freeze(folder)
    row = json.loads((folder / "clips.jsonl").read_bytes().splitlines()[0])
    clip = next(clip for clip in crop if str(clip.pk) == row["clip"])
    sound = storage.read(clip.archive)
    assert any(sound in content for content in contents(folder).values())

    take_back(clip)
    release = freeze(folder)

    assert not any(sound in content for content in contents(folder).values())
    assert not release.members.filter(clip=clip).exists()
    assert not list(folder.glob(f"{journal.SCRATCH}*"))
