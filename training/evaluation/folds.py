"""`python -m training.evaluation.folds --packed DIR --plan plan.json --out folds.json`: one voice left out at a time.

For every speaker a model is trained on all the others, from scratch and by the same plan, and asked about that
speaker's clips. The pooled answers give an honest figure for a corpus with few speakers: each clip is judged by a model
that never heard its voice, and nothing is chosen by looking at it. `--by language` leaves out a language instead.
A model on the fixed base is held against the base's own probe.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training import captions
from training.clara import ClaraConfig
from training.clara.checkpoint import write_durably
from training.evaluation import figures, probe, regressions, tower
from training.evaluation.hearing import Heard
from training.feature_cache import FeatureCache
from training.learner import Learner, Unlearnable, device_for
from training.packing import Packed, PackedClip
from training.plan import FitPlan

WAYS = ("suggestion", "probe", "log_mel_baseline")
BY = ("speaker", "language")


def leave_one_speaker_out(
    folder: Path, plan: FitPlan, *, at_once: int = 1, on_fold: Callable[[dict[str, Any]], object] = lambda fold: None
) -> dict[str, Any]:
    """Figures over all speakers of the packing in the folder, each unheard by the model that judged it.

    Up to `at_once` folds run side by side, each in its own process. Raises Unlearnable when there are fewer than two
    speakers, or when the others of some speaker cannot be learnt from.
    """
    return leave_one_out(folder, plan, by="speaker", at_once=at_once, on_fold=on_fold)


def leave_one_out(
    folder: Path,
    plan: FitPlan,
    *,
    by: str,
    at_once: int = 1,
    on_fold: Callable[[dict[str, Any]], object] = lambda fold: None,
) -> dict[str, Any]:
    """The same for every speaker, or for every language with all who speak it."""
    clips = labelled(Packed(folder))
    names = sorted({getattr(clip, by) for clip in clips})
    if len(names) < 2:
        raise Unlearnable(f"leaving a {by} out needs at least two; there are {len(names)}")
    if plan.cache_frozen:
        # Once for all folds, which only read it.
        Learner(Packed(folder), clips, plan, device=device_for(plan.device)).hear_once()
    told = {fold[by]: fold for fold in _folds(folder, by, names, plan, at_once, on_fold)}
    judged = [clip for name in names for clip in clips if getattr(clip, by) == name]
    truth, voices = [clip.emotion for clip in judged], [clip.speaker for clip in judged]
    said = {way: [emotion for name in names for emotion in told[name]["predicted"][way]] for way in WAYS}
    drawn: dict[str, Any] = {"draws": plan.bootstrap_draws, "seed": plan.seed}
    pooled = {way: figures.summary(truth, said[way], voices, **drawn) for way in WAYS}
    if by == "speaker" and ClaraConfig.preset(plan.preset).base:
        bare = _bare(Packed(folder), judged)
        pooled["bare_tower"] = figures.summary(truth, bare, voices, **drawn)
        pooled["suggestion_against_bare_tower"] = figures.paired(truth, said["suggestion"], bare, voices, **drawn)
    folds = [{name: fold[name] for name in fold if name != "predicted"} for fold in map(told.get, names) if fold]
    return {"by": by, "chance": 1 / len(set(truth)), **pooled, "folds": folds, "plan": plan.as_json()}


def _bare(packed: Packed, judged: list[PackedClip]) -> list[str]:
    """What the fixed base's own probe says of each clip, trained and chosen without its speaker."""
    truth, speakers = [clip.emotion for clip in judged], [clip.speaker for clip in judged]
    folds = [[row for row, one in enumerate(speakers) if one == speaker] for speaker in sorted(set(speakers))]
    return probe.by_folds(tower.layers(packed, judged), truth, speakers, folds)[0]


def labelled(packed: Packed) -> list[PackedClip]:
    """Every clip with a label, whatever split it was given."""
    return [clip for clip in packed.clips if clip.emotions]


def _folds(
    folder: Path,
    by: str,
    names: list[str],
    plan: FitPlan,
    at_once: int,
    on_fold: Callable[[dict[str, Any]], object],
) -> Iterator[dict[str, Any]]:
    # Spawned, not forked: torch's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=at_once, mp_context=context) as pool:
        for done in as_completed([pool.submit(fold_of, folder, name, plan, by=by) for name in names]):
            fold = done.result()
            on_fold({name: fold[name] for name in fold if name != "predicted"})
            yield fold


def fold_of(folder: Path, left_out: str, plan: FitPlan, *, by: str = "speaker") -> dict[str, Any]:
    """One fold: what a model that heard everybody else says of these clips, and how often it is right."""
    started = time.perf_counter()
    if plan.threads:
        torch.set_num_threads(plan.threads)
    packed = Packed(folder)
    unheard = [clip for clip in labelled(packed) if getattr(clip, by) == left_out]
    heard = [clip for clip in labelled(packed) if getattr(clip, by) != left_out]
    predicted = _predicted(packed, heard, unheard, plan)
    truth = [clip.emotion for clip in unheard]
    return {
        by: left_out,
        "clips": len(unheard),
        "seconds": round(time.perf_counter() - started, 1),
        **{way: figures.uar(truth, predicted[way]) for way in WAYS},
        "predicted": predicted,
    }


def _predicted(
    packed: Packed, heard: list[PackedClip], unheard: list[PackedClip], plan: FitPlan
) -> dict[str, list[str]]:
    learner = Learner(packed, heard, plan, device=device_for(plan.device))
    learner.cache = FeatureCache(packed) if plan.cache_frozen else None
    while learner.steps_done < learner.plan.steps:
        learner.step()
    languages = {clip.language for clip in heard}
    clara = learner.clara(captions.labels(learner.emotions, languages=languages))
    train, test = (Heard(clara, packed, clips, cache=learner.cache) for clips in (heard, unheard))
    pictures = [regressions.mel_statistics(clara, packed, clips) for clips in (heard, unheard)]
    return {
        "suggestion": test.suggested,
        "probe": probe.predicted({"embedding": np.concatenate([train.embeddings, test.embeddings])}, train, test),
        "log_mel_baseline": probe.predicted({"log-mel": np.concatenate(pictures)}, train, test),
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the folds of a packing and write their figures."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluation.folds", description=__doc__)
    parser.add_argument("--packed", type=Path, required=True)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--by", choices=BY, default="speaker", help="what is left out at a time")
    parser.add_argument("--at-once", type=int, default=os.cpu_count(), help="folds side by side; as many as cores")
    asked = parser.parse_args(arguments)
    measured = leave_one_out(
        asked.packed,
        FitPlan.read(asked.plan),
        by=asked.by,
        at_once=asked.at_once,
        on_fold=lambda fold: sys.stderr.write(json.dumps(fold) + "\n"),
    )
    write_durably(asked.out, json.dumps(measured, indent=2).encode() + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
