"""The figures of one checkpoint on the test speakers of its release: what becomes eval.json.

`eval-v2` is frozen: a figure that is reckoned otherwise is a new protocol. It holds every key of eval-v1, of the same
meaning, but for two things: intervals draw whole speakers (bootstrap.py), and the regressions choose how hard they are
held among the training speakers (probe.py).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from training.clara import Clara
from training.evaluation import (
    calibration,
    figures,
    groups,
    languages,
    leaks,
    probe,
    regressions,
    retrieval,
    robustness,
    tower,
    zero_shot,
)
from training.evaluation.hearing import Heard, Listening
from training.feature_cache import FeatureCache
from training.packing import Packed, PackedClip
from training.plan import FitPlan

PROTOCOL = "eval-v2"


def evaluate(
    clara: Clara,
    packed: Packed,
    plan: FitPlan,
    *,
    without: frozenset[str] = frozenset(),
    cache: FeatureCache | None = None,
    listening: Listening | None = None,
) -> dict[str, Any]:
    """Every block of the protocol, all on speakers nobody trained on; raises ValueError when none can be judged.

    Training clips are read from the `cache` that the run learnt from; test clips, which it does not hold, are heard.
    What was heard of test clips is left in `listening`, for whoever compares it with another model's.
    """
    every_test = packed.split("test", without=without)
    train, dev, test = (
        Heard(clara, packed, [clip for clip in clips if clip.emotion in clara.labels], cache=cache, listening=listening)
        for clips in (packed.split("train", without=without), packed.split("dev", without=without), every_test)
    )
    if not len(test):
        raise ValueError("no test clip has an emotion this checkpoint was trained on")
    return {
        "protocol": PROTOCOL,
        "emotions": list(clara.labels),
        "chance": 1 / len(set(test.truth)),
        **recognised(train, test, draws=plan.bootstrap_draws, seed=plan.seed),
        **blocks(train, dev, test, draws=plan.bootstrap_draws, seed=plan.seed),
        "splits": {"train": counts(train.clips), "dev": counts(dev.clips), "test": counts(test.clips)},
        "test_clips_of_untrained_emotions": len(every_test) - len(test),
    }


def recognised(train: Heard, test: Heard, *, draws: int, seed: int) -> dict[str, Any]:
    """The ways of recognising: suggestions, over all and by language, the probe, and what both must beat."""
    said = test.suggested
    pictures = regressions.mel_statistics(test.clara, test.packed, [*train.clips, *test.clips])
    return {
        "zero_shot": figures.summary(test.truth, said, test.speakers, draws=draws, seed=seed),
        "probe": probe.measure(train, test, draws=draws, seed=seed),
        "log_mel_baseline": probe.on_features({"log-mel": pictures}, train, test, draws=draws, seed=seed),
        **bare_tower(train, test, draws=draws, seed=seed),
        "by_language": {
            language: _where(test, said, language, draws=draws, seed=seed) for language in sorted(set(test.languages))
        },
    }


def bare_tower(train: Heard, test: Heard, *, draws: int, seed: int) -> dict[str, Any]:
    """For a model on the fixed base: the base's own probe, and by how much CLARA's is above it on the same clips."""
    if not getattr(test.clara.config, "base", ""):
        return {}
    layers = tower.layers(test.packed, [*train.clips, *test.clips])
    bare = probe.predicted(layers, train, test)
    ours = probe.predicted({"embedding": np.concatenate([train.embeddings, test.embeddings])}, train, test)
    return {
        "bare_tower": figures.summary(test.truth, bare, test.speakers, draws=draws, seed=seed),
        "probe_against_bare_tower": figures.paired(test.truth, ours, bare, test.speakers, draws=draws, seed=seed),
    }


def blocks(train: Heard, dev: Heard, test: Heard, *, draws: int, seed: int) -> dict[str, Any]:
    """What else is told of a checkpoint, one block a module."""
    others, name = (dev, calibration.DEV) if len(dev) else (train, "train")
    return {
        "captions": zero_shot.measure(test, draws=draws, seed=seed),
        "retrieval": retrieval.measure(test, draws=draws, seed=seed),
        "leave_one_language_out": languages.measure(train, test, draws=draws, seed=seed),
        "robustness": robustness.measure(test, draws=draws, seed=seed),
        "worst_group": groups.measure(test, test.suggested, draws=draws, seed=seed),
        "calibration": calibration.measure(others, test, name=name, draws=draws, seed=seed),
        "leaks": leaks.measure(train, test, draws=draws, seed=seed),
    }


def suggestions(clara: Clara, packed: Packed, clips: list[PackedClip]) -> list[str]:
    """The likeliest emotion of each clip, as a suggestion would name it."""
    return Heard(clara, packed, clips).suggested


def counts(clips: list[PackedClip] | tuple[PackedClip, ...]) -> dict[str, Any]:
    """Clips, speakers and seconds, and how many clips of each language and emotion."""
    return {
        "clips": len(clips),
        "speakers": len({clip.speaker for clip in clips}),
        "seconds": round(sum(clip.duration_seconds for clip in clips), 1),
        "languages": dict(sorted(Counter(clip.language for clip in clips).items())),
        "emotions": dict(sorted(Counter(clip.emotion for clip in clips).items())),
        "corpora": dict(sorted(Counter(clip.corpus or "contributed" for clip in clips).items())),
        "label_methods": dict(sorted(Counter(clip.label_method or "counts-1" for clip in clips).items())),
    }


def _where(test: Heard, said: list[str], language: str, *, draws: int, seed: int) -> dict[str, Any]:
    rows = [row for row, tag in enumerate(test.languages) if tag == language]
    columns = ([column[row] for row in rows] for column in (test.truth, said, test.speakers))
    return figures.summary(*columns, draws=draws, seed=seed)
