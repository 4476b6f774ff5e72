"""A run learns, survives being stopped and killed without a bit of difference, and forgets who withdrew."""

import itertools
import json
import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.training.worlds import PITCH_HZ, write_release
from training import captions, packing
from training import fit as fitting
from training.clara import Clara
from training.evaluation import calibration
from training.fit import RESUME_ME, Stopped, main
from training.learner import Diverged, Learner, Unlearnable, rate_at
from training.packing import Packed
from training.plan import FitPlan, UnusablePlan
from training.progress import Progress

PLAN = {
    "preset": "nano",
    "steps": 80,
    "warmup_steps": 8,
    "batch_seconds": 12,
    "steps_per_state": 10,
    "steps_per_progress": 5,
    "device": "cpu",
    "bootstrap_draws": 100,
}
LAST_WITHOUT_TEST = {"vera": "train", "milo": "train", "cleo": "dev"}


def run_folder(folder, plan=PLAN, **world):
    write_release(folder / "release", **world)
    (folder / "plan.json").write_text(json.dumps(plan))
    return folder


def fit(folder, **how):
    fitting.fit(folder, progress=Progress(folder / "progress.jsonl"), **how)


def told(folder):
    return [json.loads(line) for line in (folder / "progress.jsonl").read_text().splitlines()]


def weights(folder):
    return (folder / "export" / "model.safetensors").read_bytes()


def stopping_after(questions):
    asked = itertools.count()
    return lambda: next(asked) >= questions


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run that nobody disturbed, for which its one dev voice is enough to tell how sure it is."""
    folder = run_folder(tmp_path_factory.mktemp("run"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(calibration, "are_enough", lambda others: True)
        fit(folder)
    return folder


@pytest.fixture
def folder(tmp_path):
    return run_folder(tmp_path)


def start_child(folder):
    return subprocess.Popen([sys.executable, "-m", "training.fit", "--folder", str(folder)], stderr=subprocess.PIPE)


def wait_for_state(folder, child):
    while not list((folder / "state").glob("*.pt")) and child.poll() is None:
        time.sleep(0.005)


def test_a_run_learns_to_hear_a_voice_it_never_heard(finished):
    measured = json.loads((finished / "export" / "eval.json").read_text())

    assert measured["chance"] == pytest.approx(1 / 3)
    assert measured["zero_shot"]["uar"] > 0.8
    assert measured["zero_shot"]["clips"] == 12
    assert measured["splits"]["test"]["speakers"] == 1
    assert measured["zero_shot"]["interval"]["over"] == "clips of one speaker"


def test_the_export_suggests_what_was_learnt(finished):
    clara, packed = Clara.load(finished / "export"), Packed(finished / "packed")

    right = [
        max(suggestion, key=suggestion.get) == clip.emotion
        for clip in packed.split("test")
        for suggestion in [clara.suggest(packed.waveform(clip))]
    ]

    assert sum(right) >= 10


def test_the_export_says_that_it_is_not_sure_as_its_dev_voices_taught(finished):
    config = Clara.load(finished / "export").config
    told = json.loads((finished / "export" / "eval.json").read_text())["calibration"]["not_sure"]

    assert told["temperature"] != 1
    assert (config.temperature, config.sure_from) == (told["temperature"], told["sure_from"])
    assert f'Under {told["sure_from"]:.0%} it says "not sure"' in (finished / "export" / "README.md").read_text()


def test_the_export_is_complete_and_tells_what_it_is(finished):
    card = (finished / "export" / "README.md").read_text()

    assert sorted(path.name for path in (finished / "export").iterdir()) == [
        "README.md",
        "config.json",
        "eval.html",
        "eval.json",
        "labels.json",
        "model.safetensors",
        "preprocessor_config.json",
        "use_restrictions.json",
    ]
    for said in (
        "Art. 5(1)(f)",
        "`VOICE_CLONING`: No cloning of voices.",
        "| pl |",
        "95 % interval",
        "With one test speaker",
        "baseline",
    ):
        assert said in card


def test_progress_tells_every_stage_in_order_and_the_loss_falls(finished):
    lines = told(finished)
    losses = [line["loss"] for line in lines if "loss" in line]

    stages = [stage for stage, _ in itertools.groupby(line["stage"] for line in lines)]
    assert stages == ["packing", "training", "evaluating", "exporting"]
    assert losses[-1] < losses[0]
    assert lines[-1]["done"] is True
    assert all(line["at"].endswith("+00:00") for line in lines)


@pytest.mark.parametrize("questions", [20, 48 + 33, 48 + 79])
def test_a_run_stopped_anywhere_ends_with_the_same_weights(folder, finished, questions):
    with pytest.raises(Stopped):
        fit(folder, is_stopping=stopping_after(questions))
    assert not (folder / "export").exists()

    fit(folder)

    assert weights(folder) == weights(finished)


def test_a_run_stopped_again_and_again_ends_with_the_same_weights(folder, finished):
    for attempt in range(20):
        try:
            fit(folder, is_stopping=stopping_after(70 if attempt == 0 else 17))
            break
        except Stopped:
            continue

    fit(folder)
    assert attempt > 2
    assert weights(folder) == weights(finished)


def test_a_child_told_to_end_keeps_its_state_and_asks_to_be_resumed(folder, finished):
    child = start_child(folder)
    wait_for_state(folder, child)
    child.send_signal(signal.SIGTERM)

    assert child.wait() == RESUME_ME
    stopped_at = torch.load(max((folder / "state").glob("*.pt")), weights_only=True)["steps_done"]
    assert 0 < stopped_at < 80
    assert main(["--folder", str(folder)]) == 0
    assert {"step": stopped_at, "resumed": True}.items() <= [t for t in told(folder) if "resumed" in t][-1].items()
    assert weights(folder) == weights(finished)


def test_a_child_killed_outright_ends_with_the_same_weights(folder, finished):
    child = start_child(folder)
    wait_for_state(folder, child)
    child.kill()

    assert child.wait() == -signal.SIGKILL
    assert main(["--folder", str(folder)]) == 0
    assert weights(folder) == weights(finished)


def test_a_spoilt_newest_state_falls_back_to_the_one_before(folder, finished):
    with pytest.raises(Stopped):
        fit(folder, is_stopping=stopping_after(48 + 33))
    newest = max((folder / "state").glob("*.pt"))
    newest.write_bytes(newest.read_bytes()[:1_000])

    fit(folder)

    assert weights(folder) == weights(finished)


def test_a_state_of_another_plan_is_not_taken_up(folder):
    with pytest.raises(Stopped):
        fit(folder, is_stopping=stopping_after(48 + 33))
    (folder / "plan.json").write_text(json.dumps(PLAN | {"seed": 1, "steps": 20}))

    fit(folder)

    assert [line["resumed"] for line in told(folder) if "resumed" in line] == [False, False]


def test_a_clip_withdrawn_while_the_run_was_down_is_silenced_dropped_and_told(folder):
    with pytest.raises(Stopped):
        fit(folder, is_stopping=stopping_after(48 + 33))
    (folder / "dropped.json").write_text(json.dumps(["clip00002", "clip00040"]))

    fit(folder)

    packed, measured = Packed(folder / "packed"), json.loads((folder / "export" / "eval.json").read_text())
    silent = {clip.key for clip in packed.clips if not packed.waveform(clip).any()}
    assert silent == {"clip00002", "clip00040"}
    assert [line["dropped"] for line in told(folder) if "dropped" in line] == [["clip00002"]]
    assert measured["splits"]["train"]["clips"] == 23
    assert measured["splits"]["test"]["clips"] == 11
    assert measured["training"]["clips_dropped"] == 2


def test_a_drop_survives_a_kill_and_is_the_same_run_afterwards(folder, tmp_path_factory):
    other = run_folder(tmp_path_factory.mktemp("other"))
    for place, questions in ((folder, [48 + 60]), (other, [48 + 60, 1, 5])):
        (place / "dropped.json").write_text(json.dumps(["clip00002"]))
        for count in questions:
            with pytest.raises(Stopped):
                fit(place, is_stopping=stopping_after(count))
        fit(place)

    assert weights(folder) == weights(other)


@pytest.mark.parametrize(
    ("world", "reason"),
    [
        ({"splits": LAST_WITHOUT_TEST}, "no test speaker"),
        ({"splits": {"vera": "test", "milo": "dev"}}, "no labelled clip in its train split"),
        ({"emotions": ("anger",)}, "two emotions; there is anger"),
    ],
)
def test_too_little_to_learn_from_is_said(tmp_path, world, reason):
    with pytest.raises(Unlearnable, match=reason):
        fit(run_folder(tmp_path, clips_each=1, **world))


def test_a_speaker_in_both_train_and_test_is_refused(tmp_path):
    def leaked(about, number):
        about["speaker"] = "vera"

    with pytest.raises(Unlearnable, match="1 speakers are in both"):
        fit(run_folder(tmp_path, clips_each=1, change=leaked))


def test_a_failure_is_the_last_line_of_progress(tmp_path):
    folder = run_folder(tmp_path, PLAN | {"preset": "gigantic"})

    child = start_child(folder)
    _, errors = child.communicate()

    assert child.returncode not in (0, RESUME_ME)
    assert b"gigantic" in errors
    assert told(folder)[-1]["stage"] == "packing"
    assert "UnusablePlan: no preset is called 'gigantic'" in told(folder)[-1]["error"]


UNUSABLE = [
    {"speed": 3},
    {"device": "tpu"},
    {"steps": 0},
    {"steps": "many"},
    {"steps": 1.5},
    {"augment": 1},
    {"learning_rate": True},
    {"batch_seconds": math.nan},
    {"preset": "x"},
]


@pytest.mark.parametrize("asked", UNUSABLE)
def test_a_plan_nobody_can_follow_is_refused(asked):
    with pytest.raises(UnusablePlan):
        FitPlan.of(asked)


def test_a_whole_number_will_do_for_a_fraction():
    assert FitPlan.of({"batch_seconds": 12}).batch_seconds == 12


def test_half_a_line_of_progress_swallows_nothing(tmp_path):
    path = tmp_path / "progress.jsonl"
    path.write_text('{"at": "2026')

    Progress(path).tell("packing", step=1)

    assert json.loads(path.read_text().splitlines()[-1])["step"] == 1


def test_steps_that_are_not_numbers_change_nothing_and_then_end_the_run(finished):
    packed = Packed(finished / "packed")
    learner = Learner(packed, packed.split("train"), FitPlan.of(PLAN), device=torch.device("cpu"))
    learner.class_weights[:] = torch.nan
    before = [parameter.clone() for parameter in learner.model.parameters()]

    losses = [learner.step() for _ in range(20)]
    with pytest.raises(Diverged):
        learner.step()

    assert all(math.isnan(loss) for loss in losses)
    assert learner.steps_skipped == 21
    assert all(torch.equal(*pair) for pair in zip(before, learner.model.parameters(), strict=True))


def test_a_tiny_set_is_learnt_until_every_clip_finds_its_words_and_all_words_their_clip(tmp_path, monkeypatch):
    # Each clip under its own description, which a longer run would see now and then.
    monkeypatch.setattr(captions, "OWN_TEXT_SHARE", 1.0)
    write_release(tmp_path / "release", emotions=sorted(PITCH_HZ), splits={"vera": "train"}, clips_each=2)
    clips = (packed := packing.pack(tmp_path / "release", tmp_path / "packed")).split("train")
    plan = FitPlan.of(PLAN | {"steps": 40, "learning_rate": 5e-3, "augment": False})
    learner = Learner(packed, clips, plan, device=torch.device("cpu"))
    for _ in range(plan.steps):
        learner.step()

    clara = learner.clara({})
    heard = clara.embed_audio([packed.waveform(clip) for clip in clips])
    alike = heard @ clara.embed_text([clip.texts[0] for clip in clips]).T  # (clips, clips)

    assert [clips[place].texts for place in alike.argmax(dim=1)] == [clip.texts for clip in clips]
    assert [clips[place].texts for place in alike.argmax(dim=0)] == [clip.texts for clip in clips]


def test_clips_without_labels_teach_by_their_words_and_by_being_heard_twice(tmp_path):
    def unlabelled(about, number):
        if number % 4:
            about["labels"]["emotion"], about["text"] = {}, []
            about["transcript"] = None if number % 4 == 1 else f"sentence {number}"

    folder = run_folder(tmp_path, change=unlabelled)
    packed = packing.pack(folder / "release", folder / "packed")
    train = fitting.trainable(packed, FitPlan.of(PLAN))
    learner = Learner(packed, train, FitPlan.of(PLAN | {"steps": 6}), device=torch.device("cpu"))
    losses = [learner.step() for _ in range(6)]

    assert sum(not clip.emotions for clip in train) == 18
    assert sum(not clip.emotions for clip in fitting.trainable(packed, FitPlan.of(PLAN | {"augment": False}))) == 12
    assert all(map(math.isfinite, losses))
    assert learner.steps_skipped == 0


def test_the_rate_warms_up_stays_and_comes_down():
    plan = FitPlan.of({"steps": 100, "warmup_steps": 10, "decay_share": 0.2})
    rates = [rate_at(step, plan) for step in range(100)]

    assert rates[0] == pytest.approx(0.1)
    assert set(rates[9:81]) == {1.0}
    assert rates[80:] == sorted(rates[80:], reverse=True)
    assert rates[-1] < 0.03


def test_under_the_labels_of_others_every_emotion_is_as_frequent_and_few_are_right(finished):
    clips = Packed(finished / "packed").split("train")
    false = fitting.shuffled(clips, seed=0)

    assert [clip.key for clip in false] == [clip.key for clip in clips]
    assert sorted(clip.emotion for clip in false) == sorted(clip.emotion for clip in clips)
    assert sum(one.emotion == other.emotion for one, other in zip(clips, false, strict=True)) < len(clips) / 2
    assert all(clip.texts == [f"a {clip.emotion} voice"] for clip in false)


def test_the_training_code_holds_no_django():
    rooms = Path(__file__).parents[2] / "training"
    mine = (
        *("batches", "captions", "facets", "feature_cache", "fit", "learner", "loss"),
        *("parallel", "plan", "progress", "prosody", "resumption", "truth"),
    )
    paths = [rooms / f"{name}.py" for name in mine]
    paths += [
        path for room in ("augmentation", "clara", "evaluation", "packing") for path in (rooms / room).rglob("*.py")
    ]

    assert not [path.name for path in paths if "django" in path.read_text()]
