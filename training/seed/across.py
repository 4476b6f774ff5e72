"""`python -m training.seed.across --data DIR --out DIR`: from one corpus to the other, into other words, and controls.

DIR are the folders of `python -m training.seed`, whose packings and features are used again. Models of the preset
`site` learn from one of the two corpora and are asked about the emotions that the other one has too; then, of both, the
first sixth of the speakers is left out, once under true labels and once under each other's. Captions speak all
languages of the grammar but those of WORDS_LEFT_OUT, whose words are asked for all the same. Everything is told in
`across.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training import fit
from training.clara.checkpoint import write_durably
from training.evaluation import figures, probe, robustness, tower, zero_shot
from training.evaluation.hearing import Heard
from training.feature_cache import FeatureCache
from training.packing import Packed, PackedClip
from training.plan import FitPlan
from training.seed import held_out, making

WORDS_LEFT_OUT = ("de", "es")
WORDS_ASKED = ("en", "pl", *WORDS_LEFT_OUT)
DRAWS = 10_000
# One in so many clips of the voices left out is disturbed, which makes each be heard anew.
DISTURBED_EVERY = 4


def plan() -> FitPlan:
    """How every model here learns: as a site's, with captions in all languages but those left out."""
    languages = [language for language in making.languages() if language not in WORDS_LEFT_OUT]
    return FitPlan.of({"preset": "site", "device": "cpu", "caption_languages": languages})


def measured(packed: Packed, plan: FitPlan, *, cache: FeatureCache | None) -> dict[str, Any]:
    """Every figure."""
    clips = making.labelled(packed)
    layers = _layers(packed, clips, cache)
    one, other = making.CORPORA
    told: dict[str, Any] = {"plan": plan.as_json(), "words_left_out": list(WORDS_LEFT_OUT)}
    for taught, asked in ((one, other), (other, one)):
        told[f"{taught} to {asked}"] = crossed(packed, clips, layers, plan, cache, taught=taught, asked=asked)
    unheard = held_out.speaker_groups(clips)[0]
    return told | left_out(packed, clips, plan, cache, speakers=unheard)


def crossed(
    packed: Packed,
    clips: Sequence[PackedClip],
    layers: dict[str, np.ndarray],
    plan: FitPlan,
    cache: FeatureCache | None,
    *,
    taught: str,
    asked: str,
) -> dict[str, Any]:
    """A model taught by one corpus, asked for the shared emotions of the other; and the bare tower's probe likewise."""
    shared = set.intersection(*({clip.emotion for clip in clips if clip.corpus == name} for name in (taught, asked)))
    sides = [
        np.array([row for row, clip in enumerate(clips) if clip.corpus == name and clip.emotion in shared])
        for name in (taught, asked)
    ]
    clara = making.trained(packed, [clip for clip in clips if clip.corpus == taught], plan, cache=cache)
    train, test = (Heard(clara, packed, [clips[row] for row in rows], cache=cache) for rows in sides)
    truth, speakers = test.truth, test.speakers
    emotions = sorted(shared)
    said = {"suggestion": suggested(test, emotions)}
    said |= {f"words in {language}": zero_shot.nearest(test, emotions, language) for language in WORDS_ASKED}
    embeddings = np.concatenate([train.embeddings, test.embeddings])
    rows = np.arange(len(train)), np.arange(len(train), len(train) + len(test))
    every = [*train.clips, *test.clips]
    labels, voices = [clip.emotion for clip in every], [clip.speaker for clip in every]
    said["probe"], _ = probe.held_out({"embedding": embeddings}, labels, voices, *rows)
    bare = {name: heard[np.concatenate(sides)] for name, heard in layers.items()}
    said["bare tower, probe"], _ = probe.held_out(bare, labels, voices, *rows)
    return {
        "emotions": emotions,
        "chance": 1 / len(emotions),
        **{way: figures.summary(truth, found, speakers, draws=DRAWS) for way, found in said.items()},
        "against the bare tower": {
            way: figures.paired(truth, said[way], said["bare tower, probe"], speakers, draws=DRAWS)
            for way in ("suggestion", "probe")
        },
    }


def left_out(
    packed: Packed, clips: Sequence[PackedClip], plan: FitPlan, cache: FeatureCache | None, *, speakers: frozenset[str]
) -> dict[str, Any]:
    """Of speakers that were left out: suggestions after true and after shuffled labels, and disturbed ones."""
    others = [clip for clip in clips if clip.speaker not in speakers]
    theirs = [clip for clip in clips if clip.speaker in speakers]
    told: dict[str, Any] = {}
    for name, taught in (("true labels", others), ("shuffled labels", fit.shuffled(others, seed=plan.seed))):
        clara = making.trained(packed, taught, plan, cache=cache)
        told[name] = {}
        for corpus in sorted({clip.corpus or "" for clip in theirs}):
            test = Heard(clara, packed, [clip for clip in theirs if clip.corpus == corpus], cache=cache)
            emotions = sorted(set(test.truth))
            found = figures.summary(test.truth, suggested(test, emotions), test.speakers, draws=DRAWS)
            told[name][corpus] = found | {"chance": 1 / len(emotions)}
        if taught is others:
            # Drawn: taken in order, a corpus whose speakers come in turn would give one speaker only.
            places = np.random.default_rng(plan.seed).permutation(len(theirs))[::DISTURBED_EVERY]
            some = Heard(clara, packed, [theirs[place] for place in sorted(places)], cache=cache)
            # As the features were heard, see making.heard_once.
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=cache is not None):
                told["robustness"] = robustness.measure(some, draws=DRAWS)
            told["robustness"]["clean"] = figures.summary(some.truth, some.suggested, some.speakers, draws=DRAWS)
    return told


def suggested(heard: Heard, emotions: Sequence[str]) -> list[str]:
    """The likeliest of some emotions for each clip, as a suggestion shares itself out among them."""
    names = list(heard.clara.labels)
    best = heard.probabilities[:, [names.index(emotion) for emotion in emotions]].argmax(axis=1)
    return [emotions[column] for column in best]


def _layers(packed: Packed, clips: Sequence[PackedClip], cache: FeatureCache | None) -> dict[str, np.ndarray]:
    """What the bare tower hears of each clip, on average over time: by layer (clips, width).

    With a cache these are the layers that the models hear too, each token normed as it is for them.
    """
    if cache is None:
        return tower.layers(packed, clips)
    heard = np.stack([cache.tokens(clip).mean(axis=0, dtype=np.float32) for clip in clips])  # (clips, taps, width)
    return {f"tap {tap}": heard[:, tap] for tap in range(heard.shape[1])}


def main(arguments: list[str] | None = None) -> int:
    """Measure, and say where it is told."""
    parser = argparse.ArgumentParser(prog="python -m training.seed.across", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args(arguments)
    torch.set_num_threads(1)
    packed = making.packed_corpora(asked.data, asked.out / "packed")
    cache = making.heard_once(packed, plan())
    told = measured(packed, plan(), cache=cache)
    write_durably(asked.out / "across.json", json.dumps(told, indent=1, ensure_ascii=False).encode() + b"\n")
    sys.stdout.write(f"{asked.out / 'across.json'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
