"""What the seed head is made of: two corpora, one plan, and a training on all or some of their speakers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from training import captions, packing
from training.clara import Clara
from training.feature_cache import FeatureCache
from training.learner import Learner, device_for
from training.packing import Packed, PackedClip
from training.plan import FitPlan

# Both are CC BY-NC-SA 4.0, and so is what is made of them. No other emotional corpus has a part in the seed head.
CORPORA = ("ravdess", "nemo")
LICENCE = "CC-BY-NC-SA-4.0"


def plan() -> FitPlan:
    """How every seed head learns: the base heard once, and captions in all languages of the grammar."""
    return FitPlan.of(
        {
            "preset": "seed",
            "device": "cpu",
            "cache_frozen": True,
            "caption_languages": languages(),
            # Some 90 clips a batch. Tried on a sixth of the voices alone: twice the rate with twice the say of the head
            # changed nothing (suggestions 0.756 and 0.592 UAR on RAVDESS and nEMO, against 0.764 and 0.596).
            "batch_seconds": 256.0,
            "steps": 300,
            "warmup_steps": 20,
            "learning_rate": 1e-3,
        }
    )


def packed_corpora(data: Path, folder: Path) -> Packed:
    """The corpora in the folders `ravdess` and `nemo` of `data`, packed once; raises NoCorpus or Unpackable."""
    return packing.joined(packing.pack_named(name, data, folder / name) for name in CORPORA)


def labelled(packed: Packed) -> list[PackedClip]:
    """Every clip with an emotion."""
    return [clip for clip in packed.clips if clip.emotions]


def heard_once(
    packed: Packed, plan: FitPlan, *, on_shard: Callable[[int, int], None] = lambda done, of: None
) -> FeatureCache:
    """What the fixed base hears of every clip, kept beside the packing, so that all folds read it."""
    device = device_for(plan.device)
    learner = Learner(packed, labelled(packed), plan, device=device)
    # A quarter of the time of float32 on a processor that multiplies in bfloat16; what that rounds off is far less than
    # from one clip of an emotion to the next, and a suggestion is computed in float32.
    with torch.autocast(device.type, dtype=torch.bfloat16):
        learner.hear_once(on_shard=on_shard)
    return FeatureCache(packed)


def trained(packed: Packed, clips: Sequence[PackedClip], plan: FitPlan, *, cache: FeatureCache | None) -> Clara:
    """A CLARA that learnt from these clips by the plan and knows its labels in every language of the grammar."""
    learner = Learner(packed, list(clips), plan, device=device_for(plan.device))
    learner.cache = cache
    while learner.steps_done < learner.plan.steps:
        learner.step()
    return learner.clara(captions.labels(learner.emotions, languages=plan.caption_languages))


def languages() -> list[str]:
    """The languages that the site writes its captions in."""
    return sorted(path.stem for path in captions.GRAMMARS.glob("*.json"))
