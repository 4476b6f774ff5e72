"""From an export to the champion: judged, made durable, crowned behind the fence, and only then named by the alias.

The gate is thin today. It asks whether the candidate is whole, whether it loads and listens in a fresh process, and
whether its evaluation is there, finite and of this very release; the child itself refuses to export a model that does
not reload to the same embeddings within 1e-5 (on a CPU). It does NOT yet ask whether the candidate is better than the
champion: that needs both on one test split, a paired speaker-clustered bootstrap and guards, and is still to be built.
Nor is a manifest signed yet: readers trust the database's digests.
"""

import hashlib
import json
import logging
import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from contributions.releasing import releases, shards
from openempathic import leases, storage
from openempathic.registry import champion
from openempathic.registry.models import Checkpoint
from training import child, states
from training.models import TrainingRun

log = logging.getLogger(__name__)

AGENT = "trainer"
FORMAT = "openempathic-checkpoint/1"
GATE, EVALUATION, MANIFEST = "gate.json", "eval.json", "manifest.json"
MADE_BY_CHILD = (
    "model.safetensors", "config.json", "preprocessor_config.json", "labels.json", EVALUATION, "README.md",
    "use_restrictions.json",
)  # fmt: skip
TRIAL = [sys.executable, "-m", "training.trial"]
TRIAL_SECONDS = 600
# What a run's row holds when nothing is owed any more.
ENDED: dict[str, Any] = {"ended_at": Now(), "next_attempt_at": None, "lease_owner": "", "lease_expires_at": None}


class NotPublishable(Exception):
    """The export may not be published, or storage does not hold what was put there."""


@dataclass(frozen=True)
class Verdict:
    """What the gate found; it passes when nothing speaks against the candidate."""

    faults: tuple[str, ...]
    facts: dict[str, Any]

    @property
    def passes(self) -> bool:
        """Whether the candidate may be published."""
        return not self.faults


def is_exported(export: Path) -> bool:
    """Whether the child finished: it puts the folder in its place whole."""
    return all((export / name).is_file() for name in MADE_BY_CHILD)


def judge(run: TrainingRun, export: Path) -> Verdict:
    """Try the candidate, and write what was found into gate.json, which is published with it."""
    faults = list(faults_of(run, export))
    withdrawn = releases.withdrawn_keys(run.release) if run.release else []
    facts = {
        "gate": "thin-1",
        "passes": not faults,
        "faults": faults,
        "release_digest": run.release.digest if run.release else None,
        "champion": getattr(champion.champion(), "digest", None),
        "clips_withdrawn_since_freezing": len(withdrawn),
    }
    if not faults:
        (export / GATE).write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n")
    return Verdict(tuple(faults), facts)


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


def publish(run: TrainingRun, export: Path, claim: leases.Claim) -> Checkpoint:
    """Make the judged export durable, then the run PUBLISHED and the checkpoint champion in one fenced transaction.

    Raises MovedMeanwhile when the lease was lost or the run cancelled: then nothing was published. Doing it again after
    a crash does no harm. Raises NotPublishable, or StorageError, when the bytes cannot be kept.
    """
    files = {path.name: champion.sha256_of(path) for path in sorted(export.iterdir()) if path.is_file()}
    digest = hashlib.sha256(shards.canonical(files)).hexdigest()
    put_blobs(f"checkpoints/{digest}", export, files)
    with transaction.atomic():
        checkpoint = row_of(run, export, digest=digest, files=files)
        states.move(run, to=TrainingRun.Status.PUBLISHED, by=AGENT, claim=claim, checkpoint=checkpoint, **ENDED)
        champion.crown(checkpoint, by=AGENT)
    run.checkpoint = checkpoint
    announce(checkpoint)
    return checkpoint


def put_blobs(prefix: str, export: Path, files: dict[str, str]) -> None:
    """Store each file and read it back; raises NotPublishable when other bytes came back than went in."""
    for name, sha256 in files.items():
        storage.put(f"{prefix}/{name}", export / name, sha256=sha256)
        with storage.open(f"{prefix}/{name}") as stored:
            if hashlib.file_digest(stored, "sha256").hexdigest() != sha256:  # type: ignore[arg-type]
                raise NotPublishable(f"{name} came back from storage with another digest")


def row_of(run: TrainingRun, export: Path, *, digest: str, files: dict[str, str]) -> Checkpoint:
    """The checkpoint's row; the same bytes from another run are the same checkpoint."""
    told = {name: json.loads((export / f"{name}.json").read_bytes()) for name in ("eval", "gate")}
    columns = {
        "preset": run.plan.get("preset", ""),
        "release_digest": run.release.digest if run.release else "",
        "run_id": run.pk,
        "files": files,
        "evaluation": {**told["eval"], "gate": told["gate"]},
    }
    checkpoint, _is_new = Checkpoint.objects.get_or_create(digest=digest, defaults=columns)
    if checkpoint.status == Checkpoint.Status.RETRACTED:
        raise NotPublishable(f"these very bytes were published and retracted before, as {checkpoint.version}")
    return checkpoint


def announce(checkpoint: Checkpoint) -> None:
    """Write the manifest and move the alias; what storage refuses now is made good by the next repair()."""
    try:
        write_manifest(checkpoint)
        champion.point_alias()
    except storage.StorageError as fault:
        log.error("Checkpoint %s is champion, but its alias is not moved yet: %s", checkpoint.version, fault)


def write_manifest(checkpoint: Checkpoint) -> None:
    """Say once and for good what the checkpoint consists of; it appears after all that it names."""
    manifest = {
        "format": FORMAT,
        "digest": checkpoint.digest,
        "preset": checkpoint.preset,
        "release_digest": checkpoint.release_digest,
        "run": str(checkpoint.run_id),
        "files": checkpoint.files,
        "published_at": checkpoint.published_at.isoformat(),
    }
    try:
        storage.put(f"{checkpoint.prefix}/{MANIFEST}", shards.canonical(manifest), if_absent=True)
    except storage.AlreadyStored:
        # Written before a crash, or by whoever repaired: its name is the digest of the files it lists.
        return


def repair() -> None:
    """Finish a publication whose process died after the transaction: manifest and alias follow the database."""
    if holder := champion.champion():
        announce(holder)
