"""Runs that are ready to publish, one after another, and what must be true whenever somebody looks."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from django.db.models.functions import Now

from contributions.models import Release
from openempathic import leases, storage
from openempathic.registry import champion, fetching
from openempathic.registry.models import Checkpoint
from training import publication, retraining, schedule
from training.models import TrainingRun

S = TrainingRun.Status


def ready(release: Release, export: Path, *, name: str) -> tuple[TrainingRun, Path, leases.Claim]:
    """Another run in PUBLISHING whose export differs from every other's, and the claim of its trainer."""
    run = schedule.open_run(by="schedule")
    mine = export.parent / name
    shutil.copytree(export, mine)
    (mine / "README.md").write_text(f"# {name}\n")
    TrainingRun.objects.filter(pk=run.pk).update(status=S.PUBLISHING, release=release)
    return TrainingRun.objects.select_related("release").get(pk=run.pk), mine, claimed(run)


def claimed(run: TrainingRun) -> leases.Claim:
    """The claim of the next trainer, after the lease of the one before has run out."""
    TrainingRun.objects.filter(pk=run.pk).update(lease_expires_at=Now(), next_attempt_at=Now())
    claim = leases.claim(retraining.due_runs(), run.pk, owner="another trainer", seconds=60)
    assert claim is not None
    return claim


def finished(run: TrainingRun, export: Path) -> Checkpoint:
    """What the next trainer makes of it: a run that is not published is published, and storage follows."""
    current = TrainingRun.objects.select_related("release").get(pk=run.pk)
    if current.status != S.PUBLISHED:
        publication.publish(current, export, claimed(current))
    publication.repair()
    return TrainingRun.objects.get(pk=run.pk).checkpoint


def seen(room: Path) -> str:
    """Who is champion for a reader of storage alone and for a worker alike whole; the digest that the alias names."""
    told = champion.alias()
    if told is not None:
        for name, sha256 in told["files"].items():
            assert hashlib.sha256(storage.read(f"{told['prefix']}/{name}")).hexdigest() == sha256
    if holder := champion.champion():
        fetching._verified.clear()
        shutil.rmtree(room, ignore_errors=True)
        champion.fetch(holder, into=room)
    assert Checkpoint.objects.filter(status="CHAMPION").count() <= 1
    return told["digest"] if told else ""


def is_told(checkpoint: Checkpoint) -> None:
    """Storage says of the champion what the row says: manifest, signature and alias."""
    manifest: dict[str, Any] = json.loads(storage.read(f"{checkpoint.prefix}/manifest.json"))
    assert manifest["digest"] == checkpoint.digest
    assert storage.read(f"{checkpoint.prefix}/model.sig").decode() == checkpoint.signature
    assert champion.alias() == champion.facts(checkpoint)
