"""Several right answers against one, on speech: `OE_PACKED=FOLDER ./run bench tests/benchmarks/test_soft_targets.py`.

FOLDER is a packing beside which a run has left what the fixed base heard (features/). The linear learner of
tests/training/test_soft_targets.py learns from the mean and spread of that with each way of saying what is right, on
the same captions, batches and first weights; every sixth of the speakers is left out once, and the pooled answers are
zero-shot by held-out templates. Corpora whose labels are what an actor intended have whole votes: there it is told
what several right answers are worth, and nothing of shares. The table is left in var/benchmarks/soft-targets.md.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tests.benchmarks.corpora import CACHE
from tests.benchmarks.tables import markdown
from tests.training.clips import clip
from tests.training.linear_learner import WAYS, Lesson, LinearLearner
from training.evaluation.figures import uar
from training.feature_cache import FeatureCache
from training.packing import Packed, PackedClip

PACKED = os.environ.get("OE_PACKED", "")
REPORT = CACHE / "soft-targets.md"
FOLDS, WIDTH, RATE = 6, 32, 0.01
SEEDS, STEPS, BATCH = (5, 300, 512) if PACKED else (1, 20, 64)


def test_several_right_answers_are_held_against_one_on_speakers_that_were_left_out():
    clips, features = cached(Path(PACKED)) if PACKED else made_up()

    rows = [compared(clips, features, seed=seed) for seed in range(SEEDS)]

    table = report(clips, rows)
    sys.stderr.write(table)
    assert all(0 <= row[way] <= 1 for row in rows for way in WAYS)
    if PACKED:
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_text(table, encoding="utf-8")


def cached(folder: Path) -> tuple[list[PackedClip], Tensor]:
    """The packing's labelled clips that were heard, and mean and spread over time of what was heard (clips, width)."""
    packed = Packed(folder)
    heard = FeatureCache(packed)
    clips, rows = [], []
    for one in packed.clips:
        try:
            tokens = heard.tokens(one).astype(np.float32).reshape(-1, np.prod(heard.tokens(one).shape[1:]))
        except KeyError:
            continue
        if one.emotions:
            clips.append(one)
            rows.append(np.concatenate([tokens.mean(axis=0), tokens.std(axis=0)]))
    return clips, torch.tensor(np.stack(rows))


def made_up() -> tuple[list[PackedClip], Tensor]:
    """Six speakers who sound like their emotions, to see that the comparison runs."""
    random = np.random.default_rng(0)
    emotions = ["anger", "fear", "sadness"]
    clips = [
        clip(f"{speaker}-{n}", speaker=str(speaker), language="en", emotions={emotions[n % 3]: 1.0})
        for speaker in range(6)
        for n in range(12)
    ]
    sounds = [np.eye(3)[emotions.index(one.emotion)] + 0.3 * random.standard_normal(3) for one in clips]
    return clips, torch.tensor(np.stack(sounds), dtype=torch.float32)


def compared(clips: Sequence[PackedClip], features: Tensor, *, seed: int) -> dict[str, float]:
    """By way, the unweighted average recall over all speakers, each judged by a learner that never heard it."""
    emotions = sorted({one.emotion for one in clips})
    speakers = np.random.default_rng(seed).permutation(sorted({one.speaker for one in clips}))
    named: dict[str, list[str]] = {way: [] for way in WAYS}
    truth: list[str] = []
    for fold in range(FOLDS):
        left_out = set(speakers[fold::FOLDS])
        unheard = [row for row, one in enumerate(clips) if one.speaker in left_out]
        heard = [row for row, one in enumerate(clips) if one.speaker not in left_out]
        if not unheard:
            continue
        known = (features - features[heard].mean(dim=0)) / (features[heard].std(dim=0) + 1e-6)
        languages = sorted({one.language for one in clips})
        taught = [clips[row] for row in heard]
        lesson = Lesson(taught, known[heard], emotions=emotions, seed=seed, languages=languages)
        for way in WAYS:
            learner = LinearLearner(lesson, width=WIDTH).learn(way, steps=STEPS, batch=BATCH, rate=RATE)
            named[way] += [emotions[place] for place in learner.scores(known[unheard]).argmax(axis=1)]
        truth += [clips[row].emotion for row in unheard]
    return {way: uar(truth, named[way]) for way in WAYS}


def report(clips: Sequence[PackedClip], rows: Sequence[dict[str, float]]) -> str:
    """The figures by seed, and the mean of the paired differences with its spread over the seeds."""
    less = np.array([row["soft"] - row["one-hot"] for row in rows])
    told = [
        (seed, *(f"{row[way]:.3f}" for way in WAYS), f"{gap:+.3f}")
        for seed, (row, gap) in enumerate(zip(rows, less, strict=True))
    ]
    spread = f", standard deviation {less.std(ddof=1):.3f}" if len(less) > 1 else ""
    speakers = len({one.speaker for one in clips})
    return (
        f"{len(clips)} clips of {speakers} speakers, a sixth of them left out at a time; UAR.\n\n"
        + markdown(("seed", *WAYS, "difference"), told)
        + f"\nMean difference {less.mean():+.3f}{spread}.\n"
    )
