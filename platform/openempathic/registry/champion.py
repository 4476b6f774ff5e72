"""Who the champion is, how it changes, and its files on this machine."""

import hashlib
import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from openempathic import audit, storage
from openempathic.registry.models import NO_RUN, Checkpoint

ALIAS = "aliases/champion.json"


class NotFetchable(Exception):
    """The checkpoint's files are missing or differ from what was published."""


class NeverChampion(Exception):
    """The seed head came with the software: nobody published it, and it is no champion."""


def champion() -> Checkpoint | None:
    """The best of what this site published; None until the first is published."""
    return Checkpoint.objects.filter(status=Checkpoint.Status.CHAMPION).first()


def suggester() -> Checkpoint | None:
    """The checkpoint that makes suggestions now: the champion, and until there is one the seed head.

    None where the site has switched the seed head off, and until the first sweep has found it.
    """
    return champion() or (seed_head() if settings.SEED_HEAD else None)


def seed_head() -> Checkpoint | None:
    """The row of the seed head that was planted last."""
    return Checkpoint.objects.filter(status=Checkpoint.Status.SEED).order_by("-published_at", "-pk").first()


def plant(digest: str, *, files: dict[str, str], evaluation: dict[str, Any], sure_from: float, by: object) -> None:
    """Let the seed head of this digest be the one that suggests; free where it is already."""
    current = seed_head()
    if current and current.digest == digest:
        return
    told = {"files": files, "evaluation": evaluation, "sure_from": sure_from, "preset": "seed", "run_id": NO_RUN}
    with transaction.atomic():
        planted, _is_new = Checkpoint.objects.get_or_create(
            digest=digest, defaults={**told, "status": Checkpoint.Status.SEED, "release_digest": ""}
        )
        # After the software was set back, an older one is the last again.
        Checkpoint.objects.filter(pk=planted.pk, status=Checkpoint.Status.SEED).update(published_at=Now())
        audit.record("checkpoint.planted", subject=planted, by=by, digest=digest)


def crown(checkpoint: Checkpoint, *, by: object) -> None:
    """Make the checkpoint champion and the champion previous; call it inside the publishing transaction.

    Raises NeverChampion for a seed head.
    """
    if checkpoint.is_seed:
        raise NeverChampion
    with transaction.atomic():
        Checkpoint.objects.filter(status=Checkpoint.Status.CHAMPION).exclude(pk=checkpoint.pk).update(
            status=Checkpoint.Status.PREVIOUS
        )
        Checkpoint.objects.filter(pk=checkpoint.pk).update(status=Checkpoint.Status.CHAMPION)
        audit.record("checkpoint.champion", subject=checkpoint, by=by, digest=checkpoint.digest)
    checkpoint.status = Checkpoint.Status.CHAMPION


def point_alias() -> None:
    """Let the alias in storage name the champion of the database; safe to repeat, done last of all."""
    while (holder := champion()) and alias() != (said := facts(holder)):
        # Looped, since a slow writer may put an older champion's name over a newer one's.
        storage.put(ALIAS, json.dumps(said, sort_keys=True).encode())


def alias() -> dict[str, Any] | None:
    """What the alias in storage says; None when it is not there or is no JSON."""
    try:
        return dict(json.loads(storage.read(ALIAS)))
    except (storage.NotStored, ValueError):
        return None


def facts(checkpoint: Checkpoint) -> dict[str, Any]:
    """Where a reader without the database finds the checkpoint, and what to check it against."""
    return {"digest": checkpoint.digest, "prefix": checkpoint.prefix, "files": checkpoint.files}


def fetch(checkpoint: Checkpoint, *, into: Path) -> Path:
    """Bring the checkpoint's files to this machine, verified; raises NotFetchable.

    A process verifies what it finds once, and mends it from storage; its second call is free.
    """
    folder = into / checkpoint.digest
    if folder in _verified and all((folder / name).exists() for name in checkpoint.files):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, digest in checkpoint.files.items():
        here = folder / name
        if here.exists() and sha256_of(here) == digest:
            continue
        try:
            storage.fetch(f"{checkpoint.prefix}/{name}", here, sha256=digest)
        except storage.DigestMismatch as error:
            raise NotFetchable(f"{name} of checkpoint {checkpoint.version} is not what was published") from error
        except storage.StorageError as error:
            raise NotFetchable(f"{name} of checkpoint {checkpoint.version}: {error}") from error
    _verified.add(folder)
    return folder


# Folders whose every file this process has compared with what was published.
_verified: set[Path] = set()


def sha256_of(path: Path) -> str:
    """The file's digest, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
