"""The yardstick is the published CLARA-100M: its size, its cost, its names, and its faults."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from tests.benchmarks.clara100m import PARAMETERS, Clara100M

# Some of every part, as a checkpoint of theirs would have them.
PUBLISHED = {
    "model.text_embedding.weight": (50_373, 512),
    "model.text_positional_embedding.weight": (4_096, 512),
    "model.text_encoder.transformer_encoder.transformer_encoder.layers.9.linear1.weight": (1_024, 512),
    "model.text_layer_norm.weight": (512,),
    "model.text_fc1.weight": (512, 512),
    "model.text_transform.sequential.0.bias": (512,),
    "model.conv1.weight": (512, 80, 3),
    "model.conv2.weight": (512, 512, 3),
    "model.audio_positional_embedding.weight": (4_096, 512),
    "model.audio_encoder.latents": (512, 512),
    "model.audio_encoder.cross_attend_blocks.0.fn.to_kv.weight": (256, 512),
    "model.audio_encoder.cross_attend_blocks.0.norm_context.weight": (512,),
    "model.audio_encoder.cross_attend_blocks.1.fn.net.0.weight": (4_096, 512),
    "model.audio_encoder.layers.9.0.fn.to_q.weight": (1_024, 512),
    "model.audio_encoder.layers.9.0.norm.bias": (512,),
    "model.audio_encoder.layers.9.1.fn.net.2.weight": (512, 2_048),
    "model.audio_layer_norm.weight": (512,),
    "model.audio_fc1.bias": (512,),
    "model.audio_transform.sequential.0.weight": (512, 512),
    "model.audio_tempeture": (),
    "model.text_tempeture": (),
}


@pytest.fixture(scope="module")
def published():
    """The whole model, without a single weight in memory."""
    with torch.device("meta"):
        return Clara100M().eval()


@pytest.fixture
def small():
    """The same model with little in it, in which latents and channels are as many."""
    torch.manual_seed(0)
    sizes = {"width": 32, "layers": 2, "latents": 32, "latent_heads": 4, "head_width": 8, "text_heads": 4}
    return Clara100M(**sizes, vocabulary=300, positions=64, dropout=0.0).eval()


def test_it_has_the_parameters_that_were_counted(published):
    count = sum(weight.numel() for weight in published.parameters())

    assert count == PARAMETERS
    assert round(count / 1e6, 2) == 109.42


def test_it_costs_68_gigaflop_however_short_the_clip(published):
    costs = {}
    for seconds in (1.5, 3, 30):
        with FlopCounterMode(display=False) as counted:
            published.hear(torch.empty(1, 80, int(seconds * 100), device="meta"))
        costs[seconds] = counted.get_total_flops() / 1e9

    assert costs[3] == pytest.approx(68, abs=0.5)
    assert costs[30] / costs[1.5] < 1.06


def test_its_weights_have_the_published_names_and_shapes(published):
    weights = {f"model.{name}": tuple(weight.shape) for name, weight in published.state_dict().items()}

    assert {name: weights.get(name) for name in PUBLISHED} == PUBLISHED


def test_a_published_checkpoint_would_be_heard_as_it_was_saved(small):
    mel = torch.randn(2, 80, 50)
    before = small.hear(mel)
    state = {f"model.{name}": weight.clone() for name, weight in small.state_dict().items()}
    with torch.no_grad():
        small.conv1.weight.zero_()

    small.load_published(state)

    assert torch.equal(small.hear(mel), before)


@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        (lambda state: state.update({"feature_extractor.model.conv1.weight": torch.zeros(1)}), KeyError, "no weight"),
        (lambda state: state.pop("model.audio_encoder.latents"), RuntimeError, "Missing key.*latents"),
        (lambda state: state.update({"model.conv3.weight": torch.zeros(1)}), RuntimeError, "Unexpected key.*conv3"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(small, change, error, reason):
    state = {f"model.{name}": weight for name, weight in small.state_dict().items()}
    change(state)

    with pytest.raises(error, match=reason):
        small.load_published(state)


def test_its_pooling_runs_over_normalised_channels_so_the_mean_says_nothing(small, monkeypatch):
    latents = torch.randn(2, 32, 32) * torch.arange(1, 33)[:, None]
    monkeypatch.setattr(small.audio_encoder, "forward", lambda tokens: latents)
    normal = small.audio_layer_norm(latents)

    heard = small.hear(torch.randn(2, 80, 40))

    of_each_latent = torch.nn.functional.leaky_relu(small.audio_fc1(normal.amax(dim=2)))
    by_hand = torch.nn.functional.normalize(small.audio_transform(of_each_latent), dim=-1)
    assert normal.mean(dim=2).abs().max() < 1e-6
    assert torch.allclose(heard, by_hand, atol=1e-5)


def test_silence_behind_a_clip_and_padding_behind_a_text_change_what_it_embeds(small):
    mel, tokens = torch.randn(1, 80, 40), torch.randint(1, 300, (1, 8))

    heard = small.hear(mel), small.hear(torch.nn.functional.pad(mel, (0, 20)))
    read = small.read(tokens), small.read(torch.nn.functional.pad(tokens, (0, 4)))

    assert (heard[0] - heard[1]).abs().max() > 1e-3
    assert (read[0] - read[1]).abs().max() > 1e-3


def test_it_has_no_place_for_a_long_clip(small):
    small.hear(torch.randn(1, 80, 128))

    with pytest.raises(IndexError):
        small.hear(torch.randn(1, 80, 129))


def test_it_learns_four_pairs_by_heart(small):
    mel, tokens = torch.randn(4, 80, 30), torch.randint(1, 300, (4, 6))
    optimizer = torch.optim.AdamW(small.parameters(), lr=3e-3)
    for _ in range(40):
        loss = small.train().loss(mel, tokens)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    assert (small.hear(mel) @ small.read(tokens).T).argmax(dim=1).tolist() == [0, 1, 2, 3]
