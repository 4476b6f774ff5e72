"""`python -m training.fit --folder DIR`: one training run, from a frozen release to an exported checkpoint.

It reads files and writes files; it knows no database and no Django. Killed at any moment, it is started again on
the same folder and goes on from its newest state. Exit codes: 0 done, 75 resume me, anything else a failure told on
stderr and in the last line of progress.jsonl.

`torchrun --nproc-per-node 2 -m training.fit --folder DIR` does the same with several processes, on one machine or on
many that share the folder; the first of them alone writes into it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training import captions, feature_cache, packing, parallel, resumption
from training.clara import Clara
from training.dev_recall import DevRecall
from training.evaluation import calibration, card, comparison, page, report
from training.learner import Learner, Unlearnable, device_for
from training.pace import Pace
from training.packing import Packed, PackedClip
from training.parallel import ALONE, Team
from training.plan import FitPlan
from training.progress import Progress

RESUME_ME = 75  # EX_TEMPFAIL
EXPORT_TOLERANCE = 1e-5
RESTRICTIONS = "use_restrictions.json"


class Stopped(Exception):
    """The run was asked to stop and can be taken up again."""


def fit(
    folder: Path, *, progress: Progress, is_stopping: Callable[[], bool] = lambda: False, team: Team = ALONE
) -> None:
    """Pack the release in the folder, train by its plan, evaluate on its test speakers and export the checkpoint.

    Raises Stopped when asked to stop; Unpackable, UnusablePlan, Unlearnable or Diverged when it cannot be done.
    """
    plan = FitPlan.read(folder / "plan.json")
    restrictions = restrictions_of(folder / "release")
    device = device_for(plan.device)
    if plan.threads:
        torch.set_num_threads(plan.threads)

    packed = pack(folder, progress, is_stopping, team)
    learner = Learner(packed, trainable(packed, plan), plan, device=device, team=team)
    plan = learner.plan
    if plan.cache_frozen:
        learner.cache = cached(learner, folder, progress, is_stopping)
    pace = Pace(device, processes=team.size)
    learn(learner, folder, progress, is_stopping, pace)
    if not team.leads:
        return
    dropped = learner.batches.dropped | withdrawn(folder)

    progress.tell("evaluating", step=plan.steps, steps=plan.steps, **pace.mean())
    languages = {clip.language for clip in packed.split("train", without=dropped)}
    clara = learner.clara(captions.labels(learner.emotions, languages=languages))
    rivals = comparison.rivals(clara, folder)
    listening = rivals.listening(packed)
    measured = report.evaluate(clara, packed, plan, without=dropped, cache=learner.cache, listening=listening)
    # From here on as it is served: the gate weighs what people will see.
    calibration.serve(clara, measured)
    stop_if(is_stopping)
    comparison.write(rivals, packed, folder, listening=listening, without=dropped)
    stop_if(is_stopping)

    progress.tell("exporting", step=plan.steps, steps=plan.steps)
    facts = {
        "steps": learner.steps_done,
        "steps_skipped": learner.steps_skipped,
        "device": device.type,
        "processes": team.size,
        "clips_dropped": len(dropped),
        "release_digest": packed.release_digest,
        "plan": plan.as_json(),
    }
    export(clara, {**measured, "training": facts}, packed, restrictions, folder / "export")
    figure = {name: measured["zero_shot"][name] for name in ("uar", "interval")}
    progress.tell("exporting", step=plan.steps, steps=plan.steps, done=True, **figure)


def restrictions_of(release: Path) -> bytes:
    """What nobody may do with the release, and so with the model; raises Unlearnable where it does not say."""
    try:
        content = (release / RESTRICTIONS).read_bytes()
        named = [(use["id"], use["words"]["en"]) for use in json.loads(content)["use_restrictions"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unlearnable(f"the release has no readable {RESTRICTIONS}: {error}") from error
    if not named:
        raise Unlearnable(f"{RESTRICTIONS} names nothing that is not allowed")
    return content


def pack(folder: Path, progress: Progress, is_stopping: Callable[[], bool], team: Team) -> Packed:
    """The packed release of the run, made now or on an earlier attempt."""

    def on_clip(done: int, of: int) -> None:
        stop_if(is_stopping)
        if done % 100 == 0 or done == of:
            progress.tell("packing", step=done, steps=of)

    if team.leads:
        packing.pack(folder / "release", folder / "packed", on_clip=on_clip)
    team.wait()
    return Packed(folder / "packed")


def trainable(packed: Packed, plan: FitPlan) -> list[PackedClip]:
    """The clips to learn from, of those without labels the ones that can teach without.

    Raises Unlearnable when the release has nobody to learn from or to be measured on.
    """
    train, test = packed.split("train"), packed.split("test")
    if not train:
        raise Unlearnable("the release has no labelled clip in its train split")
    if not test:
        raise Unlearnable("the release has no test speaker: what was learnt could not be measured on an unheard voice")
    if plan.shuffle_labels:
        train = shuffled(train, seed=plan.seed)
    # Without labels, two hearings of a clip or its words can teach.
    others = (clip for clip in packed.clips if clip.split == "train" and not clip.emotions)
    train += [clip for clip in others if plan.augment or clip.transcript]
    if shared := {clip.speaker for clip in train} & {clip.speaker for clip in test}:
        raise Unlearnable(f"{len(shared)} speakers are in both train and test")
    return train


def shuffled(clips: list[PackedClip], *, seed: int) -> list[PackedClip]:
    """The clips under each other's labels and descriptions: what is learnt of them is what chance teaches."""
    random = np.random.default_rng(seed)
    others = (clips[place] for place in random.permutation(len(clips)))
    return [
        replace(clip, emotions=other.emotions, intensity=other.intensity, styles=other.styles, texts=other.texts)
        for clip, other in zip(clips, others, strict=True)
    ]


def cached(
    learner: Learner, folder: Path, progress: Progress, is_stopping: Callable[[], bool]
) -> feature_cache.FeatureCache:
    """What the frozen layers hear of the clips, made now or on an earlier attempt; withdrawn clips are not heard."""

    def on_shard(done: int, of: int) -> None:
        stop_if(is_stopping)
        progress.tell("packing", step=done, steps=of, heard=done)
        silence(learner.packed, withdrawn(folder))

    if learner.team.leads:
        learner.hear_once(on_shard=on_shard)
    learner.team.wait()
    return feature_cache.FeatureCache(learner.packed)


def learn(learner: Learner, folder: Path, progress: Progress, is_stopping: Callable[[], bool], pace: Pace) -> None:
    """Take all steps of the plan, keeping the state on the way; withdrawn clips leave whenever it is kept."""
    plan, team, losses = learner.plan, learner.team, []
    dev = DevRecall(learner)
    resume(learner, folder)
    progress.tell("training", step=learner.steps_done, steps=plan.steps, resumed=bool(learner.steps_done))
    drop_withdrawn(learner, folder, progress)
    while learner.steps_done < plan.steps:
        pace.took(len(learner.batches.peek()))
        losses.append(learner.step())
        if learner.steps_done % plan.steps_per_progress == 0:
            tell_step(learner, progress, losses, pace, dev)
            losses.clear()
        is_last, is_stopped = learner.steps_done == plan.steps, team.any(is_stopping())
        if is_last or is_stopped or learner.steps_done % plan.steps_per_state == 0:
            dev.forget(drop_withdrawn(learner, folder, progress))
            if team.leads:
                resumption.keep(folder / "state", learner.state(), step=learner.steps_done)
                progress.tell("training", step=learner.steps_done, steps=plan.steps, kept=learner.steps_done)
        if is_stopped:
            # Whoever starts the processes may end them all as soon as one of them has gone.
            team.wait()
            raise Stopped


def tell_step(learner: Learner, progress: Progress, losses: list[float], pace: Pace, dev: DevRecall) -> None:
    """Tell the loss of late, the speed and, now and then, what is recalled of the dev speakers."""
    if not learner.team.leads:
        return
    real = [loss for loss in losses if math.isfinite(loss)]
    facts = {"loss": round(sum(real) / len(real), 5) if real else None}
    if dev.is_due(learner.steps_done):
        facts["recall"] = dev.measured()
    steps = learner.plan.steps
    facts |= pace.facts(steps_left=steps - learner.steps_done)
    progress.tell("training", step=learner.steps_done, steps=steps, **facts)


def resume(learner: Learner, folder: Path) -> None:
    """Stand where the newest state was taken that fits; all processes at the same place."""
    state: dict[str, Any] | None = None
    if learner.team.leads:
        kept = resumption.newest(folder / "state")
        state = kept if kept and learner.fits(kept) else None
    step = learner.team.told_by_leader(state and state["steps_done"])
    if step is not None:
        learner.restore(state or resumption.at(folder / "state", step=step))


def drop_withdrawn(learner: Learner, folder: Path, progress: Progress) -> frozenset[str]:
    """Leave out, and silence wherever the run holds it, every clip that the parent says was withdrawn: their keys."""
    keys = frozenset(learner.team.told_by_leader(sorted(withdrawn(folder))))
    if newly := learner.batches.drop(keys):
        progress.tell("training", step=learner.steps_done, steps=learner.plan.steps, dropped=newly)
    if learner.team.leads:
        silence(learner.packed, keys)
    return keys


def silence(packed: Packed, keys: frozenset[str]) -> None:
    """Overwrite the sound of these clips, and what frozen layers heard of it, durably."""
    packing.erase(packed, keys)
    feature_cache.erase(packed, keys)


def withdrawn(folder: Path) -> frozenset[str]:
    """The keys in dropped.json; none when the parent wrote none."""
    try:
        return frozenset(json.loads((folder / "dropped.json").read_bytes()))
    except FileNotFoundError:
        return frozenset()


def export(clara: Clara, measured: dict, packed: Packed, restrictions: bytes, folder: Path) -> None:
    """Write the checkpoint, its figures and its card in one step; raises when it does not reload to the same model."""
    making = folder.with_name(f".{folder.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    clara.save(making)
    measured["training"]["reload_gap"] = reload_gap(clara, packed, making)
    (making / "eval.json").write_text(json.dumps(measured, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (making / "eval.html").write_text(page.written(measured, title=f"CLARA {clara.config.name}"), encoding="utf-8")
    told = card.written(measured, clara, restrictions=json.loads(restrictions))
    (making / "README.md").write_text(told, encoding="utf-8")
    (making / RESTRICTIONS).write_bytes(restrictions)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(making, folder)


def reload_gap(clara: Clara, packed: Packed, folder: Path) -> float:
    """By how much the checkpoint in the folder embeds some test clips differently; raises where that is too much.

    Both are asked on the same device: two devices round differently, and that is no fault of the files.
    """
    some = [packed.waveform(clip) for clip in packed.split("test")[:8]]
    again = Clara.load(folder, device=clara.device)
    gap = float((again.embed_audio(some) - clara.embed_audio(some)).abs().max())
    if not gap <= EXPORT_TOLERANCE:
        raise RuntimeError(f"the exported checkpoint embeds differently, by {gap:.2e}")
    return gap


def stop_if(is_stopping: Callable[[], bool]) -> None:
    """Raise Stopped when the run is asked to stop."""
    if is_stopping():
        raise Stopped


def main(arguments: list[str] | None = None) -> int:
    """Run the child, alone or as one of torchrun's processes, and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.fit", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the run folder, with release/ and plan.json")
    folder = parser.parse_args(arguments).folder
    parallel.die_with_launcher()
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: asked.append(received))
    with parallel.joined() as team:
        progress = Progress(folder / "progress.jsonl") if team.leads else Progress.unheard()
        try:
            fit(folder, progress=progress, is_stopping=lambda: bool(asked), team=team)
        except Stopped:
            # torchrun makes 1 of every code that is not 0, so the last line says it too.
            progress.tell_stop()
            return RESUME_ME
        except Exception as error:
            if asked and not team.leads:
                # The leader was stopped where the others only wait for it.
                return RESUME_ME
            reason = f"{type(error).__name__}: {error}"
            sys.stderr.write(f"training.fit: {reason}\n")
            progress.tell_failure(reason)
            raise
    return 0


if __name__ == "__main__":
    sys.exit(main())
