"""Freezing: accepted, covered clips become one immutable set that names its own digest.

The manifest holds no moment, so that its digest is a function of what it holds: the same clips with the same labels are
the same release, however often they are frozen. A freeze that died half-way is finished by the next, which goes on
behind what is whole: shards in the folder by its journal, files in storage by their digests.
"""

import hashlib
import logging
import shutil
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from contributions.models import Clip, Contributor, LicenceGrant, Release, ReleaseClip
from contributions.models.contributor import Split
from contributions.releasing import deltas, derived, journal, rewriting, selection, shards
from contributions.releasing.beside import ReleaseFacts
from contributions.releasing.reading import CLIPS, MANIFEST
from contributions.releasing.selection import Selection
from contributions.releasing.shards import Written
from contributions.taxonomy import restrictions
from openempathic import among, audit, storage  # noqa: F401

log = logging.getLogger(__name__)

FORMAT = "openempathic-release/2"
# What lies beside every manifest: what nobody may do with the release, for machines and for people.
BESIDE = (restrictions.FILE, restrictions.TERMS)
# A withdrawal in the middle starts the freeze over; a site where that happens so often needs to be looked at.
STARTS_MAX = 5
MEMBER = "INSERT INTO contributions_releaseclip (release_id, clip_id, key, split) VALUES (%s, %s, %s, %s)"


class NotFreezable(Exception):
    """What was accepted so far makes no release; the message says what is missing."""


class ChangedMeanwhile(Exception):
    """A clip lost its permission or its acceptance while its bytes were being written."""


def freeze(kind: str, *, at: datetime, by: Any, folder: Path) -> Release:
    """Make a release of everything accepted and covered at this moment; its files also lie in `folder` afterwards.

    What an earlier attempt left whole in the folder is taken over. Raises NotFreezable when the release could not be
    trained on and measured, and StorageError when it cannot be kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(f"{journal.SCRATCH}*"):
        left.unlink()
    unreadable: frozenset[UUID] = frozenset()
    for _start in range(STARTS_MAX):
        with selection.select(kind, without=unreadable, scratch=folder) as chosen:
            check_freezable(chosen)
            written = shards.write(chosen, folder)
            if written.unreadable:
                # The shares were reckoned with these: reckon again without.
                unreadable |= written.unreadable
                log.error("Left out of the release, their sound cannot be read: %s", sorted(map(str, unreadable)))
                continue
            try:
                return keep(kind, chosen, written, folder=folder, at=at, by=by)
            except ChangedMeanwhile as change:
                log.info("The freeze starts over: %s", change)
    raise NotFreezable(_("Clips kept being withdrawn or lost while the release was written. Please try again."))


def check_freezable(chosen: Selection) -> None:
    """Raise NotFreezable unless a model could learn from the release and be measured on unheard voices."""
    ask = chosen.draft.one
    if not len(chosen):
        raise NotFreezable(_("No clip is accepted, labelled and allowed for this purpose yet."))
    sides = chosen.draft.counts("split")
    if not sides.get(Split.TRAIN):
        raise NotFreezable(_("No speaker is on the training side yet: there is nobody to learn from."))
    if not sides.get(Split.TEST):
        raise NotFreezable(_("No speaker is on the test side yet: nothing could be measured on an unheard voice."))
    if ask(
        "SELECT COUNT(*) FROM (SELECT 1 FROM clips WHERE left_out IS NULL GROUP BY speaker "
        "HAVING COUNT(DISTINCT split) > 1)"
    ):
        raise NotFreezable(_("A speaker is on two sides of the split."))
    if ask("SELECT COUNT(DISTINCT emotion) FROM clips WHERE left_out IS NULL AND split = ?", Split.TRAIN.value) < 2:
        raise NotFreezable(_("The training side holds fewer than two emotions: there is nothing to tell apart."))


def manifest_of(kind: str, chosen: Selection, written: Written) -> dict[str, Any]:
    """What the release is: its shards, its files of lines by their digests, and the counts people ask for."""
    return {
        "format": FORMAT,
        "kind": str(kind),
        "files": written.files,
        "shards": written.shards,
        "counts": counts_of(chosen),
        # The names alone: a translation that is mended makes no other release. The words lie beside the manifest.
        "use_restrictions": restrictions.ids(),
    }


def counts_of(chosen: Selection) -> dict[str, Any]:
    """Clips and speakers by side, language, emotion and permission; corpora apart."""
    draft = chosen.draft
    corpora = draft.counts("corpus")
    licensed = sum(corpora.values())
    permissions = {"CONSENT": len(chosen) - licensed, "LICENCE": licensed}
    return {
        "clips": len(chosen),
        "speakers": draft.one("SELECT COUNT(DISTINCT speaker) FROM clips WHERE left_out IS NULL"),
        "splits": draft.counts("split"),
        "languages": draft.counts("language"),
        "emotions": draft.counts("emotion"),
        # How ratings became labels, by the method's name and version.
        "label_methods": draft.counts("method"),
        "permissions": {name: number for name, number in permissions.items() if number},
        "corpora": corpora,
        # Languages in which people read too few sentences to keep some for the test: theirs are heard on both sides.
        "sentences_on_both_sides": chosen.shared_sentences,
        "left_out": chosen.left_out,
    }


def written_manifest(manifest: dict[str, Any], folder: Path) -> tuple[dict[str, Any], str]:
    """The manifest and its digest, in a further edition where a release of these very clips has lost some.

    That happens where a consent was taken back and given anew: what was cut out of the first does not come back to it.
    """
    for edition in count(2):
        digest = write_manifest(manifest, folder)
        known = Release.objects.filter(digest=digest).first()
        if known is None or not rewriting.gone_keys(known):
            break
        manifest = {**manifest, "edition": edition}
    return manifest, digest


def write_manifest(manifest: dict[str, Any], folder: Path) -> str:
    """Write the canonical manifest beside the shards and return its digest: the release's name."""
    path = folder / MANIFEST
    path.write_bytes(shards.canonical(manifest))
    return shards.digest_of(path)


def keep(kind: str, chosen: Selection, written: Written, *, folder: Path, at: datetime, by: Any) -> Release:
    """Make the bytes durable, then the rows; raises ChangedMeanwhile, with the bytes gone, when a clip may not stay."""
    manifest, digest = written_manifest(manifest_of(kind, chosen, written), folder)
    release = Release(kind=kind, digest=digest, counts=manifest["counts"])
    known = Release.objects.filter(digest=digest).first()
    if not (known and is_whole(known, manifest)):
        put_files(release.prefix, folder, manifest, write_derived(chosen, manifest, digest, folder, at=at))
    try:
        with transaction.atomic():
            check_still_allowed(kind, chosen)
            if not known:
                keep_rows(release, chosen, at=at, by=by)
    except ChangedMeanwhile:
        if kept := Release.objects.filter(digest=digest).first():
            # What we have just put back may hold a clip that was purged from it meanwhile.
            rewriting.forget_withdrawn(kept)
        else:
            storage.erase(f"{release.prefix}/")
        raise
    (folder / journal.JOURNAL).unlink(missing_ok=True)
    return known or release


def write_derived(chosen: Selection, manifest: dict[str, Any], digest: str, folder: Path, *, at: datetime) -> list[str]:
    """Write what lies beside the release into the folder; returns its names."""
    before = deltas.release_before(manifest["kind"], digest)
    if before:
        deltas.write_delta(chosen, digest, before, folder / deltas.DELTA)
    facts = ReleaseFacts(manifest["kind"], digest, manifest, frozen_at=at, before=before.digest if before else None)
    return derived.write(facts, folder, shards=manifest["shards"], also=[deltas.DELTA] if before else [])


def is_whole(release: Release, manifest: dict[str, Any]) -> bool:
    """Whether storage still holds all of it: then nothing is put again, least of all a clip purged just now."""
    place = rewriting.InStorage(release.prefix)
    if rewriting.tombstones_of(place):
        return True
    return all(place.read(name) is not None for name in (MANIFEST, *BESIDE, derived.SUMS)) and all(
        storage_holds(f"{release.prefix}/{name}", about["byte_count"]) for name, about in promised(manifest).items()
    )


def promised(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every file that the manifest names, by its name below the release, with its digest and size; of either format."""
    return {f"shards/{shard['name']}": shard for shard in manifest["shards"]} | manifest.get("files", {})


def storage_holds(key: str, byte_count: int) -> bool:
    """Whether there is an object of that size."""
    try:
        return storage.stat(key).byte_count == byte_count
    except storage.NotStored:
        return False


def put_files(prefix: str, folder: Path, manifest: dict[str, Any], beside: list[str]) -> None:
    """The shards first: whoever sees the manifest finds all that it names. Put again, it mends what was lost.

    Before them a draft, the manifest and the line of every clip: of a freeze that is killed here it tells whose sound
    it left. What an attempt that was killed has put already is verified where it lies and not put again.
    """
    draft = f"{prefix}/{rewriting.DRAFT}"
    with (folder / rewriting.DRAFT).open("wb+") as file:
        file.write((folder / MANIFEST).read_bytes() + b"\n")
        with (folder / CLIPS).open("rb") as clips:
            shutil.copyfileobj(clips, file)
    storage.put(draft, folder / rewriting.DRAFT)
    (folder / rewriting.DRAFT).unlink()
    for name, about in promised(manifest).items():
        if storage_has(f"{prefix}/{name}", about):
            continue
        if name.startswith("shards/"):
            storage.adopt(f"{prefix}/{name}", folder / name, sha256=about["sha256"])
        else:
            storage.put(f"{prefix}/{name}", folder / name, sha256=about["sha256"])
    for name in beside:
        storage.put(f"{prefix}/{name}", folder / name)
    storage.put(f"{prefix}/{MANIFEST}", folder / MANIFEST)
    storage.erase(draft)


def storage_has(key: str, about: dict[str, Any]) -> bool:
    """Whether the very bytes are there."""
    if not storage_holds(key, about["byte_count"]):
        return False
    try:
        with storage.open(key) as file:
            return bool(hashlib.file_digest(file, "sha256").hexdigest() == about["sha256"])  # type: ignore[arg-type]
    except storage.NotStored:
        return False


def check_still_allowed(kind: str, chosen: Selection) -> None:
    """Ask again, with the rows locked: a withdrawal now comes either before us, and is seen, or after, and sees us."""
    purpose = selection.PURPOSES[Release.Kind(kind)]
    for some in chosen.members():
        mine = Clip.objects.filter(pk__among=[clip for clip, _key, _split in some])
        if connection.features.has_select_for_update:
            lock_all_of(mine)
        allowed = mine.filter(status=Clip.Status.ACCEPTED).covered_by(purpose).count()
        if allowed != len(some):
            raise ChangedMeanwhile(f"{len(some) - allowed} clips may not be in it any more")


def lock_all_of(clips: QuerySet[Clip]) -> None:
    """Hold the clips and what they are covered by; a database that has no such locks has one for everything."""
    lock(clips.exclude(licence=None).order_by().values_list("licence_id", flat=True).distinct(), LicenceGrant)
    lock(clips.order_by().values_list("contributor_id", flat=True).distinct(), Contributor)
    list(clips.select_for_update().order_by("pk").values_list("pk", flat=True))


def lock(ids: Any, model: Any) -> None:
    """Hold the rows, in one order for everybody, until the transaction ends."""
    list(model.objects.filter(pk__in=list(ids)).select_for_update().order_by("pk").values_list("pk", flat=True))


def keep_rows(release: Release, chosen: Selection, *, at: datetime, by: Any) -> None:
    """The release, its members and the event, in the caller's transaction."""
    release.save(force_insert=True)
    Release.objects.filter(pk=release.pk).update(frozen_at=at)
    keep_members(release, chosen)
    audit.record("release.frozen", subject=release, by=by, kind=str(release.kind), digest=release.digest)
    release.frozen_at = at


def keep_members(release: Release, chosen: Selection) -> None:
    """Which clips are in it; without a model for each, since SQLite lets nobody else write meanwhile."""
    numbered = ReleaseClip._meta.get_field("clip")
    mine = numbered.get_db_prep_save(release.pk, connection)
    with connection.cursor() as cursor:
        for some in chosen.members():
            rows = [(mine, numbered.get_db_prep_save(clip, connection), key, split) for clip, key, split in some]
            cursor.executemany(MEMBER, rows)


def withdrawn_keys(release: Release) -> list[str]:
    """The keys of the release's clips that were withdrawn, or lost their permission, since it was frozen.

    Also of those that are allowed again: once out of a release, a clip comes back with the next one only.
    """
    covered = Clip.objects.covered_by(selection.PURPOSES[Release.Kind(release.kind)])
    uncovered = release.members.exclude(clip__in=covered.values("pk")).values_list("key", flat=True)
    return sorted({*uncovered} | rewriting.gone_keys(release))
