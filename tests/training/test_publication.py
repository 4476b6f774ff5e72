"""The gate, what is published, and that nobody publishes without the lease."""

import json
import re
import shutil
import subprocess
import sys

import pytest
from django.db.models.functions import Now

from contributions.models import Release
from contributions.releasing import releases
from openempathic import leases, moves, storage
from openempathic.audit.models import AuditEvent
from openempathic.registry import champion
from openempathic.registry.models import Checkpoint
from tests.training.conftest import EVALUATION
from training import publication, retraining, schedule
from training.clara import Clara
from training.models import TrainingRun

S = TrainingRun.Status


@pytest.fixture
def judged(run, tmp_path, template):
    """A run in PUBLISHING with its export, and the claim of its trainer."""
    release = releases.freeze(Release.Kind.TRAINING, at=run.opened_at, by="tester", folder=tmp_path / "release")
    export = exported(tmp_path / "export", template, release)
    held = leases.claim(retraining.due_runs(), run.pk, owner="trainer", seconds=60)
    TrainingRun.objects.filter(pk=run.pk).update(status=S.PUBLISHING, release=release)
    run = TrainingRun.objects.get(pk=run.pk)
    assert publication.judge(run, export).passes
    return run, export, held


def exported(folder, template, release):
    shutil.copytree(template, folder)
    (folder / "eval.json").write_text(json.dumps(EVALUATION | {"training": {"release_digest": release.digest}}))
    return folder


def snapshot():
    """All that the world can see of publications."""
    rows = list(Checkpoint.objects.values_list("digest", "status")), list(TrainingRun.objects.values_list("status"))
    return rows, AuditEvent.objects.count(), sorted(key for key in storage.keys("") if not key.startswith("clips/"))


def test_what_is_published_is_whole_verified_and_named_last(judged, tmp_path):
    run, export, claim = judged

    checkpoint = publication.publish(run, export, claim)

    manifest = json.loads(storage.read(f"{checkpoint.prefix}/manifest.json"))
    alias = json.loads(storage.read("aliases/champion.json"))
    folder = champion.fetch(checkpoint, into=tmp_path / "worker")
    assert manifest["files"] == alias["files"] == checkpoint.files
    assert manifest["digest"] == alias["digest"] == checkpoint.digest
    assert set(checkpoint.files) == {*publication.MADE_BY_CHILD, "gate.json"}
    assert Clara.load(folder).labels.keys() == {"anger", "neutral"}
    assert checkpoint.evaluation["zero_shot"]["uar"] == 0.5
    assert checkpoint.evaluation["gate"]["passes"]


def test_the_alias_and_the_manifest_come_after_the_crown(judged, monkeypatch):
    run, export, claim = judged
    order = []
    put = storage.put

    def noted(key, *args, **options):
        order.append((key.rpartition("/")[2], TrainingRun.objects.get().status))
        return put(key, *args, **options)

    monkeypatch.setattr(storage, "put", noted)

    publication.publish(run, export, claim)

    assert order[-2:] == [("manifest.json", S.PUBLISHED), ("champion.json", S.PUBLISHED)]
    assert {status for _name, status in order[:-2]} == {S.PUBLISHING}


def test_a_zombie_trainer_publishes_nothing(judged):
    run, export, claim = judged
    TrainingRun.objects.filter(pk=run.pk).update(lease_expires_at=Now())
    heir = leases.claim(retraining.due_runs(), run.pk, owner="heir", seconds=60)
    rows_before, events_before, _keys = snapshot()

    with pytest.raises(moves.MovedMeanwhile):
        publication.publish(run, export, claim)

    rows, events, keys = snapshot()
    assert (rows, events) == (rows_before, events_before)
    assert not [key for key in keys if key.endswith("manifest.json") and key.startswith("checkpoints/")]
    assert "aliases/champion.json" not in keys
    assert publication.publish(TrainingRun.objects.get(pk=run.pk), export, heir).status == "CHAMPION"


def test_a_run_cancelled_at_the_last_moment_publishes_nothing(judged, cleo):
    run, export, claim = judged
    schedule.cancel(TrainingRun.objects.get(pk=run.pk), by=cleo)

    with pytest.raises(moves.MovedMeanwhile):
        publication.publish(run, export, claim)

    assert not Checkpoint.objects.exists()


def test_bytes_that_storage_garbles_are_not_published(judged, monkeypatch):
    run, export, claim = judged
    put = storage.put

    def garbling(key, source, **options):
        return put(key, b"other bytes") if key.endswith("labels.json") else put(key, source, **options)

    monkeypatch.setattr(storage, "put", garbling)

    with pytest.raises(publication.NotPublishable, match=r"labels\.json"):
        publication.publish(run, export, claim)
    assert TrainingRun.objects.get().status == S.PUBLISHING
    assert not Checkpoint.objects.exists()


def test_storage_that_is_away_for_the_alias_is_made_good_later(judged, monkeypatch):
    run, export, claim = judged
    put = storage.put

    def away(key, *args, **options):
        if key == champion.ALIAS:
            raise storage.StorageUnreachable("away")
        return put(key, *args, **options)

    with monkeypatch.context() as outage:
        outage.setattr(storage, "put", away)
        checkpoint = publication.publish(run, export, claim)
    before = champion.alias()
    publication.repair()

    assert before is None
    assert champion.alias()["digest"] == checkpoint.digest
    assert TrainingRun.objects.get().status == S.PUBLISHED


def test_the_same_bytes_from_another_run_are_the_same_checkpoint(judged, cleo, template, tmp_path):
    run, export, claim = judged
    first = publication.publish(run, export, claim)
    again = schedule.open_run(by=cleo)
    held = leases.claim(retraining.due_runs(), again.pk, owner="trainer", seconds=60)
    TrainingRun.objects.filter(pk=again.pk).update(status=S.PUBLISHING, release=run.release)

    second = publication.publish(TrainingRun.objects.get(pk=again.pk), export, held)

    assert first == second
    assert Checkpoint.objects.get().status == "CHAMPION"
    assert TrainingRun.objects.filter(checkpoint=first, status=S.PUBLISHED).count() == 2


def test_a_retracted_checkpoint_does_not_come_back(judged):
    run, export, _claim = judged
    checkpoint = publication.row_of(run, export, digest="d", files={name: "" for name in publication.MADE_BY_CHILD})
    Checkpoint.objects.filter(pk=checkpoint.pk).update(status="RETRACTED")

    with pytest.raises(publication.NotPublishable, match="retracted"):
        publication.row_of(run, export, digest="d", files={})


def without_card(export):
    (export / "README.md").unlink()


def with_broken_weights(export):
    path = export / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def with_figures(**figures):
    def change(export):
        told = json.loads((export / "eval.json").read_text())
        (export / "eval.json").write_text(json.dumps(told | figures))

    return change


def with_no_json(export):
    (export / "eval.json").write_text("{")


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (without_card, "the export lacks README.md"),
        (with_no_json, "eval.json is no JSON"),
        (with_figures(zero_shot={"uar": 0.5}), "no recall with an interval"),
        (with_figures(zero_shot={"uar": float("nan"), "interval": {"low": 0.1, "high": 0.2}}), "no recall"),
        (with_figures(probe={"uar": float("inf")}), "values that are not numbers"),
        (with_figures(training={"release_digest": "0" * 64}), "not trained on the release of this run"),
        (with_broken_weights, r"cannot be used: model\.safetensors does not have the digest"),
    ],
)
def test_the_gate_says_what_speaks_against_a_candidate(judged, monkeypatch, damage, fault):
    run, export, _claim = judged
    (export / "gate.json").unlink()
    if damage is with_broken_weights:
        monkeypatch.setattr(publication, "TRIAL", [sys.executable, "-m", "training.trial"])
    damage(export)

    verdict = publication.judge(run, export)

    assert not verdict.passes
    assert len(verdict.faults) == 1
    assert re.search(fault, verdict.faults[0])
    assert not (export / "gate.json").exists()


def test_a_whole_export_passes_its_trial_in_a_process_without_django(judged):
    _run, export, _claim = judged

    script = "import sys; from training import trial; code = trial.main(['--folder', sys.argv[1]]); "
    script += "print(code, {name.split('.')[0] for name in sys.modules} & {'django', 'openempathic', 'contributions'})"
    said = subprocess.run([sys.executable, "-c", script, str(export)], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "0 set()"
