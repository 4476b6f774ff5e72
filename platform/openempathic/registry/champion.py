"""Who the champion is, how it changes, and its files on this machine."""

import hashlib
import json
from pathlib import Path

from django.db import transaction

from openempathic import audit, storage
from openempathic.registry.models import Checkpoint

ALIAS = "aliases/champion.json"


class NotFetchable(Exception):
    """The checkpoint's files are missing or differ from what was published."""


def champion() -> Checkpoint | None:
    """The checkpoint that makes suggestions now; None until the first is published."""
    return Checkpoint.objects.filter(status=Checkpoint.Status.CHAMPION).first()


def crown(checkpoint: Checkpoint, *, by: object) -> None:
    """Make the checkpoint champion and the champion previous; call it inside the publishing transaction."""
    with transaction.atomic():
        Checkpoint.objects.filter(status=Checkpoint.Status.CHAMPION).exclude(pk=checkpoint.pk).update(
            status=Checkpoint.Status.PREVIOUS
        )
        Checkpoint.objects.filter(pk=checkpoint.pk).update(status=Checkpoint.Status.CHAMPION)
        audit.record("checkpoint.champion", subject=checkpoint, by=by, digest=checkpoint.digest)
    checkpoint.status = Checkpoint.Status.CHAMPION


def point_alias() -> None:
    """Let the alias in storage name the champion of the database; safe to repeat, done last of all."""
    if holder := champion():
        facts = {"digest": holder.digest, "prefix": holder.prefix, "files": holder.files}
        storage.put(ALIAS, json.dumps(facts, sort_keys=True).encode())


def fetch(checkpoint: Checkpoint, *, into: Path) -> Path:
    """Bring the checkpoint's files to this machine, verified; raises NotFetchable. A second call is free."""
    folder = into / checkpoint.digest
    folder.mkdir(parents=True, exist_ok=True)
    for name, digest in checkpoint.files.items():
        here = folder / name
        if here.exists():
            continue
        draft = here.with_name(f"{name}.part")
        try:
            storage.fetch(f"{checkpoint.prefix}/{name}", draft)
        except storage.StorageError as error:
            raise NotFetchable(f"{name} of checkpoint {checkpoint.version}: {error}") from error
        if sha256_of(draft) != digest:
            draft.unlink()
            raise NotFetchable(f"{name} of checkpoint {checkpoint.version} is not what was published")
        draft.replace(here)
    return folder


def sha256_of(path: Path) -> str:
    """The file's digest, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
