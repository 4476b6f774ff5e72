"""What the child leaves for the gate: both models heard the same clips, and each is asked as it is served."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.training.worlds import write_release
from training import packing
from training.clara import Clara, ClaraConfig, fixed_base
from training.clara.whisper import WhisperEncoder
from training.evaluation import comparison
from training.evaluation.disturbances import DISTURBANCES, disturbed
from training.evaluation.hearing import Heard, Listening

EMOTIONS = ("anger", "neutral", "sadness")


def nano(*emotions, seed=0):
    torch.manual_seed(seed)
    labels = {emotion: [f"a voice of {emotion}"] for emotion in emotions}
    return Clara(ClaraConfig.preset("nano", emotions=emotions), labels=labels)


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    write_release(folder / "release", emotions=EMOTIONS, clips_each=2, splits={"vera": "train", "ada": "test"})
    return packing.pack(folder / "release", folder / "packed")


def put_champion(folder, clara):
    clara.save(folder / "champion" / ("c" * 64), labels=clara.labels)


def told(folder):
    return json.loads((folder / "comparison.json").read_bytes())


def test_both_hear_the_same_clips_and_say_what_they_would_suggest(packed, tmp_path):
    candidate, champion = nano("anger", "neutral"), nano("neutral", "sadness", "anger", seed=1)
    put_champion(tmp_path, champion)

    comparison.write(comparison.rivals(candidate, tmp_path), packed, tmp_path)

    found, test = told(tmp_path), packed.split("test")
    assert found["champion_digest"] == "c" * 64
    assert found["labels"] == {"candidate": ["anger", "neutral"], "champion": ["neutral", "sadness", "anger"]}
    assert [row["key"] for row in found["clips"]] == [clip.key for clip in test]
    for model, clara in (("candidate", candidate), ("champion", champion)):
        suggested = clara.suggest(packed.waveform(test[3]))
        assert np.allclose(found["clips"][3][model], list(suggested.values()), atol=1e-4)
    assert set(found["clips"][0]["disturbed"]) == set(DISTURBANCES)
    assert all(row["disturbed"]["telephone"]["champion"] in ("anger", "neutral") for row in found["clips"])
    assert "log_mel" not in found["clips"][0]


def test_what_a_release_tells_of_a_speaker_is_there_for_the_guards(packed):
    clip = replace(packed.split("test")[0], gender="female", age_band="30-39")

    said = comparison.about(clip)

    assert (said["gender"], said["age_band"]) == ("female", "30-39")


def on_a_base(folder, monkeypatch, *emotions, seed):
    """A little CLARA that stands on a little fixed base."""
    torch.manual_seed(0)
    encoder = WhisperEncoder(mels=80, width=16, depth=2, heads=2, is_whole=False)
    _, digest = fixed_base.keep(encoder, folder, name="small")
    monkeypatch.setenv(fixed_base.FOLDERS, str(folder))
    torch.manual_seed(seed)
    config = replace(ClaraConfig.preset("seed", emotions=emotions), base=digest, base_taps=(1, 2), text_depth=1)
    return Clara(config, labels={emotion: [f"a voice of {emotion}"] for emotion in emotions})


def test_a_base_that_both_stand_on_hears_every_disturbed_clip_once(packed, tmp_path, monkeypatch):
    models = [on_a_base(tmp_path, monkeypatch, "anger", "neutral", seed=seed) for seed in (1, 2)]
    heard = []
    below = Clara.below
    monkeypatch.setattr(Clara, "below", lambda clara, sounds: heard.append(len(sounds)) or below(clara, sounds))
    clips = packed.split("test")

    both = Listening(packed, models)
    said = [Heard(clara, packed, clips, listening=both).under("telephone") for clara in models]

    assert heard == [len(clips)]
    sounds = [disturbed(packed.waveform(clip), clip.key, name="telephone") for clip in clips]
    for clara, each in zip(models, said, strict=True):
        assert np.allclose(each, clara.scores(sounds).numpy(), atol=1e-5)
    assert not np.allclose(said[0], said[1], atol=1e-3)


def test_what_was_heard_is_said_as_the_model_is_calibrated_by_now(packed):
    clara, clips = nano("anger", "neutral"), packed.split("test")
    listening = Listening(packed, [clara])
    before = Heard(clara, packed, clips, listening=listening).probabilities

    clara.config = replace(clara.config, temperature=3.0)
    after = Heard(clara, packed, clips, listening=listening).probabilities

    assert np.allclose(after, clara.scores([packed.waveform(clip) for clip in clips]).numpy(), atol=1e-5)
    assert not np.allclose(after, before, atol=1e-3)


def test_withdrawn_clips_are_not_asked_about(packed, tmp_path):
    key = packed.split("test")[0].key

    comparison.write(comparison.rivals(nano(*EMOTIONS), tmp_path), packed, tmp_path, without=frozenset({key}))

    assert key not in {row["key"] for row in told(tmp_path)["clips"]}


def test_a_first_candidate_is_held_against_log_mel_statistics(packed, tmp_path):
    comparison.write(comparison.rivals(nano(*EMOTIONS), tmp_path), packed, tmp_path)

    found = told(tmp_path)
    assert found["champion_digest"] is None
    assert {row["log_mel"] for row in found["clips"]} <= set(EMOTIONS)
    assert "champion" not in found["labels"]


def test_a_champion_that_cannot_be_loaded_is_told_and_not_compared_with(packed, tmp_path):
    put_champion(tmp_path, nano(*EMOTIONS))
    (tmp_path / "champion" / ("c" * 64) / "config.json").write_text("{")

    comparison.write(comparison.rivals(nano(*EMOTIONS), tmp_path), packed, tmp_path)

    found = told(tmp_path)
    assert found["champion_digest"] == "c" * 64
    assert "config.json" in found["champion_fault"]
    assert "log_mel" in found["clips"][0]


def test_models_with_no_emotion_in_common_are_each_asked_about_their_own(packed, tmp_path):
    put_champion(tmp_path, nano("sadness"))

    comparison.write(comparison.rivals(nano("anger", "neutral"), tmp_path), packed, tmp_path)

    rows = told(tmp_path)["clips"]
    assert {row["truth"] for row in rows} == set(EMOTIONS)
    assert all({"candidate", "champion", "log_mel"} <= set(row) for row in rows)
