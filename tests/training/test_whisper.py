"""Whisper in our own modules says what Whisper says, whatever it was read from and whatever surrounds a clip."""

import math
import types

import pytest
import torch

from tests.training import small_whisper
from training.clara import pretrained
from training.clara.pretrained import UnusableSource
from training.clara.whisper import WhisperFrontEnd, imported, window_edges


@pytest.fixture(scope="module")
def made():
    return small_whisper.weights()


@pytest.fixture(scope="module")
def folder(made, tmp_path_factory):
    return small_whisper.hugging_face(tmp_path_factory.mktemp("whisper") / "small", made)


@pytest.fixture(scope="module")
def encoder(folder):
    return imported(folder)


def sound(samples, seed=0):
    return torch.randn(samples, generator=torch.Generator().manual_seed(seed)) * 0.1


def mels(frames, seed=0):
    return torch.randn(80, frames, generator=torch.Generator().manual_seed(seed))


def alone(encoder, mel):
    with torch.no_grad():
        outputs, _ = encoder(mel[None], torch.tensor([mel.shape[1]]))
    return [output[0] for output in outputs]


@pytest.mark.parametrize("frames", [1, 2, 33, 200])
def test_every_layer_of_an_imported_tower_equals_its_source(encoder, made, frames):
    mel = mels(frames)

    outputs, plainly = alone(encoder, mel), small_whisper.plainly_encoded(made, mel)

    assert len(outputs) == small_whisper.LAYERS + 1
    for ours, theirs in zip(outputs, plainly, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_a_tower_is_cut_at_any_layer(folder, made):
    mel = mels(50)

    outputs = alone(imported(folder, layers=2), mel)

    for ours, theirs in zip(outputs, small_whisper.plainly_encoded(made, mel)[:3], strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_ctranslate2_and_hugging_face_give_the_same_tower(made, encoder, tmp_path):
    rounded = {name: tensor.half().float() for name, tensor in made.items()}
    mel = mels(80)

    outputs = alone(imported(small_whisper.ctranslate2(tmp_path / "converted", made)), mel)

    # The converted file keeps float16, and its positions are computed again rather than rounded.
    rounded["embed_positions.weight"] = made["embed_positions.weight"]
    for ours, theirs in zip(outputs, small_whisper.plainly_encoded(rounded, mel), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_neither_padding_nor_batch_mates_change_what_a_clip_sounds_like(encoder):
    front_end = WhisperFrontEnd()
    clips = [sound(4_801), sound(16_000, 1) * 30, sound(9_999, 2)]
    counts = torch.tensor([len(clip) for clip in clips])
    batch = torch.full((3, 20_000), 0.9)
    for row, clip in zip(batch, clips, strict=True):
        row[: len(clip)] = clip

    with torch.no_grad():
        together, together_counts = encoder(*front_end(batch, counts))
        for row, clip in enumerate(clips):
            apart, apart_counts = encoder(*front_end(clip[None], counts[row : row + 1]))
            assert together_counts[row] == apart_counts[0]
            for among, lone in zip(together, apart, strict=True):
                assert torch.allclose(among[row, : apart_counts[0]], lone[0], atol=1e-5)


def test_how_loud_a_clip_is_at_most_is_asked_of_the_clip_alone():
    # Between two frames; mirrored behind the end it would stand on one, and be louder than the clip ever was.
    click = torch.zeros(16_041)
    click[1_680] = 1.0

    alone, _ = WhisperFrontEnd()(click[None], torch.tensor([16_041]))
    among, _ = WhisperFrontEnd()(torch.cat([click, torch.zeros(20_000)])[None], torch.tensor([16_041]))

    assert torch.allclose(alone, among[..., : alone.shape[2]], atol=1e-5)


def test_a_clip_of_over_thirty_seconds_is_heard_in_windows_alike_in_length(encoder):
    long, short = mels(6_105), mels(77, 1)
    batch = torch.zeros(2, 80, 6_105)
    batch[0], batch[1, :, :77] = long, short

    with torch.no_grad():
        outputs, counts = encoder(batch, torch.tensor([6_105, 77]))

    assert window_edges(6_105) == [0, 2_036, 4_072, 6_105]
    assert window_edges(3_000) == [0, 3_000]
    assert counts.tolist() == [3_053, 39]
    windows = [alone(encoder, long[:, start:end]) for start, end in ((0, 2_036), (2_036, 4_072), (4_072, 6_105))]
    for layer, output in enumerate(outputs):
        assert torch.allclose(output[0], torch.cat([window[layer] for window in windows]), atol=1e-5)
        assert torch.allclose(output[1, :39], alone(encoder, short)[layer], atol=1e-5)


def test_the_front_end_does_what_whispers_does():
    clip = torch.cat([sound(8_000) * 1e-4, sound(8_000, 1)])

    mel, counts = WhisperFrontEnd()(clip[None], torch.tensor([16_000]))

    power = torch.stft(clip, 400, 160, window=torch.hann_window(400), return_complex=True)[:, :-1].abs().square()
    logs = (slaney_filters() @ power).clamp(min=1e-10).log10()
    assert counts.tolist() == [100]
    assert torch.allclose(mel[0], (logs.maximum(logs.max() - 8) + 4) / 4, atol=1e-4)


def test_a_clip_shorter_than_a_window_is_mirrored_until_it_fills_one():
    mel, counts = WhisperFrontEnd()(sound(3)[None], torch.tensor([3]))
    one, _ = WhisperFrontEnd()(torch.ones(1, 1), torch.tensor([1]))

    assert counts.tolist() == [1]
    assert mel.shape == one.shape == (1, 80, 1)
    assert torch.isfinite(mel).all()
    assert torch.isfinite(one).all()


def test_silence_is_finite():
    mel, _ = WhisperFrontEnd()(torch.zeros(1, 4_800), torch.tensor([4_800]))

    assert torch.allclose(mel, torch.tensor(-1.5))


def test_more_layers_than_there_are_is_refused(folder):
    with pytest.raises(UnusableSource, match="has 3 layers; 4 were asked for"):
        imported(folder, layers=4)


def test_another_model_is_refused_by_its_name(made, tmp_path):
    with pytest.raises(UnusableSource, match="describes a wavlm, not a whisper"):
        imported(small_whisper.hugging_face(tmp_path / "wavlm", made, model_type="wavlm"))


def test_a_folder_with_no_model_in_it_is_refused(tmp_path):
    with pytest.raises(UnusableSource, match=r"neither a model\.bin nor a config\.json"):
        imported(tmp_path)


@pytest.mark.parametrize("lacking", ["conv1.weight", "layers.1.fc1.bias", "embed_positions.weight"])
def test_a_missing_weight_is_named(made, tmp_path, lacking):
    rest = {name: tensor for name, tensor in made.items() if name != lacking}

    with pytest.raises(UnusableSource, match=f"lack {lacking}"):
        imported(small_whisper.hugging_face(tmp_path / "rest", rest))


def test_positions_that_are_not_whispers_are_refused(made, tmp_path):
    learnt = made | {"embed_positions.weight": made["embed_positions.weight"] + 0.01}

    with pytest.raises(UnusableSource, match="differ from Whisper's sinusoids by 1.0e-02"):
        imported(small_whisper.hugging_face(tmp_path / "learnt", learnt))


def test_a_quantised_or_truncated_conversion_is_refused(made, tmp_path):
    quantised = small_whisper.ctranslate2(tmp_path / "quantised", made, kind=1)
    truncated = small_whisper.ctranslate2(tmp_path / "truncated", made)
    (truncated / "model.bin.part2").unlink()

    with pytest.raises(UnusableSource, match="quantised"):
        imported(quantised)
    with pytest.raises(UnusableSource, match="no whole CTranslate2 model"):
        imported(truncated)


def test_a_hub_id_is_asked_of_the_hub(folder, encoder, monkeypatch):
    asked = []

    def download(name, **_):
        asked.append(name)
        return str(folder)

    hub = types.SimpleNamespace(snapshot_download=download)
    monkeypatch.setattr(pretrained.importlib, "import_module", {"huggingface_hub": hub}.__getitem__)

    found = imported("openai/whisper-base")

    assert asked == ["openai/whisper-base"]
    assert torch.equal(found.conv1.weight, encoder.conv1.weight)


def test_a_hub_that_does_not_answer_is_told(monkeypatch):
    def refused(name, **_):
        raise ConnectionError("no route to the hub")

    hub = types.SimpleNamespace(snapshot_download=refused)
    monkeypatch.setattr(pretrained.importlib, "import_module", {"huggingface_hub": hub}.__getitem__)

    with pytest.raises(UnusableSource, match="openai/whisper-base is no folder.*no route to the hub"):
        imported("openai/whisper-base")


def slaney_filters():
    """80 triangles of one area from 0 to 8 kHz on Slaney's scale: linear to 1 kHz, 27 steps a factor of 6.4 above."""

    def hertz(mel):
        return 200 / 3 * mel if mel < 15 else 1_000 * math.exp(math.log(6.4) / 27 * (mel - 15))

    top = 15 + 27 * math.log(8) / math.log(6.4)
    edges = torch.tensor([hertz(top * n / 81) for n in range(82)], dtype=torch.float64)
    bins = torch.arange(201, dtype=torch.float64) * 40
    up = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return (up.minimum(down).clamp(min=0) * 2 / (edges[2:] - edges[:-2])[:, None]).float()
