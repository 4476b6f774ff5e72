"""The figures are right, their doubt is honest, and a voice is never judged by a model that heard it."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.training.worlds import write_release
from training import captions, packing
from training.clara import Clara, ClaraConfig
from training.evaluation import bootstrap, disturbances, figures, folds, groups, page, probe, report
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


def test_the_interval_covers_the_truth_as_often_as_it_says():
    random, inside = np.random.default_rng(0), 0
    truth, voices = np.repeat(["a", "b"], 90), np.tile([f"speaker{n}" for n in range(9)], 20)
    for seed in range(80):
        # Nine speakers who differ, of whom 0.65 are understood on average.
        of = dict(zip(sorted(set(voices)), random.normal(0.65, 0.1, 9), strict=True))
        is_right = random.random(180) < np.array([of[voice] for voice in voices])
        said = np.where(is_right, truth, "c")
        found = figures.interval(truth, said, voices, draws=200, seed=seed)
        inside += found["low"] <= 0.65 <= found["high"]

    assert found["over"] == "speakers"
    assert 71 <= inside <= 80


def test_ten_thousand_draws_of_twenty_thousand_clips_are_not_drawn_one_by_one(monkeypatch):
    random, drawn = np.random.default_rng(0), []
    truth = random.choice(["a", "b", "c"], 20_000)
    said = np.where(random.random(20_000) < 0.7, truth, "a")
    sums = bootstrap._sums
    monkeypatch.setattr(bootstrap, "_sums", lambda *how: drawn.append(how[2]) or sums(*how))

    found = figures.interval(truth, said, [f"speaker{n % 500}" for n in range(20_000)], draws=10_000)

    assert found["low"] < figures.uar(truth, said) < found["high"]
    assert sum(drawn) == 10_000
    assert len(drawn) <= 50


def test_a_difference_on_the_same_clips_is_surer_than_two_figures():
    random = np.random.default_rng(0)
    truth, voices = np.tile(["a", "b"], 200), np.repeat([f"speaker{n}" for n in range(10)], 40)
    is_right = random.random(400) < np.repeat(random.uniform(0.3, 0.9, 10), 40)
    first = np.where(is_right | (random.random(400) < 0.15), truth, "c")
    second = np.where(is_right, truth, "c")

    told = figures.paired(truth, first, second, voices, draws=500)
    alone = figures.interval(truth, first, voices, draws=500)

    assert told["difference"] == pytest.approx(figures.uar(truth, first) - figures.uar(truth, second))
    assert 0 < told["interval"]["low"] < told["difference"] < told["interval"]["high"]
    assert told["interval"]["high"] - told["interval"]["low"] < 0.5 * (alone["high"] - alone["low"])


def test_a_way_is_not_better_than_itself():
    told = figures.paired(TRUTH, SAID, SAID, ["vera", "ada"] * 5, draws=50)

    assert (told["difference"], told["interval"]["low"], told["interval"]["high"]) == (0, 0, 0)


def of_two_languages(about, number):
    about["original_data"] |= {"gender": "female", "language": ("pl", "en")[number % 2]}
    about["transcript"] = f"sentence {number % 4}"


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """What eval.json says of a model that was never trained."""
    folder = tmp_path_factory.mktemp("report")
    splits = {"vera": "train", "milo": "train", "cleo": "dev", "ada": "test", "eve": "test"}
    write_release(folder / "release", splits=splits, change=of_two_languages)
    packed = packing.pack(folder / "release", folder / "packed")
    torch.manual_seed(0)
    emotions = ("anger", "neutral", "sadness")
    labels = captions.labels(emotions, languages=["pl"])
    clara = Clara(ClaraConfig.preset("nano", emotions=emotions), labels=labels)
    return report.evaluate(clara, packed, FitPlan(bootstrap_draws=40))


def test_every_block_of_the_protocol_is_told_with_its_intervals(measured):
    for name in ("zero_shot", "probe", "log_mel_baseline", "captions"):
        assert measured[name]["clips"] == 24
        assert measured[name]["interval"]["low"] <= measured[name]["interval"]["high"]
    assert measured["protocol"] == "eval-v2"
    assert measured["chance"] == pytest.approx(1 / 3)
    assert set(measured["by_language"]) == set(measured["leave_one_language_out"]) == {"en", "pl"}
    assert set(measured["captions"]["in_words_of"]) == {"de", "en", "pl"}
    assert measured["captions"]["in_words_of"]["pl"]["clips"] == measured["by_language"]["en"]["clips"]
    assert set(measured["robustness"]) == {"snr_20_db", "snr_10_db", "telephone", "opus_16_kbps", "one_second"}
    assert measured["calibration"]["fitted_on"] == "dev"
    assert measured["retrieval"]["text_to_audio"]["gallery"] == 24
    assert measured["leaks"]["speakers_on_both_sides"] == 0
    assert "bare_tower" not in measured  # nano stands on none
    json.dumps(measured, allow_nan=False)


def test_the_page_tells_the_figures_and_needs_nothing_from_elsewhere(measured):
    told = page.written(measured, title="A <nano> model")

    assert "A &lt;nano&gt; model" in told
    for said in (f"{measured['zero_shot']['uar']:.3f}", "Disturbed", "Retrieval", "shuffled labels", "<svg"):
        assert said in told
    for foreign in ("<script", "http:", "https:", "<link", "@import", "url("):
        assert foreign not in told


def test_a_page_of_nothing_but_the_old_figures_is_written_too():
    summary = figures.summary(TRUTH, SAID, ["vera"] * 10, draws=10)

    assert "Suggestions" in page.written({"zero_shot": summary, "chance": 0.5}, title="eval-v1")


def test_disturbances_do_what_their_names_say():
    random = np.random.default_rng(0)
    waveform = (4_000 * random.standard_normal(32_000)).astype(np.int16)
    told = {name: disturbances.disturbed(waveform, "clip", name=name) for name in disturbances.DISTURBANCES}

    for name, wanted in (("snr_20_db", 20), ("snr_10_db", 10)):
        noise = told[name].astype(float) - waveform
        assert 10 * np.log10(np.mean(waveform.astype(float) ** 2) / np.mean(noise**2)) == pytest.approx(wanted, abs=0.1)
    power = np.abs(np.fft.rfft(told["telephone"].astype(float))) ** 2  # 0.5 Hz a bin
    assert power[9_000:].sum() < 0.01 * power[1_000:6_000].sum()
    assert len(told["telephone"]) == 32_000
    assert (told["one_second"] == waveform[8_000:24_000]).all()
    assert (disturbances.disturbed(waveform, "clip", name="snr_10_db") == told["snr_10_db"]).all()
    assert (disturbances.disturbed(waveform, "another", name="snr_10_db") != told["snr_10_db"]).any()


def test_the_group_that_fares_worst_is_named_with_its_gap():
    truth = ["anger", "fear"] * 60
    genders = ["female" if n < 60 else "male" for n in range(120)]
    said = [emotion if n < 60 or n % 4 < 2 else "none" for n, emotion in enumerate(truth)]
    heard = SimpleNamespace(truth=truth, speakers=[f"speaker{n // 10}" for n in range(120)])

    told = groups.grouped(heard, said, genders, draws=100)

    assert (told["best"], told["worst"]) == ("female", "male")
    assert told["gap"]["difference"] == pytest.approx(0.5)
    assert told["gap"]["interval"]["low"] > 0
    assert groups.grouped(heard, said, ["female"] * 110 + ["male"] * 10, draws=10) == {}


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
