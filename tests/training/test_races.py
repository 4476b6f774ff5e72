"""Withdrawal against a training run, stopped before and after each of its steps: withdrawal wins, and nothing stays.

The run goes on, as one that was slow, or its trainer dies there and another takes it up. Whatever happens, the clip is
in no release afterwards, in no file of the run, and a checkpoint that has heard it is marked.
"""

import json
from functools import partial

import pytest
from django.db.models.functions import Now

from contributions.models import Clip, Purpose, ReleaseClip
from contributions.releasing import releases
from openempathic import signatures, storage
from openempathic.registry.champion import champion
from tests import harvest
from tests.forms import first_of
from tests.races import Step, keys_with, next_look, purpose_taken_back, stopped, withdrawn_and_purged
from training import lineage, publication, retraining
from training.models import TrainingRun

S = TrainingRun.Status
STEPS = (
    Step(retraining, "freeze"),
    Step(releases, "put_files"),
    Step(retraining, "bring_release"),
    Step(storage, "fetch", 0, "releases/"),
    Step(retraining, "hand_withdrawn"),
    Step(retraining, "watch"),
    Step(retraining, "tell"),
    Step(retraining, "judge"),
    Step(publication, "put_blobs"),
    Step(publication, "announce"),
)
TABLE = [
    pytest.param(step, when, dies, id=f"{when}-{step}-{'dies' if dies else 'goes-on'}")
    for step in STEPS
    for when in ("before", "after")
    for dies in (False, True)
]


@pytest.fixture
def clip(run):
    """Vera's clip, on the side that is learnt from."""
    return harvest.contributed("vera", emotions=["anger"])[0]


def retrain():
    return retraining.retrain_due(owner="trainer")


def retrained_by_another(run):
    """The trainer died: its lease runs out, and the next one takes the run up."""
    TrainingRun.objects.filter(pk=run.pk).update(lease_expires_at=Now())
    return retrain() or TrainingRun.objects.get(pk=run.pk)


def left_in_run_folders(sound):
    folder = retraining.folder_of(TrainingRun.objects.get()).parent
    return [path.name for path in folder.rglob("*") if path.is_file() and sound in path.read_bytes()]


def marked(checkpoint):
    try:
        return signatures.verify(json.loads(storage.read(f"{checkpoint.prefix}/withdrawn.json")))["clips_withdrawn"]
    except storage.NotStored:
        return 0


@pytest.mark.parametrize("happens", first_of([withdrawn_and_purged, purpose_taken_back]))
@pytest.mark.parametrize(("step", "when", "dies"), TABLE)
def test_withdrawal_wins_against_a_run_at_each_of_its_steps(run, clip, step, when, dies, happens):
    sound = storage.read(clip.archive)

    with stopped(step, when, partial(happens, clip), dies=dies):
        retrain()
    done = retrained_by_another(run) if dies else TrainingRun.objects.get(pk=run.pk)
    next_look()
    publication.repair()
    lineage.mark_due()

    assert done.status == S.PUBLISHED
    assert champion() == done.checkpoint
    assert not Clip.objects.covered_by(Purpose.TRAIN_MODELS).filter(pk=clip.pk).exists()
    assert [key for key in keys_with(sound) if not key.startswith("clips/")] == []
    assert left_in_run_folders(sound) == []
    has_heard = ReleaseClip.objects.filter(release__digest=done.checkpoint.release_digest, clip=clip).exists()
    assert lineage.withdrawn_heard_by(done.checkpoint) == marked(done.checkpoint) == has_heard
    assert clip.pk not in set(ReleaseClip.objects.filter(taken_out_at=None).values_list("clip_id", flat=True))
    if has_heard and (step.room, step.act) == (retraining, "hand_withdrawn") and when == "before":
        dropped = json.loads((retraining.folder_of(done) / "dropped.json").read_bytes())
        assert dropped == [done.release.members.get(clip=clip).key]
