"""What the pages tell of DATASET releases, and whether the public sees them.

A worker reads a release's files once and keeps in a row what its pages need, so that no page opens a table or draws a
number from sound. The row is due again once clips have left the release. TRAINING releases are in none of this.
"""

import hashlib
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from contributions.models import Dataset, Release, ReleaseDownload
from contributions.releasing import reading, rewriting, tally
from openempathic import audit, leases, storage
from openempathic.accounts.models import User

log = logging.getLogger(__name__)

AGENT = "datasets"
SUMS = "SHA256SUMS"
RETRY_SECONDS = 60
# What may be read before the terms are accepted: papers about it, with no line of a clip or of a listener.
PAPERS = ("croissant.json", "figures.json", "use_restrictions.json", SUMS, "delta.json", "tombstones.json")
PAPER_KINDS = (".md",)
# Of a freeze that is under way, and of nobody's concern.
UNFINISHED = (rewriting.DRAFT,)


class NotPublishable(Exception):
    """The release cannot be published now; the message says why."""


def public() -> "QuerySet[Dataset]":
    """The datasets that everybody may see, the newest first."""
    return all_of_them().filter(published_at__isnull=False).order_by("-published_at")


def all_of_them() -> "QuerySet[Dataset]":
    """Every dataset, published or not."""
    return Dataset.objects.filter(release__kind=Release.Kind.DATASET).select_related("release", "published_by")


def is_paper(name: str) -> bool:
    """Whether the file tells about the release and holds nothing of anybody's."""
    return name in PAPERS or name.endswith(PAPER_KINDS)


def read(release: Release) -> Dataset:
    """Keep what the release's files say now, for its pages; raises StorageError where they cannot be read."""
    place = reading.InStorage(release.prefix)
    gone = rewriting.gone_keys(release)
    files = list(files_of(release))
    told = {
        "figures": figures_of(place, gone),
        "sheets": {sheet_of(each["name"]): text_of(place, each["name"]) for each in files if sheet_of(each["name"])},
        "files": files,
        "gone_count": len(gone),
        "read_at": Now(),
        "next_attempt_at": None,
    }
    dataset, _is_new = Dataset.objects.update_or_create(release=release, defaults=told)
    dataset.refresh_from_db()
    return dataset


def figures_of(place: reading.Place, gone: set[str]) -> dict[str, Any]:
    """The figures that lie beside the release, or those of its lines where it is older than such."""
    content = place.read(tally.FILE)
    if content is not None:
        return dict(json.loads(content))
    return tally.figures(row for row in reading.clips_of(place) if row["key"] not in gone)


def sheet_of(name: str) -> str:
    """The language of which the file is the datasheet; empty for any other file."""
    folder, _slash, last = name.partition("/")
    return last.removesuffix(".md") if folder == "datasheets" else ""


def text_of(place: reading.Place, name: str) -> str:
    """A small file as text."""
    return (place.read(name) or b"").decode()


def files_of(release: Release) -> Iterator[dict[str, Any]]:
    """Every file of the release with its digest and size, as it lies there now, by name."""
    prefix = f"{release.prefix}/"
    known = sums_of(reading.InStorage(release.prefix))
    for key in sorted(storage.keys(prefix)):
        name = key.removeprefix(prefix)
        if name not in UNFINISHED:
            found = storage.stat(key)
            sha256 = found.sha256 or known.get(name) or hashed(key)
            yield {"name": name, "sha256": sha256, "byte_count": found.byte_count}


def sums_of(place: reading.Place) -> dict[str, str]:
    """What the checksums beside the release say, by name."""
    lines = (place.read(SUMS) or b"").decode().splitlines()
    return {
        name.lstrip("*"): sha256 for sha256, _space, name in (line.partition(" ") for line in lines) if name.strip()
    }


def hashed(key: str) -> str:
    """The digest of what lies there."""
    with storage.open(key) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def owe_reading() -> int:
    """Make due every dataset that was not read yet, or that clips have left since; returns how many."""
    for release in Release.objects.filter(kind=Release.Kind.DATASET, dataset=None):
        Dataset.objects.get_or_create(release=release, defaults={"next_attempt_at": Now()})
    gone = gone_counts()
    stale = [each.pk for each in all_of_them() if each.read_at and each.gone_count != gone.get(each.pk, 0)]
    return Dataset.objects.filter(pk__in=stale, next_attempt_at=None).update(next_attempt_at=Now(), attempts=0)


def gone_counts() -> dict[Any, int]:
    """How many clips have left each DATASET release that any have left."""
    gone = rewriting.gone_members().filter(release__kind=Release.Kind.DATASET)
    return dict(gone.order_by().values("release").annotate(clips=Count("pk")).values_list("release", "clips"))


def read_due(release_id: Any) -> Dataset | None:
    """Claim a dataset whose row is due, and read it again once what left it is cut out; None where it is not due."""
    claim = leases.claim_owed(Dataset.objects.all(), release_id, by=AGENT)
    if claim is None:
        return None
    release = Release.objects.get(pk=release_id)
    try:
        if not rewriting.is_clean(release):
            leases.give_back(claim, retry_in_seconds=RETRY_SECONDS, is_forgiven=True)
            return None
        dataset = read(release)
    except storage.StorageError:
        leases.give_back(claim, retry_in_seconds=RETRY_SECONDS)
        raise
    leases.give_back(claim)
    return dataset


def publish(dataset: Dataset, *, by: Any, at: datetime) -> None:
    """Let everybody see it, and download it who accepts its terms; raises NotPublishable."""
    if dataset.release.kind != Release.Kind.DATASET:
        raise NotPublishable(_("This release is for training alone: nobody may see it."))
    if dataset.read_at is None or not dataset.files:
        raise NotPublishable(_("Its files are still being read. Please try again in a minute."))
    person = by if isinstance(by, User) else None
    with transaction.atomic():
        if Dataset.objects.filter(pk=dataset.pk, published_at=None).update(published_at=at, published_by=person):
            audit.record("release.published", subject=dataset.release, by=by, digest=dataset.release.digest)


def unpublish(dataset: Dataset, *, by: Any) -> None:
    """Let nobody see or fetch it any more; who holds a copy is told of withdrawals all the same."""
    with transaction.atomic():
        if Dataset.objects.filter(pk=dataset.pk).exclude(published_at=None).update(published_at=None):
            audit.record("release.unpublished", subject=dataset.release, by=by, digest=dataset.release.digest)


def downloads_of(release: Release) -> int:
    """How many people took files of it."""
    return ReleaseDownload.objects.filter(release=release, fetched_at__isnull=False).values("person").distinct().count()
