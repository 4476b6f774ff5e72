"""A model may be used for no more than the release it learnt from, and says so."""

import json

import pytest

from contributions import taxonomy
from contributions.models import Release
from contributions.releasing import releases
from contributions.taxonomy import restrictions
from openempathic import storage
from openempathic.registry.models import Checkpoint
from tests.training.worlds import write_release
from training import fit, retraining
from training.learner import Unlearnable
from training.models import TrainingRun
from training.progress import Progress

PLAN = {"preset": "nano", "steps": 2, "warmup_steps": 1, "batch_seconds": 12, "bootstrap_draws": 100, "device": "cpu"}


@pytest.fixture
def release(run, tmp_path):
    return releases.freeze(Release.Kind.TRAINING, at=run.opened_at, by="tester", folder=tmp_path / "release")


def test_a_run_brings_the_words_of_its_own_release(release):
    storage.put(f"{release.prefix}/use_restrictions.json", b"words of then")

    assert retraining.restrictions_of(release) == b"words of then"


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"use_restrictions": []}', b'{"use_restrictions": [{}]}'])
def test_nobody_trains_on_a_release_that_does_not_say(tmp_path, content):
    write_release(tmp_path / "release")
    (tmp_path / "plan.json").write_text("{}")
    path = tmp_path / "release" / "use_restrictions.json"
    path.unlink() if content is None else path.write_bytes(content)

    with pytest.raises(Unlearnable, match="use_restrictions"):
        fit.fit(tmp_path, progress=Progress(tmp_path / "progress.jsonl"))


def test_a_card_lists_all_that_its_release_forbids(release, tmp_path):
    (tmp_path / "plan.json").write_text(json.dumps(PLAN))

    fit.fit(tmp_path, progress=Progress(tmp_path / "progress.jsonl"))

    card = (tmp_path / "export" / "README.md").read_text()
    assert (tmp_path / "export" / "use_restrictions.json").read_bytes() == restrictions.as_json()
    for use in taxonomy.prohibited_uses():
        assert f"- `{use.id}`: {use.words['en']}" in card
    assert "(Regulation (EU) 2024/1689 (AI Act), Art. 5(1)(f))" in card


def test_a_run_hands_its_child_the_words_of_its_release_and_publishes_them(run, monkeypatch):
    monkeypatch.setattr(restrictions, "as_json", lambda: b"the words of that day")

    retraining.retrain_due(owner="trainer")

    checkpoint = Checkpoint.objects.get()
    assert TrainingRun.objects.get().status == TrainingRun.Status.PUBLISHED
    assert storage.read(f"{checkpoint.prefix}/use_restrictions.json") == b"the words of that day"
    assert "use_restrictions.json" in checkpoint.files
