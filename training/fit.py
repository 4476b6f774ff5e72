"""`python -m training.fit --folder DIR`: one training run, from a frozen release to an exported checkpoint.

It reads files and writes files; it knows no database and no Django. Killed at any moment, it is started again on
the same folder and goes on from its newest state. Exit codes: 0 done, 75 resume me, anything else a failure told on
stderr and in the last line of progress.jsonl.
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
from pathlib import Path

import torch

from training import captions, packing, resumption
from training.clara import Clara
from training.evaluation import card, report
from training.learner import Learner, Unlearnable, device_for
from training.packing import Packed
from training.plan import FitPlan
from training.progress import Progress

RESUME_ME = 75  # EX_TEMPFAIL
EXPORT_TOLERANCE = 1e-5
RESTRICTIONS = "use_restrictions.json"


class Stopped(Exception):
    """The run was asked to stop and can be taken up again."""


def fit(folder: Path, *, progress: Progress, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Pack the release in the folder, train by its plan, evaluate on its test speakers and export the checkpoint.

    Raises Stopped when asked to stop; Unpackable, UnusablePlan, Unlearnable or Diverged when it cannot be done.
    """
    plan = FitPlan.read(folder / "plan.json")
    restrictions = restrictions_of(folder / "release")
    device = device_for(plan.device)
    if plan.threads:
        torch.set_num_threads(plan.threads)

    packed = pack(folder, progress, is_stopping)
    learner = Learner(packed, trainable(packed), plan, device=device)
    learn(learner, folder, progress, is_stopping)
    dropped = learner.batches.dropped | withdrawn(folder)

    progress.tell("evaluating", step=plan.steps, steps=plan.steps)
    languages = {clip.language for clip in packed.split("train", without=dropped)}
    clara = learner.clara(captions.labels(learner.emotions, languages=languages))
    measured = report.evaluate(clara, packed, plan, without=dropped)
    stop_if(is_stopping)

    progress.tell("exporting", step=plan.steps, steps=plan.steps)
    facts = {
        "steps": learner.steps_done,
        "steps_skipped": learner.steps_skipped,
        "device": device.type,
        "clips_dropped": len(dropped),
        "release_digest": packed.release_digest,
        "plan": plan.as_json(),
    }
    export(clara, {**measured, "training": facts}, packed, restrictions, folder / "export")
    progress.tell("exporting", step=plan.steps, steps=plan.steps, done=True, uar=measured["zero_shot"]["uar"])


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


def pack(folder: Path, progress: Progress, is_stopping: Callable[[], bool]) -> Packed:
    """The packed release of the run, made now or on an earlier attempt."""

    def on_clip(done: int, of: int) -> None:
        stop_if(is_stopping)
        if done % 100 == 0 or done == of:
            progress.tell("packing", step=done, steps=of)

    return packing.pack(folder / "release", folder / "packed", on_clip=on_clip)


def trainable(packed: Packed) -> list[packing.PackedClip]:
    """The clips to learn from; raises Unlearnable when the release has nobody to learn from or to be measured on."""
    train, test = packed.split("train"), packed.split("test")
    if not train:
        raise Unlearnable("the release has no labelled clip in its train split")
    if not test:
        raise Unlearnable("the release has no test speaker: what was learnt could not be measured on an unheard voice")
    if shared := {clip.speaker for clip in train} & {clip.speaker for clip in test}:
        raise Unlearnable(f"{len(shared)} speakers are in both train and test")
    return train


def learn(learner: Learner, folder: Path, progress: Progress, is_stopping: Callable[[], bool]) -> None:
    """Take all steps of the plan, keeping the state on the way; withdrawn clips leave whenever it is kept."""
    plan, losses = learner.plan, []
    kept = resumption.newest(folder / "state")
    if kept and learner.fits(kept):
        learner.restore(kept)
    progress.tell("training", step=learner.steps_done, steps=plan.steps, resumed=bool(learner.steps_done))
    drop_withdrawn(learner, folder, progress)
    while learner.steps_done < plan.steps:
        losses.append(learner.step())
        if learner.steps_done % plan.steps_per_progress == 0:
            real = [loss for loss in losses if math.isfinite(loss)]
            mean = round(sum(real) / len(real), 5) if real else None
            progress.tell("training", step=learner.steps_done, steps=plan.steps, loss=mean)
            losses.clear()
        is_last, is_stopped = learner.steps_done == plan.steps, is_stopping()
        if is_last or is_stopped or learner.steps_done % plan.steps_per_state == 0:
            drop_withdrawn(learner, folder, progress)
            resumption.keep(folder / "state", learner.state(), step=learner.steps_done)
        if is_stopped:
            raise Stopped


def drop_withdrawn(learner: Learner, folder: Path, progress: Progress) -> None:
    """Leave out, and silence in the packing, every clip that the parent says was withdrawn."""
    keys = withdrawn(folder)
    if newly := learner.batches.drop(keys):
        progress.tell("training", step=learner.steps_done, steps=learner.plan.steps, dropped=newly)
    packing.erase(learner.packed, keys)


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
    (making / "eval.json").write_text(json.dumps(measured, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    told = card.written(measured, clara, restrictions=json.loads(restrictions))
    (making / "README.md").write_text(told, encoding="utf-8")
    (making / RESTRICTIONS).write_bytes(restrictions)
    some = [packed.waveform(clip) for clip in packed.split("test")[:8]]
    gap = (Clara.load(making).embed_audio(some) - clara.embed_audio(some).cpu()).abs().max()
    if clara.device.type == "cpu" and not gap <= EXPORT_TOLERANCE:
        raise RuntimeError(f"the exported checkpoint embeds differently, by {gap:.2e}")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(making, folder)


def stop_if(is_stopping: Callable[[], bool]) -> None:
    """Raise Stopped when the run is asked to stop."""
    if is_stopping():
        raise Stopped


def main(arguments: list[str] | None = None) -> int:
    """Run the child and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m training.fit", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the run folder, with release/ and plan.json")
    folder = parser.parse_args(arguments).folder
    progress = Progress(folder / "progress.jsonl")
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: asked.append(received))
    try:
        fit(folder, progress=progress, is_stopping=lambda: bool(asked))
    except Stopped:
        return RESUME_ME
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        sys.stderr.write(f"training.fit: {reason}\n")
        progress.tell_failure(reason)
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main())
