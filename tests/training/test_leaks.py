"""What a test shares with its training is found, and what it does not share is not."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.training.worlds import voice, write_release
from training import packing
from training.clara import Clara, ClaraConfig
from training.evaluation import leaks
from training.evaluation.hearing import Heard


def voices(names, *, clips=16, width=6, seed=0):
    """Features around a place of each speaker's own: (clips, width) and who speaks."""
    random = np.random.default_rng(seed)
    places = {name: 4 * np.random.default_rng(sum(name.encode())).standard_normal(width) for name in names}
    speakers = [name for name in names for _ in range(clips)]
    return np.stack([places[name] + random.standard_normal(width) for name in speakers]), speakers


def test_a_speaker_who_comes_again_under_another_name_is_found():
    train, known = voices(["vera", "milo", "otto", "ben"])
    test, own = voices(["vera", "cleo"], seed=1)

    told = leaks.same_voices(train, known, test, ["ada" if name == "vera" else name for name in own])

    assert (told["suspected"], told["asked"]) == (1, 2)
    assert told["nearest"] < leaks.SAME_VOICE_UNDER


def test_strangers_are_not_suspected_and_few_clips_tell_nothing():
    train, known = voices(["vera", "milo", "otto", "ben"])

    assert leaks.same_voices(train, known, *voices(["ada", "cleo", "eve"], seed=2))["suspected"] == 0
    assert leaks.same_voices(train, known, *voices(["ada"], clips=3))["asked"] == 0


def test_a_copy_is_found_though_it_was_made_louder_and_noisier():
    sounds = [voice(emotion, seed=seed, seconds=1.0) for seed, emotion in enumerate(["anger", "sadness", "fear"] * 3)]
    noise = np.random.default_rng(0).normal(scale=0.001, size=16_000)
    packed = SimpleNamespace(waveform=lambda sound: (np.clip(sound, -1, 1) * 32_767).astype(np.int16))
    train = leaks.pictures(packed, sounds)

    told = leaks.copies(train, leaks.pictures(packed, [0.5 * sounds[0] + noise, np.roll(sounds[1], 40)]))

    assert told["clips"] == 2


def test_another_sentence_is_no_copy():
    random = np.random.default_rng(3)
    packed = SimpleNamespace(waveform=lambda sound: (8_000 * sound).astype(np.int16))
    spoken = [np.repeat(random.uniform(0, 1, 20), 800) * random.standard_normal(16_000) / 4 for _ in range(6)]

    told = leaks.copies(leaks.pictures(packed, spoken[:3]), leaks.pictures(packed, spoken[3:]))

    assert told["clips"] == 0


def test_shuffled_labels_leave_nothing_to_find_where_true_ones_do():
    random = np.random.default_rng(0)
    emotions = ["anger", "fear"] * 60
    rows = random.standard_normal((120, 8)) + 2 * np.array([[emotion == "anger"] for emotion in emotions])
    speakers = [f"speaker{n // 10}" for n in range(60)]

    control = leaks.shuffled_labels(rows[:60], emotions[:60], rows[60:], emotions[60:], speakers, draws=200)

    assert control["is_at_chance"]
    assert control["interval"]["low"] <= control["chance"] <= control["interval"]["high"] + 0.1
    assert abs(control["uar"] - 0.5) < 0.2


def test_a_lucky_shuffle_of_few_labels_is_no_leak():
    """Fifteen times: by the spread over speakers alone every other one was called a leak."""
    alarms = sum(not shuffled_of_few(np.random.default_rng(seed))["is_at_chance"] for seed in range(15))

    assert alarms == 0


def shuffled_of_few(random):
    """The control where 48 clips of eight emotions that lie apart are learnt from."""
    centres, code = random.standard_normal((8, 12)), np.arange(288) % 8
    rows = centres[code] + 0.5 * random.standard_normal((288, 12))
    names, speakers = [f"emotion{each}" for each in code], [f"speaker{n // 40}" for n in range(240)]
    return leaks.shuffled_labels(rows[:48], names[:48], rows[48:], names[48:], speakers, draws=200)


def test_a_measuring_that_knows_the_answers_is_found(monkeypatch):
    truth = ["anger", "fear"] * 20
    monkeypatch.setattr(leaks.probe, "predictions", lambda *_args, **_options: truth)

    told = leaks.shuffled_labels(np.ones((40, 2)), truth, np.ones((40, 2)), truth, ["a"] * 20 + ["b"] * 20, draws=50)

    assert not told["is_at_chance"]


def test_prompts_that_training_knows_are_counted():
    said = [SimpleNamespace(transcript=words) for words in ("yes", "no", None)]

    assert leaks.prompts(said[:1], said) == {"clips": 1, "share": 0.5}
    assert leaks.prompts(said[2:], said) == {"clips": None, "share": None}


def test_an_embedding_that_gives_the_speaker_away_is_said_to():
    rows, speakers = voices(["vera", "milo", "cleo"])
    told = leaks.speaker_probe(rows, speakers, draws=50)
    nothing = leaks.speaker_probe(np.random.default_rng(0).standard_normal(rows.shape), speakers, draws=50)

    assert told["accuracy"] > 0.9
    assert nothing["accuracy"] < 0.6
    assert told["chance"] == pytest.approx(1 / 3)


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("leaks")
    write_release(folder / "release", clips_each=2, splits={"vera": "train", "milo": "train", "ada": "test"})
    return packing.pack(folder / "release", folder / "packed")


def test_a_planted_speaker_leak_fails_the_probes(packed):
    clara = Clara(ClaraConfig.preset("nano"))
    train, test = (Heard(clara, packed, packed.split(side)) for side in ("train", "test"))
    planted = Heard(clara, packed, [*test.clips, *train.clips[:6]])

    told = leaks.measure(train, planted, draws=50)

    assert told["speakers_on_both_sides"] == 1
    assert told["copies"]["clips"] >= 6
    assert not told["passes"]
