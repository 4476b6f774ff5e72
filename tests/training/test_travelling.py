"""The newest state of a run in storage: another machine goes on from it, bit by bit, and nothing stays behind."""

import json

import pytest
from django.db.models.functions import Now

from contributions.models import Release
from openempathic import leases, storage
from tests.training.interrupted import dies_and_is_taken_up
from tests.training.test_fit import PLAN, fit, run_folder, stopping_after, told, weights
from training import resumption, retraining, travelling
from training.fit import Stopped
from training.models import TrainingRun
from training.travelling import Traveller

S = TrainingRun.Status
SHORT = PLAN | {"steps": 6, "warmup_steps": 2, "steps_per_state": 2, "steps_per_progress": 2, "batch_seconds": 6}
# Of the places at which a run changes a file in its folder one in the midst of its states; the soak takes them all.
SOME_PLACES = [21]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A short run that nobody disturbed."""
    folder = run_folder(tmp_path_factory.mktemp("run"), SHORT)
    fit(folder)
    return folder


@pytest.fixture
def row(db):
    """A run that learns from some release."""
    release = Release.objects.create(kind="TRAINING", digest="a" * 64, counts={"clips": 1})
    return TrainingRun.objects.create(status=S.TRAINING, release=release, plan=SHORT, next_attempt_at=Now())


def claimed(row):
    claim = leases.claim(TrainingRun.objects.all(), row.pk, owner="trainer", seconds=60)
    return TrainingRun.objects.select_related("release").get(pk=row.pk), claim


def taken_over(row):
    TrainingRun.objects.filter(pk=row.pk).update(lease_expires_at=Now())
    return claimed(row)


def with_state(folder, step, content=b"weights"):
    (folder / "state").mkdir(parents=True, exist_ok=True)
    (folder / "state" / f"{step:08d}.pt").write_bytes(content)
    return folder


def sent(row, claim, folder):
    Traveller(row, claim, folder).hand_over()
    return sorted(storage.keys("runs/"))


def test_a_run_goes_on_on_another_machine_to_the_same_weights(row, finished, tmp_path):
    here, there = run_folder(tmp_path / "here", SHORT), run_folder(tmp_path / "there", SHORT)
    with pytest.raises(Stopped):
        # After packing, which asks once a clip.
        fit(here, is_stopping=stopping_after(48 + 3))
    sent(*claimed(row), here)
    step = travelling.bring(taken_over(row)[0], there)
    fit(there)

    assert 0 < step < SHORT["steps"]
    assert {"step": step, "resumed": True}.items() <= [line for line in told(there) if "resumed" in line][-1].items()
    assert weights(there) == weights(finished)


def test_a_state_holds_no_sound_and_no_words(finished):
    state = resumption.newest(finished / "state")

    assert set(state) == {
        "model", "average", "optimizer", "batches", "plan", "emotions", "release_digest", "steps_done",
        "steps_skipped", "skips_in_a_row",
    }  # fmt: skip
    assert set(state["batches"]) == {"epoch", "cursor", "dropped"}


def test_only_the_newest_state_lies_in_storage_and_none_is_sent_twice(row, tmp_path):
    run, claim = claimed(row)
    first = sent(run, claim, with_state(tmp_path, 50))
    again = sent(run, claim, tmp_path)
    second = sent(run, claim, with_state(tmp_path, 100))

    assert [len(keys) for keys in (first, again, second)] == [1, 1, 1]
    assert first == again
    assert TrainingRun.objects.get(pk=row.pk).kept_state["step"] == 100
    assert storage.read(second[0]) == b"weights"


def test_the_newer_of_what_lies_here_and_what_is_in_storage_is_taken(row, tmp_path):
    run, claim = claimed(row)
    sent(run, claim, with_state(tmp_path / "here", 50))

    assert travelling.bring(run, with_state(tmp_path / "ahead", 60)) is None
    assert travelling.bring(run, with_state(tmp_path / "behind", 40)) == 50
    assert travelling.newest_here(tmp_path / "behind").read_bytes() == b"weights"


@pytest.mark.parametrize("spoil", [storage.erase, lambda key: storage.put(key, b"other weights")])
def test_a_state_that_is_gone_or_damaged_is_passed_over(row, tmp_path, spoil):
    run, claim = claimed(row)
    (key,) = sent(run, claim, with_state(tmp_path / "here", 50))
    spoil(key)

    assert travelling.bring(run, tmp_path / "there") is None
    assert travelling.newest_here(tmp_path / "there") is None


def test_a_state_of_another_release_is_not_brought(row, tmp_path):
    run, claim = claimed(row)
    sent(run, claim, with_state(tmp_path / "here", 50))
    run.release = Release.objects.create(kind="TRAINING", digest="b" * 64, counts={"clips": 1})

    assert travelling.bring(run, tmp_path / "there") is None


def test_a_trainer_that_lost_the_run_leaves_nothing_and_overwrites_nothing(row, tmp_path):
    zombie, old_claim = claimed(row)
    heir, claim = taken_over(row)
    (key,) = sent(heir, claim, with_state(tmp_path / "there", 50, b"the heir's"))
    with pytest.raises(leases.LeaseLost):
        sent(zombie, old_claim, with_state(tmp_path / "here", 50, b"the zombie's"))

    assert list(storage.keys("runs/")) == [key]
    assert storage.read(key) == b"the heir's"


def test_storage_that_is_away_costs_steps_and_not_the_run(row, tmp_path, monkeypatch):
    def away(*arguments, **options):
        raise storage.StorageUnreachable("away")

    run, claim = claimed(row)
    monkeypatch.setattr(storage, "put", away)

    assert sent(run, claim, with_state(tmp_path, 50)) == []
    assert run.kept_state == {}


def test_a_trainer_stopped_on_one_machine_is_followed_on_another_from_where_it_was(run, settings, tmp_path):
    TrainingRun.objects.filter(pk=run.pk).update(plan=run.plan | {"steps": 10_000, "pause_seconds": 0.01})

    def has_begun():
        return bool(TrainingRun.objects.get(pk=run.pk).progress.get("step"))

    back = retraining.retrain_due(owner="here", is_stopping=has_begun)
    reached = back.kept_state["step"]
    settings.RUNS_FOLDER = tmp_path / "another machine"
    TrainingRun.objects.filter(pk=run.pk).update(plan=run.plan | {"steps": reached + 2})
    done = retraining.retrain_due(owner="there")

    seen = json.loads((retraining.folder_of(run) / "seen.json").read_bytes())
    assert seen["began_at"] == reached
    assert done.status == S.PUBLISHED
    assert [note["what"] for note in done.progress["happened"]] == ["attempt", "handed_back", "attempt", "brought"]
    assert list(storage.keys("runs/")) == []
    assert TrainingRun.objects.get(pk=run.pk).kept_state == {}


def test_states_of_runs_that_have_ended_are_erased_and_those_of_others_stay(row, tmp_path):
    run, claim = claimed(row)
    kept = sent(run, claim, with_state(tmp_path, 50))
    storage.put("runs/3f0c9b1e-0000-4000-8000-000000000000/state-00000001-1", b"a zombie's")
    travelling.tidy()

    assert list(storage.keys("runs/")) == kept
    TrainingRun.objects.filter(pk=row.pk).update(status=S.CANCELLED)
    travelling.tidy()
    assert list(storage.keys("runs/")) == []


@pytest.mark.parametrize("place", SOME_PLACES)
def test_a_child_killed_at_a_file_of_its_folder_ends_with_the_same_weights(finished, tmp_path, place):
    folder = run_folder(tmp_path / "run", SHORT)

    assert dies_and_is_taken_up(folder, place)
    assert weights(folder) == weights(finished)
