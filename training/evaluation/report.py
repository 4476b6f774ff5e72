"""The figures of one checkpoint on the test speakers of its release: what becomes eval.json."""

from __future__ import annotations

from collections import Counter
from typing import Any

from training.clara import Clara
from training.evaluation import figures, regressions
from training.packing import Packed, PackedClip
from training.plan import FitPlan

PROTOCOL = "eval-v1"


def evaluate(clara: Clara, packed: Packed, plan: FitPlan, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Zero-shot figures by language, the probe, and the log-mel baseline, all on speakers nobody trained on."""
    train = packed.split("train", without=without)
    every_test = packed.split("test", without=without)
    test = [clip for clip in every_test if clip.emotion in clara.labels]
    if not test:
        raise ValueError("no test clip has an emotion this checkpoint was trained on")
    truth, speakers = [clip.emotion for clip in test], [clip.speaker for clip in test]
    suggested = suggestions(clara, packed, test)
    told = {
        "zero_shot": suggested,
        "probe": _regressed(regressions.embeddings, clara, packed, train, test),
        "log_mel_baseline": _regressed(regressions.mel_statistics, clara, packed, train, test),
    }
    by_language = {
        language: _summary(truth, suggested, speakers, plan, where=[clip.language == language for clip in test])
        for language in sorted({clip.language for clip in test})
    }
    return {
        "protocol": PROTOCOL,
        "emotions": list(clara.labels),
        "chance": 1 / len(set(truth)),
        **{name: _summary(truth, predicted, speakers, plan) for name, predicted in told.items()},
        "by_language": by_language,
        "splits": {"train": counts(train), "test": counts(test)},
        "test_clips_of_untrained_emotions": len(every_test) - len(test),
    }


def suggestions(clara: Clara, packed: Packed, clips: list[PackedClip]) -> list[str]:
    """The likeliest emotion of each clip, as a suggestion would name it."""
    names = list(clara.labels)
    best = clara.scores([packed.waveform(clip) for clip in clips]).argmax(dim=1).tolist()
    return [names[index] for index in best]


def counts(clips: list[PackedClip]) -> dict[str, Any]:
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


def _regressed(
    features: Any, clara: Clara, packed: Packed, train: list[PackedClip], test: list[PackedClip]
) -> list[str]:
    emotions = [clip.emotion for clip in train]
    return regressions.by_regression(features(clara, packed, train), emotions, features(clara, packed, test))


def _summary(
    truth: list[str], predicted: list[str], speakers: list[str], plan: FitPlan, where: list[bool] | None = None
) -> dict[str, Any]:
    kept = [row for row, is_kept in enumerate(where or [True] * len(truth)) if is_kept]
    chosen = ([column[row] for row in kept] for column in (truth, predicted, speakers))
    return figures.summary(*chosen, draws=plan.bootstrap_draws, seed=plan.seed)
