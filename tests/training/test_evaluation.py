"""The figures are right, their doubt is honest, and a voice is never judged by a model that heard it."""

import json

import numpy as np
import pytest

from tests.training.worlds import write_release
from training import packing
from training.evaluation import figures, folds, probe
from training.learner import Unlearnable
from training.plan import FitPlan

TRUTH = ["anger"] * 8 + ["fear"] * 2
SAID = ["anger"] * 8 + ["anger", "fear"]


def test_uar_counts_every_emotion_the_same():
    assert figures.uar(TRUTH, SAID) == pytest.approx(0.75)
    assert figures.recalls(TRUTH, SAID) == {"anger": 1.0, "fear": 0.5}
    assert figures.confusion(TRUTH, SAID) == {"anger": {"anger": 8, "fear": 0}, "fear": {"anger": 1, "fear": 1}}


def test_an_emotion_said_but_never_true_has_no_recall():
    assert figures.uar(["anger", "anger"], ["anger", "calm"]) == 0.5


def test_speakers_who_differ_widen_the_interval():
    truth, voices = ["anger", "fear"] * 100, [f"speaker{n // 50}" for n in range(200)]
    even = [emotion if n % 4 else "none" for n, emotion in enumerate(truth)]
    uneven = [emotion if n >= 50 else "none" for n, emotion in enumerate(truth)]

    narrow, wide = (figures.interval(truth, said, voices, draws=400) for said in (even, uneven))

    assert narrow["over"] == wide["over"] == "speakers, then clips"
    assert wide["high"] - wide["low"] > 2 * (narrow["high"] - narrow["low"])


def test_one_speaker_is_said_to_be_one_speaker():
    assert figures.interval(TRUTH, SAID, ["vera"] * 10, draws=50)["over"] == "clips of one speaker"


def test_guessing_has_chance_inside_its_interval_as_often_as_it_should():
    random, inside = np.random.default_rng(0), 0
    truth, voices = ["a", "b", "c"] * 60, [f"speaker{n % 6}" for n in range(180)]
    for seed in range(40):
        found = figures.interval(
            truth, [str(random.choice(["a", "b", "c"])) for _ in truth], voices, draws=200, seed=seed
        )
        inside += found["low"] <= 1 / 3 <= found["high"]

    assert inside >= 34


def test_the_regression_finds_what_is_there_and_nothing_in_noise():
    random = np.random.default_rng(0)
    emotions = ["anger", "fear"] * 60
    noise = random.standard_normal((120, 8))
    signal = noise + 2 * np.array([[emotion == "anger"] * 8 for emotion in emotions])

    found, nothing = (
        figures.uar(emotions[60:], probe.predictions(rows[:60], emotions[:60], rows[60:], strength=probe.MIDDLE))
        for rows in (signal, noise)
    )

    assert found > 0.9
    assert nothing < 0.7


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folds")
    write_release(folder / "release", splits={"vera": "train", "milo": "train", "cleo": "test"})
    packing.pack(folder / "release", folder / "packed")
    plan = {"preset": "nano", "steps": 40, "warmup_steps": 4, "batch_seconds": 12, "bootstrap_draws": 50}
    (folder / "plan.json").write_text(json.dumps(plan))
    return folder


def test_every_speaker_is_judged_once_by_a_model_that_never_heard_them(world):
    where = [f"--packed={world / 'packed'}", f"--plan={world / 'plan.json'}", f"--out={world / 'folds.json'}"]

    assert folds.main([*where, "--at-once=2"]) == 0

    told = json.loads((world / "folds.json").read_text())
    assert [fold["speaker"] for fold in told["folds"]] == ["cleo", "milo", "vera"]
    assert told["suggestion"]["clips"] == 36
    assert told["suggestion"]["interval"]["speakers"] == 3
    assert told["suggestion"]["uar"] > told["chance"] == pytest.approx(1 / 3)
    assert told["log_mel_baseline"]["uar"] > 0.9


def test_a_fold_hears_everybody_but_the_one_it_judges(world, monkeypatch):
    heard = []
    monkeypatch.setattr(
        folds,
        "_predicted",
        lambda packed, others, unheard, plan: heard.extend(others) or {way: ["anger"] * 12 for way in folds.WAYS},
    )

    fold = folds.fold_of(world / "packed", "milo", FitPlan.read(world / "plan.json"))

    assert {clip.speaker for clip in heard} == {"vera", "cleo"}
    assert fold["suggestion"] == pytest.approx(1 / 3)


def test_leaving_one_of_one_speaker_out_is_refused(tmp_path):
    write_release(tmp_path / "release", splits={"vera": "train"}, clips_each=1)
    packing.pack(tmp_path / "release", tmp_path / "packed")

    with pytest.raises(Unlearnable, match="needs at least two; there are 1"):
        folds.leave_one_speaker_out(tmp_path / "packed", FitPlan())
