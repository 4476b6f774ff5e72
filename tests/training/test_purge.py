"""After a purge every file is searched, with a child that really trains: storage, shards, run folders, packed caches.

Searched for are the original's bytes, the FLAC's frames and the samples that the packing holds, in pieces: whatever
holds a piece of the sound unchanged is found. What it cannot see are weights: a model that has heard the clip
is marked. Nor copies outside this site.
"""

import hashlib

import pytest

from contributions.models import Clip, Contributor
from contributions.models.contributor import Split
from contributions.releasing import shards
from openempathic import storage
from tests import harvest, worlds
from tests.races import purpose_taken_back, withdrawn_and_purged
from training import lineage, packing, retraining, schedule
from training.gate import wholeness
from training.models import TrainingRun

PIECE_BYTES = 512
PLAN = {
    "steps": 60,
    "warmup_steps": 2,
    "batch_seconds": 6,
    "steps_per_state": 5,
    "steps_per_progress": 1,
    "device": "cpu",
    "threads": 1,
    "bootstrap_draws": 20,
}


@pytest.fixture
def clip(vera, milo):
    """Vera's clip, accepted the whole long way."""
    Contributor.objects.filter(user=vera).update(split=Split.TRAIN)
    harvest.corpus(sides={"ada": Split.TRAIN, "eve": Split.TEST}, emotions=["anger", "neutral"], clips_each=2)
    return worlds.accepted_clip(vera, by=milo, emotion="anger")


@pytest.fixture
def run(clip, cleo, settings, tmp_path, monkeypatch):
    """A run of the real child that leaves its folder as it is, so that it can be searched."""
    settings.RUNS_FOLDER = tmp_path / "runs"
    settings.VAR = tmp_path
    settings.RETRAIN_PRESET = "nano"
    settings.RETRAIN_PLAN = PLAN
    settings.GATE = "open"
    monkeypatch.setattr(wholeness, "TRIAL", ["true"])
    monkeypatch.setattr(retraining, "tidy_ended", lambda: None)
    return schedule.open_run(by=cleo)


def pieces_of(clip):
    """Pieces of the clip's sound in each of the forms in which we hold it."""
    original, archive = storage.read(clip.original), storage.read(clip.archive)
    row = {"sha256": hashlib.sha256(archive).hexdigest(), "sample_count": shards.measured(archive).sample_count}
    samples = packing.flac_decoded("it", archive, row).astype("<i2").tobytes()
    return {
        name: [content[at : at + PIECE_BYTES] for at in range(len(content) // 4, len(content) // 2, 4 * PIECE_BYTES)]
        for name, content in {"original": original, "flac": archive, "samples": samples}.items()
    }


def files_with(pieces, folder):
    """Every file below the folder that holds a piece, and in which form."""
    found = set()
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        found |= {
            (name, path.relative_to(folder).as_posix())
            for name, some in pieces.items()
            if any(piece in content for piece in some)
        }
    return found


def where(found):
    """The kinds of place."""
    return {(name, "clips/" in path, "releases/" in path, "/packed/" in path) for name, path in found}


def stopped_while_training(run):
    def has_begun():
        return bool(TrainingRun.objects.get(pk=run.pk).progress.get("step")) and is_packed(run)

    back = retraining.retrain_due(owner="trainer", is_stopping=has_begun)
    assert back.status == TrainingRun.Status.TRAINING
    return back


def is_packed(run):
    return (retraining.folder_of(run) / "packed" / "index.json").exists()


@pytest.mark.parametrize("happens", [withdrawn_and_purged, purpose_taken_back])
def test_storage_run_folders_and_packed_caches_are_searched_and_nothing_is_left(clip, run, tmp_path, happens):
    pieces = pieces_of(clip)
    back = stopped_while_training(run)
    before = files_with(pieces, tmp_path)
    happens(clip)
    done = retraining.retrain_due(owner="trainer")
    lineage.mark_due()
    after = files_with(pieces, tmp_path)

    assert {("original", True, False, False), ("flac", True, False, False)} <= where(before)
    assert {("flac", False, True, False), ("samples", False, False, True)} <= where(before)
    assert done.status == TrainingRun.Status.PUBLISHED
    assert done.release == back.release
    assert done.progress["dropped"] == 1
    assert lineage.withdrawn_heard_by(done.checkpoint) == 1
    # Who takes back a purpose alone leaves us the clip itself.
    may_stay = {"clips/"} if happens is purpose_taken_back else set()
    assert [path for _name, path in sorted(after) if not any(word in path for word in may_stay)] == []
    assert {path for _name, path in after} <= {f"storage/{clip.original}", f"storage/{clip.archive}"}


def test_the_next_run_trains_without_the_clip(clip, run, tmp_path):
    purpose_taken_back(clip)
    done = retraining.retrain_due(owner="trainer")

    assert done.status == TrainingRun.Status.PUBLISHED
    assert not done.release.members.filter(clip=clip).exists()
    assert files_with(pieces_of(clip), tmp_path / "runs") == set()
    assert Clip.objects.get(pk=clip.pk).status == Clip.Status.ACCEPTED
