"""A child that obeys the contract of training.fit without a model, so that a test can slow, stop, break and kill it.

Its plan may say: steps, pause_seconds (a step), fail_at, hang_on_term, await_dropped, measured, reload_gap, right (see
compared.py). Its states are empty but for their names; it copies the export that `template` names, leaves what it saw
in seen.json and what the gate weighs in comparison.json.
"""

import hashlib
import json
import os
import shutil
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import compared  # beside this file, which is run as a script


def main(folder: Path) -> int:
    plan = json.loads((folder / "plan.json").read_bytes())
    asked = []
    signal.signal(signal.SIGTERM, lambda number, _frame: asked.append(number))
    (folder / "child.pid").write_text(str(os.getpid()))
    manifest = folder / "release" / "manifest.json"
    shards = sorted(path.name for path in (folder / "release" / "shards").iterdir())

    tell(folder, "packing", step=1, steps=1)
    (folder / "packed").mkdir(exist_ok=True)
    (folder / "packed" / "index.json").write_text("{}")
    (folder / "state").mkdir(exist_ok=True)
    began_at = step = max((int(kept.stem) for kept in (folder / "state").glob("*.pt")), default=0)
    while step < plan["steps"]:
        if step == plan.get("fail_at"):
            tell(folder, "training", error=f"Diverged: step {step} of {folder}/state/secret went wrong")
            return 1
        time.sleep(plan.get("pause_seconds", 0))
        step += 1
        # Whole or not at all, as the real one keeps its state: it may be killed here.
        making = folder / "state" / ".making"
        making.write_text(str(step))
        os.replace(making, folder / "state" / f"{step:08d}.pt")
        tell(folder, "training", step=step, steps=plan["steps"], loss=1 / step)
        if asked and not plan.get("hang_on_term"):
            tell(folder, "training", stopped=True)
            return 75

    while plan.get("await_dropped") and not (folder / "dropped.json").exists():
        time.sleep(0.05)
    tell(folder, "evaluating", step=step, steps=step)
    dropped = json.loads((folder / "dropped.json").read_bytes()) if (folder / "dropped.json").exists() else []
    seen = {"environment": sorted(os.environ), "shards": shards, "began_at": began_at, "dropped": dropped}
    (folder / "seen.json").write_text(json.dumps(seen))
    compared.write(folder, plan.get("right", compared.BETTER))
    tell(folder, "exporting", step=step, steps=step)
    export(folder, plan, manifest)
    tell(folder, "exporting", step=step, steps=step, done=True, uar=0.5)
    return 0


def export(folder: Path, plan: dict, manifest: Path) -> None:
    making = folder / ".export.making"
    shutil.rmtree(making, ignore_errors=True)
    shutil.copytree(plan["template"], making)
    shutil.copy(folder / "release" / "use_restrictions.json", making)
    measured = json.loads((making / "eval.json").read_text())
    digest = hashlib.sha256(manifest.read_bytes()).hexdigest()
    measured["training"] = {"release_digest": digest, "reload_gap": plan.get("reload_gap", 0.0)}
    (making / "eval.json").write_text(json.dumps(measured | plan.get("measured", {})))
    os.replace(making, folder / "export")


def tell(folder: Path, stage: str, **facts: object) -> None:
    with (folder / "progress.jsonl").open("a") as file:
        file.write(json.dumps({"at": datetime.now(UTC).isoformat(), "stage": stage, **facts}) + "\n")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[2])))
