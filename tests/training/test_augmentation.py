"""Augmentation stays within the limits that keep an emotion, and repeats itself for a seed."""

import pytest
import torch

from training import augmentation


@pytest.fixture
def batch():
    torch.manual_seed(0)
    counts = torch.tensor([16_000, 12_000, 9_000] * 20)
    time = torch.arange(16_000) / 16_000
    tone = 0.1 * torch.sin(2 * torch.pi * 440 * time)
    return tone * (torch.arange(16_000) < counts[:, None]), counts


def test_the_same_seed_changes_the_same(batch):
    outcomes = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        outcomes.append(augmentation.changed(*batch)[0])

    assert torch.equal(outcomes[0], outcomes[1])
    assert outcomes[0].shape != outcomes[2].shape or not torch.equal(outcomes[0], outcomes[2])


def test_speed_stays_within_a_twentieth_and_every_clip_keeps_its_sound(batch):
    waveforms, counts = augmentation.sped(*batch)

    ratios = batch[1] / counts
    assert ratios.min() >= 0.949
    assert ratios.max() <= 1.051
    assert len(set(counts.tolist())) > 6
    rms = torch.stack(
        [waveform[:count].square().mean().sqrt() for waveform, count in zip(waveforms, counts, strict=True)]
    )
    assert torch.allclose(rms, torch.tensor(0.0707), atol=2e-3)


def test_gain_stays_within_six_decibels(batch):
    decibels = 20 * (augmentation.gained(batch[0]).abs().amax(dim=1) / batch[0].abs().amax(dim=1)).log10()

    assert decibels.abs().max() <= 6.01
    assert decibels.std() > 2


def test_noise_stays_fifteen_decibels_below_the_voice_and_out_of_the_padding(batch):
    waveforms, counts = batch
    noise = augmentation.noisy(waveforms, counts) - waveforms

    inside = torch.arange(16_000) < counts[:, None]
    snr = 10 * ((waveforms.square().sum(1)) / (noise.square() * inside).sum(1).clamp(min=1e-12)).log10()
    assert not noise[~inside].any()
    assert snr.min() > 14
    assert 6 < (snr < 31).sum() < 34


def test_masks_are_small_and_within_the_clip(batch):
    mel, counts = torch.ones(60, 80, 100), torch.tensor([100, 75, 56] * 20)

    hidden = augmentation.masked(mel, counts) == 0

    assert hidden.all(dim=2).sum(dim=1).max() <= 13
    assert hidden.all(dim=1).sum(dim=1).max() <= 11
    assert not hidden.all(dim=1)[:, 75:][1::3].any()
