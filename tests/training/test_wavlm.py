"""WavLM in our own modules says what WavLM says, and hears every clip alone."""

import json
import math

import pytest
import torch
from safetensors.torch import save_file

from training.clara import fixed_base
from training.clara.pretrained import UnusableSource
from training.clara.wavlm import KERNELS, STRIDES, WavLMEncoder, imported

WIDTH, HEADS, CONV, LAYERS = 16, 2, 8, 2
PLACES = "encoder.pos_conv_embed.conv"
# transformers 5.23 says this of the folder below and of the sound below: the fifth token's first four channels, after
# the stem and after each layer.
SAID = {
    False: [
        [-1.1465, 0.31448, 0.87533, -1.24017],
        [-1.33554, 1.03745, 0.78747, -1.10771],
        [-1.1329, 0.0898, 2.87023, 1.12145],
    ],
    True: [
        [-1.74909, 1.85466, 0.71936, -1.47238],
        [-4.88144, -5.95359, 5.76862, 3.6312],
        [-1.58511, -1.06804, 1.29032, 1.72654],
    ],
}


def laid_out(folder, *, is_large, **otherwise):
    """A small WavLM of the base or the large kind, its weights waves, as transformers saves it."""
    folder.mkdir()
    config = {"model_type": "wavlm", "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS}
    config |= {"intermediate_size": 2 * WIDTH, "conv_dim": [CONV] * 7, "conv_bias": is_large, "hidden_act": "gelu"}
    config |= {"conv_kernel": list(KERNELS), "conv_stride": list(STRIDES), "num_buckets": 32}
    config |= {"max_bucket_distance": 40, "num_conv_pos_embeddings": 6, "num_conv_pos_embedding_groups": 4}
    config |= {"do_stable_layer_norm": is_large, "feat_extract_norm": "layer" if is_large else "group", **otherwise}
    (folder / "config.json").write_text(json.dumps(config))
    weights = {}
    for n, (name, shape) in enumerate(shapes(is_large)):
        wave = torch.sin(torch.arange(math.prod(shape)) * (1 + n % 7 / 7) + n).reshape(shape)
        around = 1.0 if name.endswith(("norm.weight", "original0", "const")) else 0.0
        # Where a token looks has to matter, or nothing would tell a wrong distance.
        size = 5.0 if "rel_attn" in name or "v_proj" in name else 1 - 0.8 * around
        weights[f"wavlm.{name}"] = around + size * wave / math.sqrt(math.prod(shape[1:]) or 1)
    save_file({**weights, "wavlm.masked_spec_embed": torch.zeros(WIDTH)}, folder / "model.safetensors")
    return folder


def shapes(is_large):
    for n, kernel in enumerate(KERNELS):
        yield f"feature_extractor.conv_layers.{n}.conv.weight", (CONV, CONV if n else 1, kernel)
        if is_large:
            yield f"feature_extractor.conv_layers.{n}.conv.bias", (CONV,)
        if is_large or n == 0:
            yield from both(f"feature_extractor.conv_layers.{n}.layer_norm", CONV)
    yield from both("feature_projection.layer_norm", CONV)
    yield from both("feature_projection.projection", WIDTH, CONV)
    yield f"{PLACES}.parametrizations.weight.original0", (1, 1, 6)
    yield f"{PLACES}.parametrizations.weight.original1", (WIDTH, WIDTH // 4, 6)
    yield f"{PLACES}.bias", (WIDTH,)
    yield from both("encoder.layer_norm", WIDTH)
    yield "encoder.layers.0.attention.rel_attn_embed.weight", (32, HEADS)
    for n in range(LAYERS):
        before = f"encoder.layers.{n}"
        for part in ("q", "k", "v", "out"):
            yield from both(f"{before}.attention.{part}_proj", WIDTH, WIDTH)
        yield f"{before}.attention.gru_rel_pos_const", (1, HEADS, 1, 1)
        yield from both(f"{before}.attention.gru_rel_pos_linear", 8, WIDTH // HEADS)
        yield from both(f"{before}.layer_norm", WIDTH)
        yield from both(f"{before}.feed_forward.intermediate_dense", 2 * WIDTH, WIDTH)
        yield from both(f"{before}.feed_forward.output_dense", WIDTH, 2 * WIDTH)
        yield from both(f"{before}.final_layer_norm", WIDTH)


def both(name, *shape):
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]


def chirp(samples=16_000):
    time = torch.arange(samples) / 16_000
    return torch.sin(2 * torch.pi * (200 + 900 * time) * time) * (time * 7 % 1) * 0.3


def noise(samples, seed=0):
    return torch.randn(samples, generator=torch.Generator().manual_seed(seed)) * 0.1


@pytest.mark.parametrize("is_large", [False, True])
def test_every_layer_of_an_imported_tower_equals_its_source(is_large, tmp_path):
    encoder = imported(laid_out(tmp_path / "wavlm", is_large=is_large))

    with torch.no_grad():
        outputs, counts = encoder(*encoder.front_end()(chirp()[None], torch.tensor([16_000])))

    assert counts.tolist() == [49]
    assert torch.allclose(
        torch.stack([output[0, 4, :4] for output in outputs]), torch.tensor(SAID[is_large]), atol=1e-4
    )


@pytest.mark.parametrize("is_large", [False, True])
def test_neither_padding_nor_batch_mates_change_what_a_clip_sounds_like(is_large, tmp_path):
    encoder = imported(laid_out(tmp_path / "wavlm", is_large=is_large))
    clips = [noise(4_801), noise(9_999, 1) * 30, noise(50, 2)]
    batch = torch.full((3, 12_000), 0.9)
    for row, clip in zip(batch, clips, strict=True):
        row[: len(clip)] = clip

    with torch.no_grad():
        together, counts = encoder(*encoder.front_end()(batch, torch.tensor([len(clip) for clip in clips])))
        for row, clip in enumerate(clips):
            apart, count = encoder(*encoder.front_end()(clip[None], torch.tensor([len(clip)])))
            assert counts[row] == count[0] == apart[0].shape[1]
            for among, lone in zip(together, apart, strict=True):
                assert torch.allclose(among[row, : count[0]], lone[0], atol=1e-5)


def test_a_wavlm_becomes_a_base_that_is_found_by_its_digest(tmp_path, monkeypatch):
    encoder = fixed_base.imported(laid_out(tmp_path / "wavlm", is_large=False), layers=1)
    monkeypatch.setenv(fixed_base.FOLDERS, str(tmp_path))

    _, digest = fixed_base.keep(encoder, tmp_path, name="wavlm-1")

    again = fixed_base.load(digest)
    assert isinstance(again, WavLMEncoder)
    assert again.sizes == encoder.sizes
    base = fixed_base.FixedBase(again, taps=(0, 1), stride=2)
    assert base(chirp()[None], torch.tensor([16_000]))[0].shape == (1, 25, 2, WIDTH)


def test_a_wavlm_of_another_build_is_refused_with_what_differs(tmp_path):
    with pytest.raises(UnusableSource, match="built otherwise: conv_stride"):
        imported(laid_out(tmp_path / "wavlm", is_large=False, conv_stride=[4] * 7))


def test_pickled_weights_are_never_opened(tmp_path):
    folder = laid_out(tmp_path / "wavlm", is_large=False)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    with pytest.raises(UnusableSource, match="pickled ones are never opened"):
        imported(folder)
