"""Whether an export is all there, of this release, and of use to a process that has never seen it."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

from training import child
from training.models import TrainingRun
from training.publication import EVALUATION, MADE_BY_CHILD

TRIAL = [sys.executable, "-m", "training.trial"]
TRIAL_SECONDS = 600


def faults_of(run: TrainingRun, export: Path) -> list[str]:
    """What speaks against the candidate, in words; the later questions need the earlier answers."""
    if missing := [name for name in MADE_BY_CHILD if not (export / name).is_file()]:
        return [f"the export lacks {', '.join(missing)}"]
    try:
        evaluation = json.loads((export / EVALUATION).read_bytes())
    except ValueError as fault:
        return [f"{EVALUATION} is no JSON: {fault}"]
    faults = list(faults_of_evaluation(evaluation))
    if run.release and evaluation.get("training", {}).get("release_digest") != run.release.digest:
        faults.append("it was not trained on the release of this run")
    if trouble := trial(export):
        faults.append(f"it cannot be used: {trouble}")
    return faults


def faults_of_evaluation(evaluation: Any) -> list[str]:
    """The primary figure and its interval must be there, and every number a number."""
    if not isinstance(evaluation, dict):
        return [f"{EVALUATION} holds no figures"]
    told = evaluation.get("zero_shot", {})
    figures = [told.get("uar"), *(told.get("interval", {}).get(side) for side in ("low", "high"))]
    if not all(isinstance(figure, int | float) and 0 <= figure <= 1 for figure in figures):
        return ["the evaluation has no recall with an interval"]
    return [] if is_finite(evaluation) else ["the evaluation holds values that are not numbers"]


def is_finite(content: Any) -> bool:
    """Whether no number in the JSON is infinite or NaN."""
    if isinstance(content, dict):
        return all(is_finite(value) for value in content.values())
    if isinstance(content, list):
        return all(is_finite(value) for value in content)
    return not isinstance(content, float) or math.isfinite(content)


def trial(export: Path) -> str:
    """Why a fresh process cannot load the export and listen with it; empty when it can."""
    trying = child.spawn([*TRIAL, "--folder", str(export)], subprocess.PIPE)
    try:
        said, _none = trying.communicate(timeout=TRIAL_SECONDS)
    except subprocess.TimeoutExpired:
        trying.kill()
        trying.communicate()
        return f"it did not answer within {TRIAL_SECONDS} s"
    lines = said.decode(errors="replace").strip().splitlines()
    return child.without_folders(lines[-1] if lines else "no reason given") if trying.returncode else ""
