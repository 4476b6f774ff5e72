"""A finished export, runs whose child is small, and one thread: training's tests share two cores with everybody."""

import json
import shutil
import sys
from pathlib import Path

import pytest
import torch

from contributions.models import Release
from contributions.models.contributor import Split
from contributions.releasing import releases
from contributions.taxonomy import restrictions
from openempathic import leases
from tests import harvest
from tests.training import compared
from training import child, gate, retraining, schedule
from training.clara import Clara, ClaraConfig
from training.gate import weighing, wholeness
from training.models import TrainingRun

EVALUATION = {
    "zero_shot": {"uar": 0.5, "interval": {"low": 0.4, "high": 0.6}},
    "chance": 0.5,
    "leaks": compared.LEAKS,
    "splits": {"train": {"languages": {"en": 2}}},
}


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """The folder that a child with a real, untrained nano would export."""
    folder = tmp_path_factory.mktemp("template") / "export"
    torch.manual_seed(0)
    clara = Clara(ClaraConfig.preset("nano", emotions=("anger", "neutral")))
    clara.save(folder, labels={"anger": ["an angry voice"], "neutral": ["a calm voice"]})
    (folder / "eval.json").write_text(json.dumps(EVALUATION))
    (folder / "README.md").write_text("# A card\n")
    (folder / "use_restrictions.json").write_bytes(restrictions.as_json())
    return folder


@pytest.fixture
def small(monkeypatch, settings, tmp_path, template):
    """Runs train in the small child, and a candidate is tried in no process of its own: that is tested by itself."""
    settings.RUNS_FOLDER = tmp_path / "runs"
    settings.RETRAIN_PRESET = "nano"
    settings.RETRAIN_PLAN = {"steps": 3, "template": str(template)}
    # The small child reads plans of its own.
    monkeypatch.setattr(schedule, "check_plan", lambda wanted: None)
    monkeypatch.setattr(child, "COMMAND", [sys.executable, str(Path(__file__).parent / "small_child.py")])
    monkeypatch.setattr(wholeness, "TRIAL", [sys.executable, "-c", "pass"])
    # Enough for verdicts that are clear; how many it takes otherwise is told in tests/benchmarks/test_gate.py.
    monkeypatch.setattr(weighing, "DRAWS", 400)


@pytest.fixture
def crop(db):
    """The least that a release can be made of."""
    return harvest.corpus(sides={"ada": Split.TRAIN, "eve": Split.TEST}, emotions=["anger", "neutral"], clips_each=1)


@pytest.fixture
def run(small, crop, cleo):
    """A run that cleo opened, due now."""
    return schedule.open_run(by=cleo)


@pytest.fixture
def judged(run, tmp_path, template):
    """A run in PUBLISHING with its export, and the claim of its trainer."""
    release = releases.freeze(Release.Kind.TRAINING, at=run.opened_at, by="tester", folder=tmp_path / "release")
    export = exported(tmp_path / "export", template, release)
    held = leases.claim(retraining.due_runs(), run.pk, owner="trainer", seconds=60)
    TrainingRun.objects.filter(pk=run.pk).update(status=TrainingRun.Status.PUBLISHING, release=release)
    run = TrainingRun.objects.get(pk=run.pk)
    assert gate.judge(run, tmp_path).passes
    return run, export, held


def exported(folder, template, release):
    shutil.copytree(template, folder)
    training = {"release_digest": release.digest, "reload_gap": 0.0}
    (folder / "eval.json").write_text(json.dumps(EVALUATION | {"training": training}))
    compared.write(folder.parent)
    return folder
