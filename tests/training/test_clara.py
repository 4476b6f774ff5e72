"""CLARA keeps its promises: what surrounds a clip never changes it, and a checkpoint is whole or refused."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from training.clara import Clara, ClaraConfig, CorruptCheckpoint
from training.clara.checkpoint import _canonical, _digest
from training.clara.spectrogram import LogMel

LABELS = {"anger": ["an angry voice", "gniewny głos"], "fear": ["a fearful voice", "صوت خائف"]}


@pytest.fixture
def clara():
    torch.manual_seed(0)
    return Clara(ClaraConfig.preset("nano", emotions=("anger", "fear")), labels=LABELS)


@pytest.fixture
def saved(clara, tmp_path):
    clara.save(tmp_path / "checkpoint")
    return tmp_path / "checkpoint"


def noise(samples, seed=0):
    return torch.randn(samples, generator=torch.Generator().manual_seed(seed)) * 0.1


@pytest.mark.parametrize("samples", [1, 159, 160, 161, 640, 641, 5_000, 16_001])
def test_padding_and_batch_mates_never_change_an_embedding(clara, samples):
    clip = noise(samples)

    alone = clara.embed_audio([clip])
    among = clara.embed_audio([noise(30_000, 1), clip, noise(9_999, 2)])

    assert torch.allclose(alone[0], among[1], atol=1e-5)


def test_what_lies_behind_a_clips_end_is_never_heard(clara):
    waveforms, counts = torch.stack([noise(8_000), noise(8_000, 1)]), torch.tensor([8_000, 5_000])
    spoilt = waveforms.clone()
    spoilt[1, 5_000:] = 0.9

    quiet, loud = (clara.model.listen(sound, counts)[0] for sound in (waveforms, spoilt))

    assert torch.allclose(quiet, loud, atol=1e-6)


def test_the_order_of_a_batch_never_changes_an_embedding(clara):
    clips = [noise(3_000 + 2_500 * n, n) for n in range(5)]

    forwards, backwards = clara.embed_audio(clips), clara.embed_audio(clips[::-1])

    assert torch.allclose(forwards, backwards.flip(0), atol=1e-5)


def test_the_length_of_other_texts_never_changes_a_text(clara):
    alone = clara.embed_text(["głos"])
    among = clara.embed_text(["a much longer sentence about a voice", "głos", "صوت"])

    assert torch.allclose(alone[0], among[1], atol=1e-5)


def test_embeddings_are_unit_vectors_of_one_space(clara):
    audio, text = clara.embed_audio([noise(4_000)]), clara.embed_text(["怒った声"])

    assert audio.shape == text.shape == (1, clara.config.width)
    assert torch.allclose(torch.cat([audio, text]).norm(dim=1), torch.ones(2), atol=1e-5)


def test_a_minute_of_speech_is_heard_whole(clara):
    start = noise(70 * 16_000)
    other_end = start.clone()
    other_end[-16_000:] *= 5

    assert not torch.allclose(clara.embed_audio([start]), clara.embed_audio([other_end]), atol=1e-4)


def test_loudness_survives_the_front_end(clara):
    soft, loud = (clara.model.log_mel(noise(8_000)[None] * gain, torch.tensor([8_000]))[0] for gain in (0.1, 1.0))

    # Ten times the amplitude is two decades of power, whatever the clip.
    assert torch.allclose((loud - soft) * clara.config.log_mel_deviation, torch.tensor(2.0), atol=1e-2)


def test_one_second_is_a_hundred_frames():
    front = LogMel(
        sample_rate_hz=16_000, mels=80, window_samples=400, hop_samples=160, fft_samples=512, mean=0, deviation=1
    )

    mel, counts = front(torch.zeros(1, 16_000), torch.tensor([16_000]))

    assert mel.shape == (1, 80, 100)
    assert counts.tolist() == [100]


def test_the_logit_scale_is_clamped(clara):
    clara.model.log_logit_scale.data.fill_(50.0)

    assert clara.model.logit_scale.item() == pytest.approx(100.0)


@pytest.mark.parametrize("kind", ["float", "int16", "tensor"])
def test_a_suggestion_shares_out_one_among_the_checkpoints_own_emotions(clara, kind):
    sound = noise(6_000)
    forms = {"float": sound.numpy(), "int16": (sound.numpy() * 32_767).astype(np.int16), "tensor": sound}

    suggestion = clara.suggest(forms[kind])

    assert list(suggestion) == ["anger", "fear"]
    assert sum(suggestion.values()) == pytest.approx(1.0, abs=1e-6)
    assert all(0 < probability < 1 for probability in suggestion.values())


def test_a_label_the_head_never_learnt_is_suggested_from_its_captions(clara):
    clara = Clara(clara.config, clara.model, labels={**LABELS, "calm": ["a calm voice"]})

    assert list(clara.suggest(noise(6_000))) == ["anger", "fear", "calm"]


@pytest.mark.parametrize("waveform", [np.zeros(0, np.float32), np.zeros((2, 8_000), np.float32), np.full(9, np.nan)])
def test_what_is_not_a_waveform_is_refused(clara, waveform):
    with pytest.raises(ValueError, match="waveform"):
        clara.suggest(waveform)


def test_an_export_reloads_to_the_same_model(clara, saved):
    clips = [noise(7_000), noise(12_345, 1)]

    again = Clara.load(saved)

    assert again.config == clara.config
    assert again.labels == LABELS
    assert (again.embed_audio(clips) - clara.embed_audio(clips)).abs().max() <= 1e-5
    assert again.suggest(clips[0]) == clara.suggest(clips[0])


def test_a_checkpoint_is_safetensors_and_json_only(saved):
    assert sorted(path.name for path in saved.iterdir()) == [
        "config.json",
        "labels.json",
        "model.safetensors",
        "preprocessor_config.json",
    ]


@pytest.mark.parametrize("name", ["config.json", "labels.json", "model.safetensors", "preprocessor_config.json"])
def test_a_missing_truncated_or_flipped_file_is_refused_by_name(saved, name):
    whole = (saved / name).read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1

    for broken in (whole[:-20], b"", bytes(flipped)):
        (saved / name).write_bytes(broken)
        with pytest.raises(CorruptCheckpoint, match=re.escape(name)):
            Clara.load(saved)
    (saved / name).unlink()
    with pytest.raises(CorruptCheckpoint, match=f"{re.escape(name)} is missing"):
        Clara.load(saved)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(CorruptCheckpoint, match=r"config\.json is missing"):
        Clara.load(tmp_path / "nowhere")


def test_a_number_of_the_configuration_changed_by_hand_is_noticed(saved):
    body = json.loads((saved / "config.json").read_text())
    body["clara"]["head_share"] = 0.9
    (saved / "config.json").write_text(json.dumps(body))

    with pytest.raises(CorruptCheckpoint, match="changed after it was written"):
        Clara.load(saved)


def test_a_format_of_tomorrow_is_refused(saved):
    body = json.loads((saved / "config.json").read_text())
    (saved / "config.json").write_text(json.dumps({**body, "format": "clara-checkpoint/2"}))

    with pytest.raises(CorruptCheckpoint, match="clara-checkpoint/2"):
        Clara.load(saved)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda weights: weights | {"head.bias": torch.zeros(9)}, r"head.bias has shape \(9,\), not \(2,\)"),
        (lambda weights: {name: weights[name] for name in weights if name != "head.bias"}, "lacks head.bias"),
        (lambda weights: weights | {"tail": torch.zeros(1)}, "holds tail"),
        (lambda weights: weights | {"head.bias": torch.full((2,), torch.nan)}, "not numbers"),
    ],
)
def test_weights_that_do_not_fit_are_refused_though_their_digest_is_right(saved, change, reason):
    save_file(change(load_file(saved / "model.safetensors")), saved / "model.safetensors")
    body = json.loads((saved / "config.json").read_text())
    body["sha256"]["model.safetensors"] = _digest((saved / "model.safetensors").read_bytes())
    del body["own_sha256"]
    (saved / "config.json").write_text(json.dumps({**body, "own_sha256": _digest(_canonical(body))}))

    with pytest.raises(CorruptCheckpoint, match=reason):
        Clara.load(saved)


def test_an_unknown_preset_is_named():
    with pytest.raises(ValueError, match="gigantic"):
        ClaraConfig.preset("gigantic")


def test_importing_the_model_brings_nothing_else_of_ours_and_leaves_torchs_threads_alone():
    script = """
import sys, torch
torch.set_num_threads(3)
import training.clara
assert not [name for name in sys.modules if name.startswith("training.") and not name.startswith("training.clara")]
import training.fit
assert torch.get_num_threads() == 3
assert not {name.split(".")[0] for name in sys.modules} & {"django", "contributions", "openempathic"}
"""

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
