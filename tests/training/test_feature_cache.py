"""Frozen layers listen once: what they heard is kept, read in place of the sound, and forgotten with the clip."""

import json

import numpy as np
import pytest
import torch

from tests.training.test_fit import PLAN, fit, run_folder, stopping_after, told
from training import captions, feature_cache, packing
from training.clara import Clara
from training.evaluation import hearing
from training.evaluation.hearing import Heard
from training.fit import Stopped
from training.learner import Learner
from training.packing import Packed
from training.plan import FitPlan, UnusablePlan

CPU = torch.device("cpu")
SITE = PLAN | {"preset": "site", "steps": 4, "warmup_steps": 1, "batch_seconds": 4, "steps_per_state": 2}


def below(waveforms, sample_counts):
    """A layer that hears blocks of ten samples: (batch, tokens, 1, 10)."""
    assert waveforms.shape[1] >= 10
    tokens = waveforms[:, : waveforms.shape[1] // 10 * 10].unflatten(1, (-1, 1, 10))
    return tokens * 100, torch.div(sample_counts, 10, rounding_mode="floor")


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    return run_folder(tmp_path_factory.mktemp("run")) / "release"


@pytest.fixture
def packed(release, tmp_path):
    return packing.pack(release, tmp_path / "packed")


def made(packed, *, frozen="a base", **how):
    return feature_cache.made(packed, packed.clips, below, frozen=frozen, longest_seconds=0.65, device=CPU, **how)


def test_what_is_kept_is_what_was_heard_of_the_clip_and_no_padding(packed):
    cache = made(packed)

    for clip in packed.clips:
        sound = packed.waveform(clip)[: int(0.65 * 16_000)]
        expected = sound[: len(sound) // 10 * 10].reshape(-1, 1, 10) / 327.68
        assert cache.tokens(clip).dtype == np.float16
        assert cache.tokens(clip) == pytest.approx(expected, abs=0.05)


def test_a_cache_in_the_making_goes_on_where_it_was_killed(packed, monkeypatch):
    monkeypatch.setattr(feature_cache, "CLIPS_A_SHARD", 10)
    kept = packed.folder / feature_cache.FOLDER / "00000.float16"

    def stopping(done, of):
        if done == 20:
            raise Stopped

    with pytest.raises(Stopped):
        made(packed, on_shard=stopping)
    first = kept.stat().st_mtime_ns
    made(packed)

    assert kept.stat().st_mtime_ns == first
    assert len(list(kept.parent.glob("*.json"))) == 5


def test_what_another_base_heard_or_was_heard_of_other_clips_is_not_read(packed, monkeypatch):
    monkeypatch.setattr(feature_cache, "CLIPS_A_SHARD", 10)
    made(packed)
    some = packed.clips[:20]

    cache = feature_cache.made(
        packed, some, lambda *sound: (-below(*sound)[0], below(*sound)[1]),
        frozen="another base", longest_seconds=0.65, device=CPU,
    )  # fmt: skip

    for clip in some:
        assert cache.tokens(clip)[0] == pytest.approx(packed.waveform(clip)[:10][None] / -327.68, abs=0.05)
    with pytest.raises(KeyError):
        cache.tokens(packed.clips[47])


def test_a_withdrawn_clip_leaves_the_cache_and_the_others_stay(packed):
    cache = made(packed)
    kept = {clip.key: cache.tokens(clip) for clip in packed.clips}

    feature_cache.erase(packed, frozenset(["clip00002", "nobody"]))

    for clip in packed.clips:
        expected = 0 * kept[clip.key] if clip.key == "clip00002" else kept[clip.key]
        assert np.array_equal(feature_cache.FeatureCache(packed).tokens(clip), expected)
        assert np.array_equal(cache.tokens(clip), expected)


def test_a_packing_made_anew_takes_its_cache_with_it(packed, release):
    made(packed)
    (packed.folder / packing.INDEX).unlink()

    again = packing.pack(release, packed.folder)

    assert not (again.folder / feature_cache.FOLDER).exists()


def test_a_run_on_the_fixed_base_hears_each_clip_once_and_forgets_who_withdraws_meanwhile(tmp_path):
    folder = run_folder(tmp_path, SITE, clips_each=1)
    with pytest.raises(Stopped):
        fit(folder, is_stopping=stopping_after(12 + 1 + 2))
    first = {path.name: path.stat().st_mtime_ns for path in (folder / "packed" / "features").glob("*.json")}
    (folder / "dropped.json").write_text(json.dumps(["clip00002"]))

    fit(folder)

    packed = Packed(folder / "packed")
    assert {path.name: path.stat().st_mtime_ns for path in (folder / "packed" / "features").glob("*.json")} == first
    cache = feature_cache.FeatureCache(packed)
    silent = {clip.key for clip in packed.split("train") if not cache.tokens(clip).any()}
    assert silent == {"clip00002"}
    assert [line["dropped"] for line in told(folder) if "dropped" in line] == [["clip00002"]]
    assert not any("base" in name for name in Clara.load(folder / "export").model.state_dict())
    assert sum(path.stat().st_size for path in (folder / "export").iterdir()) < 12_000_000


def test_clips_that_were_heard_once_are_judged_by_what_was_kept_of_them_and_alike(packed, monkeypatch):
    plan = FitPlan.of(SITE)
    clips = packed.split("train")[:5]
    learner = Learner(packed, clips, plan, device=CPU)
    learner.hear_once()
    clara = learner.clara(captions.labels(learner.emotions, languages=["en"]))
    heard, partly = Heard(clara, packed, clips), packed.split("test")[:1]
    expected = heard.embeddings, heard.probabilities

    monkeypatch.setattr(hearing, "CLIPS_AT_ONCE", 2)
    kept = Heard(clara, packed, clips, cache=feature_cache.FeatureCache(packed))
    elsewhere = Heard(clara, packed, partly, cache=feature_cache.FeatureCache(packed))

    with monkeypatch.context() as patch:
        patch.setattr(Packed, "waveform", None)
        assert kept.embeddings == pytest.approx(expected[0], abs=2e-3)
        assert kept.probabilities == pytest.approx(expected[1], abs=2e-3)
        assert np.array_equal(kept.where(lambda clip: clip == clips[3]).probabilities, kept.probabilities[3:4])
    assert elsewhere.embeddings.shape == (1, clara.config.width)


def test_only_a_preset_with_frozen_layers_can_keep_what_they_hear():
    assert FitPlan.of({"preset": "site"}).cache_frozen
    with pytest.raises(UnusablePlan, match="nano has no frozen layers"):
        FitPlan.of({"preset": "nano", "cache_frozen": True})
