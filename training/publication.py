"""From a judged export to the champion: made durable, crowned behind the fence, and only then named by the alias.

The gate that judges it is training.gate. No manifest is signed yet: readers trust the database's digests.
"""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from contributions.releasing import shards
from openempathic import leases, storage
from openempathic.registry import champion
from openempathic.registry.models import Checkpoint
from training import states
from training.models import TrainingRun

log = logging.getLogger(__name__)

AGENT = "trainer"
FORMAT = "openempathic-checkpoint/1"
EVALUATION, MANIFEST = "eval.json", "manifest.json"
MADE_BY_CHILD = (
    "model.safetensors", "config.json", "preprocessor_config.json", "labels.json", EVALUATION, "README.md",
    "use_restrictions.json",
)  # fmt: skip
# What a run's row holds when nothing is owed any more.
ENDED: dict[str, Any] = {"ended_at": Now(), "next_attempt_at": None, "lease_owner": "", "lease_expires_at": None}


class NotPublishable(Exception):
    """The export may not be published, or storage does not hold what was put there."""


def is_exported(export: Path) -> bool:
    """Whether the child finished: it puts the folder in its place whole."""
    return all((export / name).is_file() for name in MADE_BY_CHILD)


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
