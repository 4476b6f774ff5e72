"""From a judged export to the champion: made durable, signed, crowned behind the fence, and only then named.

The gate that judges it is training.gate. What each line leaves where the process dies after it, and who makes it good:

1. blobs under their digest, which no row names: the next attempt puts the same, or nobody ever asks for them;
2. the signed manifest in the export: the next attempt signs again;
3. the transaction, all of it or nothing: run PUBLISHED, checkpoint CHAMPION with its signature in the row;
4. manifest, signature and aliases, a function of the rows: `repair()` writes what is missing, from any process.

So the world sees the old champion or the new one. Whoever reads between 3 and 4 finds the signature in the row.
"""

import hashlib
import json
import logging
import tempfile
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from contributions.releasing import shards
from openempathic import leases, storage
from openempathic.registry import champion, fetching, signing
from openempathic.registry.manifests import BESIDE, FORMAT, MANIFEST, manifest_of
from openempathic.registry.models import Checkpoint
from openempathic.registry.signing import SIGNATURE
from training import states
from training.models import TrainingRun

__all__ = ["ENDED", "FORMAT", "MADE_BY_CHILD", "NotPublishable", "is_exported", "publish", "repair"]

log = logging.getLogger(__name__)

AGENT = "trainer"
EVALUATION, CONFIG = "eval.json", "config.json"
MADE_BY_CHILD = (
    "model.safetensors", CONFIG, "preprocessor_config.json", "labels.json", EVALUATION, "README.md",
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
    drafted = draft(run, export)
    put_blobs(drafted.prefix, export, drafted.files)
    drafted.signature = signed(drafted, export)
    try:
        with transaction.atomic():
            checkpoint = champion.enter(drafted)
            champion.crown(checkpoint, by=AGENT)
            # Last, so that the run in our hands says PUBLISHED only where everything else was done.
            states.move(run, to=TrainingRun.Status.PUBLISHED, by=AGENT, claim=claim, checkpoint=checkpoint, **ENDED)
    except champion.NotCrownable as reason:
        raise NotPublishable(str(reason)) from reason
    run.checkpoint = checkpoint
    announce(checkpoint)
    return checkpoint


def draft(run: TrainingRun, export: Path) -> Checkpoint:
    """The checkpoint as its row will be, not kept yet; its digest is that of its files' digests."""
    names = sorted(path.name for path in export.iterdir() if path.is_file() and path.name not in BESIDE)
    files = {name: fetching.sha256_of(export / name) for name in names}
    told = {name: json.loads((export / f"{name}.json").read_bytes()) for name in ("eval", "gate")}
    return Checkpoint(
        digest=hashlib.sha256(shards.canonical(files)).hexdigest(),
        preset=run.plan.get("preset", ""),
        release_digest=run.release.digest if run.release else "",
        run_id=run.pk,
        files=files,
        evaluation={**told["eval"], "gate": told["gate"]},
        sure_from=sure_from(export),
        published_at=timezone.now(),
    )


def sure_from(export: Path) -> float:
    """The probability under which the export names no emotion; 0 in one that could not be told on enough voices."""
    told = json.loads((export / CONFIG).read_bytes()).get("clara", {})
    return float(told.get("sure_from", 0.0))


def put_blobs(prefix: str, export: Path, files: dict[str, str]) -> None:
    """Store each file and read it back; raises NotPublishable when other bytes came back than went in."""
    for name, sha256 in files.items():
        storage.put(f"{prefix}/{name}", export / name, sha256=sha256)
        with storage.open(f"{prefix}/{name}") as stored:
            if hashlib.file_digest(stored, "sha256").hexdigest() != sha256:  # type: ignore[arg-type]
                raise NotPublishable(f"{name} came back from storage with another digest")


def signed(checkpoint: Checkpoint, folder: Path) -> str:
    """The signature over the files and the manifest, which is written beside them first."""
    (folder / MANIFEST).write_bytes(manifest_of(checkpoint))
    return signing.sign(folder, [*checkpoint.files, MANIFEST])


def announce(checkpoint: Checkpoint) -> None:
    """Write manifest and signature and move the aliases; what storage refuses now is made good by the next repair()."""
    try:
        write_beside(checkpoint)
        champion.point_alias()
    except storage.StorageError as fault:
        log.error("Checkpoint %s is champion, but that is not told in storage yet: %s", checkpoint.version, fault)


def write_beside(checkpoint: Checkpoint) -> None:
    """Say once and for good what the checkpoint consists of, and that it was us; both come after all that they name."""
    for name, content in ((MANIFEST, manifest_of(checkpoint)), (SIGNATURE, checkpoint.signature.encode())):
        key = f"{checkpoint.prefix}/{name}"
        try:
            storage.put(key, content, if_absent=True)
        except storage.AlreadyStored:
            # Written before a crash, or by whoever repaired. What rotted since is put right: the row says what it was.
            if storage.read(key) != content:
                log.error("%s of checkpoint %s was not what was published; it is written again.", name, checkpoint)
                storage.put(key, content)
    Checkpoint.objects.filter(pk=checkpoint.pk).update(announced_at=Now())


def repair() -> None:
    """Finish publications whose process died after the transaction: storage follows the database."""
    for checkpoint in Checkpoint.objects.filter(status__in=champion.SERVING, announced_at=None).order_by("number"):
        try:
            if not checkpoint.signature:
                sign_late(checkpoint)
            write_beside(checkpoint)
        except storage.StorageError as fault:
            log.error("Checkpoint %s is not whole in storage: %s", checkpoint.version, fault)
    champion.follow()


def sign_late(checkpoint: Checkpoint) -> None:
    """Sign what was published before checkpoints were signed, once its files are found to be what was published."""
    with tempfile.TemporaryDirectory(prefix="signing-late-") as room:
        for name, sha256 in checkpoint.files.items():
            storage.fetch(f"{checkpoint.prefix}/{name}", Path(room) / name, sha256=sha256)
        signature = signed(checkpoint, Path(room))
    Checkpoint.objects.filter(pk=checkpoint.pk, signature="").update(signature=signature)
    checkpoint.refresh_from_db(fields=["signature"])
