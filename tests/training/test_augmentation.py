"""A batch is changed by chance alone, a clip alike whatever lies beside it, and says what that falsified."""

from contextlib import nullcontext

import pytest
import torch

from tests.training.voices import batch_of, voice
from training.augmentation import background, band, changed, falsified, masked, measured, pitch, reverberation, speed
from training.facets import FACETS

SECONDS = (0.9, 0.5, 0.7, 0.3, 0.8, 0.6, 1.0, 0.4)
VOICES = [
    voice(int(16_000 * seconds), pitch_hz=90 + 25 * number, level=0.02 + 0.01 * number)
    for number, seconds in enumerate(SECONDS)
]


def under(seed, waveforms, counts, **also):
    torch.manual_seed(seed)
    return changed(waveforms, counts, **also)


def test_the_same_seed_changes_the_same():
    batch = batch_of(VOICES)
    first, again, other = under(3, *batch), under(3, *batch), under(4, *batch)

    assert torch.equal(first.waveforms, again.waveforms)
    assert torch.equal(first.sample_counts, again.sample_counts)
    assert first.falsified == again.falsified
    assert first.waveforms.shape != other.waveforms.shape or not torch.equal(first.waveforms, other.waveforms)


def test_a_clip_does_not_hear_how_long_its_neighbours_are():
    short, long = batch_of(VOICES[:4]), batch_of([*VOICES[:3], voice(40_000, pitch_hz=150)])
    assert len(short[0]) <= background.VOICES, "babble is made of the neighbours"

    for seed in range(12):
        beside_short, beside_long = under(seed, *short), under(seed, *long)
        for number in range(3):
            count = int(beside_short.sample_counts[number])
            assert count == beside_long.sample_counts[number]
            difference = beside_short.waveforms[number, :count] - beside_long.waveforms[number, :count]
            assert difference.abs().max() < 1e-5


def test_padding_is_never_heard_and_stays_exactly_silent():
    tight, wide = batch_of(VOICES), batch_of(VOICES, width=30_000)

    for seed in range(12):
        one, other = under(seed, *tight), under(seed, *wide)
        width = int(one.sample_counts.max())
        assert one.waveforms.shape == other.waveforms.shape == (len(VOICES), width)
        assert torch.allclose(one.waveforms, other.waveforms, atol=1e-5)
        assert not one.waveforms[torch.arange(width) >= one.sample_counts[:, None]].any()


def test_silence_stays_silence_and_nothing_clips():
    square = torch.sign(voice(9_000, pitch_hz=120)) * 1.0
    batch = batch_of([torch.zeros(8_000), square, torch.zeros(320), torch.full((8_000,), 1.0), *VOICES[:3]])

    for seed in range(12):
        waveforms = under(seed, *batch).waveforms
        assert waveforms.isfinite().all()
        assert not waveforms[[0, 2]].any()
        assert waveforms.abs().max() <= 1.0
        assert waveforms[[1, 4, 5, 6]].square().sum(dim=1).min() > 0


@pytest.mark.parametrize("seconds", [0.02, 0.3, 60])
def test_a_lone_clip_of_any_length_is_changed(seconds, monkeypatch):
    everything_at_once(monkeypatch)
    clip, counts = batch_of([voice(int(16_000 * seconds), pitch_hz=200)])

    one = under(1, clip, counts)

    assert one.waveforms.isfinite().all()
    assert one.waveforms.shape == (1, int(one.sample_counts))
    assert 0.9 <= int(counts) / int(one.sample_counts) <= 1.1


def test_what_is_not_falsified_is_still_true(monkeypatch):
    monkeypatch.setattr(background, "SHARE", 0.0)
    batch = batch_of([voice(16_000, pitch_hz=90 + 15 * number) for number in range(12)])

    told = under(5, *batch)

    for facet in ("pitch", "loudness", "rate"):
        assert 0 < sum(facet in untrue for untrue in told.falsified) < 12
    for before, after, count, untrue in zip(batch[0], told.waveforms, told.sample_counts, told.falsified, strict=True):
        ratio = measured.pitch_ratio(before, after[:count])
        louder = measured.level_db(after[:count]) - measured.level_db(before)
        assert "pitch" in untrue or ratio == pytest.approx(1, abs=0.005)
        assert "loudness" in untrue or abs(louder) < 2.1
        assert "rate" in untrue or count == 16_000


@pytest.mark.parametrize(
    ("done", "untrue"),
    [
        ({}, set()),
        ({"decibels": -1.9}, set()),
        ({"decibels": 2.1}, {"loudness"}),
        ({"speeds": 101}, {"rate", "pitch"}),
        ({"ratios": 97}, {"pitch"}),
        ({"are_filled": True}, {"rate"}),
        ({"speeds": 90, "ratios": 105, "decibels": -6.0}, {"rate", "pitch", "loudness"}),
    ],
)
def test_every_change_says_which_facets_it_falsifies(done, untrue):
    nothing = {"speeds": 100, "ratios": 100, "decibels": 0.0, "are_filled": False}

    told = falsified(**{change: torch.tensor([amount]) for change, amount in {**nothing, **done}.items()})

    assert told == [frozenset(untrue)]
    assert told[0] <= set(FACETS)


def test_long_echoes_and_loud_babble_are_told_and_other_backgrounds_falsify_nothing(monkeypatch):
    everything_at_once(monkeypatch)
    for change in (speed, pitch):
        monkeypatch.setattr(change, "SHARE", 0.0)
    heard = {}

    for snr_db, direct_db in ((16.0, 12.0), (25.0, 12.0), (25.0, 4.0)):
        monkeypatch.setattr(background, "SNR_DB", (snr_db, snr_db))
        monkeypatch.setattr(reverberation, "DIRECT_DB", (direct_db, direct_db))
        told = under(1, *batch_of(VOICES)).falsified
        heard[snr_db, direct_db] = {untrue - {"loudness"} for untrue in told}

    assert heard[25.0, 12.0] == {frozenset()}
    assert heard[16.0, 12.0] == {frozenset(), frozenset({"rate"})}, "noise or babble"
    assert heard[25.0, 4.0] == {frozenset(), frozenset({"rate"})}, "shorter or longer echoes"


def test_it_is_float32_whatever_the_training_computes_in(monkeypatch):
    everything_at_once(monkeypatch)
    waveforms, counts = batch_of(VOICES)
    plainly = under(7, waveforms, counts)

    with torch.autocast("cpu", dtype=torch.bfloat16):
        automatic = under(7, waveforms, counts)
    assert torch.equal(automatic.waveforms, plainly.waveforms)
    assert under(7, waveforms.half(), counts).waveforms.dtype == torch.float32


def test_places_are_heard_where_they_are_given(monkeypatch):
    everything_at_once(monkeypatch)
    batch = batch_of(VOICES)

    without, with_places = under(9, *batch), under(9, *batch, backgrounds=torch.randn(3, 5_000))

    assert with_places.waveforms.isfinite().all()
    assert not torch.equal(without.waveforms, with_places.waveforms)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_changes_as_the_cpu_does(monkeypatch):
    everything_at_once(monkeypatch)
    waveforms, counts = batch_of(VOICES)

    here = under(2, waveforms, counts)
    with torch.autocast("cuda", dtype=torch.bfloat16):
        there = under(2, waveforms.cuda(), counts.cuda())

    assert torch.equal(here.sample_counts, there.sample_counts.cpu())
    assert here.falsified == there.falsified
    assert torch.allclose(here.waveforms, there.waveforms.cpu(), atol=1e-3)


def everything_at_once(monkeypatch):
    for change in (background, band, pitch, reverberation, speed):
        monkeypatch.setattr(change, "SHARE", 1.0)


def test_everything_happens_where_the_sound_lies_and_nothing_waits_for_it(monkeypatch):
    everything_at_once(monkeypatch)
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    waveforms, counts = batch_of(VOICES)

    # A meta tensor has a device and no values: mixed devices raise, and so does whoever asks for a value.
    told = under(1, waveforms.to("meta"), counts, backgrounds=torch.empty(2, 8_000, device="meta"))

    assert told.waveforms.device.type == "meta"
    assert told.sample_counts.device.type == "cpu"
    assert told.falsified == under(1, waveforms, counts, backgrounds=torch.randn(2, 8_000)).falsified
    assert masked(torch.empty(8, 80, 100, device="meta"), counts.to("meta")).device.type == "meta"
