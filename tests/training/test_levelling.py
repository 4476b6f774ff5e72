"""An ear of statistics begins where those of its clips are level, once, whoever learns it and however often killed."""

from dataclasses import replace

import pytest
import torch

from tests.training import small_whisper
from tests.training.test_fit import PLAN, run_folder
from tests.training.test_parallel import answers, started
from training import fit as fitting
from training import packing, parallel
from training.clara import audio, config, fixed_base
from training.clara.whisper import imported
from training.learner import Learner
from training.plan import FitPlan

CPU = torch.device("cpu")
STEPS = PLAN | {"preset": "site", "steps": 4, "warmup_steps": 1, "batch_seconds": 9, "augment": False}


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    folder = run_folder(tmp_path_factory.mktemp("run"), clips_each=2)
    return packing.pack(folder / "release", tmp_path_factory.mktemp("it") / "packed")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases")
    whisper = imported(small_whisper.hugging_face(folder / "whisper", small_whisper.weights()), layers=2)
    return fixed_base.keep(whisper, folder, name="small")


@pytest.fixture(autouse=True)
def small(base, monkeypatch):
    """Preset `site` on a small base."""
    monkeypatch.setenv(fixed_base.FOLDERS, str(base[0].parent))
    sizes = {"width": 16, "audio_width": 16, "text_width": 16, "text_heads": 2, "text_grams": 97}
    preset = replace(config.PRESETS["site"], **sizes, base=base[1], base_taps=(1, 2))
    monkeypatch.setitem(config.PRESETS, "site", preset)


def learner(packed, *, team=parallel.ALONE, **wanted):
    plan = FitPlan.of(STEPS | wanted)
    made = Learner(packed, fitting.trainable(packed, plan), plan, device=CPU, team=team)
    if plan.cache_frozen:
        made.hear_once()
        made.cache = fitting.feature_cache.FeatureCache(packed)
    return made


def spread(one, clips):
    """Mean and deviation over the clips of what the ear of the average makes of them before it weighs anything."""
    ear, rows = one.average.audio, []
    for clip in clips:
        sound, counts = one._read([clip])
        below = sound if one.cache else one.model.below(sound.float() / 32_768, counts)
        rows.append(ear.statistics(*((below, counts) if one.cache else below)) * ear.scale + ear.shift)
    levelled = torch.cat(rows)
    return levelled.mean(dim=0), levelled.std(dim=0, correction=0)


@pytest.mark.parametrize("cache_frozen", [True, False])
def test_before_the_first_step_the_statistics_are_level_without_the_clips_that_were_withdrawn(packed, cache_frozen):
    one = learner(packed, cache_frozen=cache_frozen, learning_rate=1e-9)
    one.batches.drop([one.clips[0].key])

    one.step()

    with torch.no_grad():
        mean, deviation = spread(one, one.clips[1:])
    assert mean.abs().max() < 1e-3
    assert (deviation[deviation > 0.5] - 1).abs().max() < 1e-2
    assert (deviation > 0.5).float().mean() > 0.5  # the others hardly differ from clip to clip, and are left small


def test_a_learner_restored_from_its_state_goes_on_bit_for_bit_and_is_not_levelled_again(packed, monkeypatch):
    levelled, suit = [], audio.StatisticsEncoder.suit
    monkeypatch.setattr(audio.StatisticsEncoder, "suit", lambda ear, *how: (levelled.append(ear), suit(ear, *how)))
    unbroken, killed, again = (learner(packed, cache_frozen=True) for _ in range(3))
    for _ in range(4):
        unbroken.step()
    for _ in range(2):
        killed.step()

    again.restore(killed.state())
    for _ in range(2):
        again.step()

    for name in ("model", "average"):
        for key, weight in unbroken.state()[name].items():
            assert torch.equal(weight, again.state()[name][key]), key
    assert len(levelled) == 4  # the ears of the unbroken and of the killed, each learning and as an average


def learnt(packed):
    with parallel.joined() as team:
        one = learner(packed, team=team, cache_frozen=False)
        losses = [one.step() for _ in range(2)]
        return losses, one.average.audio.shift.tolist()


def test_two_processes_begin_where_one_would_and_learn_what_one_learns(packed, monkeypatch):
    # What is left out by chance is each process's own.
    monkeypatch.setattr(audio, "LEFT_OUT", 0.0)
    monkeypatch.setitem(config.PRESETS, "site", replace(config.PRESETS["site"], dropout=0.0))
    losses, shift = learnt(packed)

    for told_losses, found in answers(started(2, lambda: learnt(packed))):
        assert told_losses == pytest.approx(losses, abs=1e-4)
        assert found == pytest.approx(shift, abs=1e-3)
