"""Freezing: accepted, covered clips become one immutable set that names its own digest.

The manifest holds no moment, so that its digest is a function of what it holds: the same clips with the same labels are
the same release, however often they are frozen, and a freeze that died half-way is finished by the next.
"""

import logging
import shutil
from collections import Counter
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from contributions.models import Clip, Contributor, LicenceGrant, Release, ReleaseClip
from contributions.models.contributor import Split
from contributions.releasing import rewriting, selection, shards
from contributions.releasing.selection import Chosen, Selection
from contributions.releasing.shards import Written
from contributions.taxonomy import restrictions
from openempathic import audit, storage
from openempathic.pieces import AT_ONCE, in_pieces

log = logging.getLogger(__name__)

FORMAT = "openempathic-release/1"
MANIFEST = "manifest.json"
# What lies beside every manifest: what nobody may do with the release, for machines and for people.
BESIDE = (restrictions.FILE, restrictions.TERMS)
# A withdrawal in the middle starts the freeze over; a site where that happens so often needs to be looked at.
STARTS_MAX = 5


class NotFreezable(Exception):
    """What was accepted so far makes no release; the message says what is missing."""


class ChangedMeanwhile(Exception):
    """A clip lost its permission or its acceptance while its bytes were being written."""


def freeze(kind: str, *, at: datetime, by: Any, folder: Path) -> Release:
    """Make a release of everything accepted and covered at this moment; its files also lie in `folder` afterwards.

    Raises NotFreezable when it could not be trained on and measured, and StorageError when it cannot be kept.
    """
    unreadable: frozenset[Any] = frozenset()
    for _start in range(STARTS_MAX):
        chosen = selection.select(kind, without=unreadable)
        check_freezable(chosen)
        shutil.rmtree(folder, ignore_errors=True)
        written = shards.write(chosen.clips, folder)
        if written.unreadable:
            # The shares were reckoned with these: reckon again without.
            unreadable |= {clip.clip for clip in written.unreadable}
            log.error("Left out of the release, their sound cannot be read: %s", sorted(map(str, unreadable)))
            continue
        manifest, digest = written_manifest(manifest_of(kind, chosen, written), folder)
        try:
            return keep(kind, chosen, manifest, digest, folder=folder, at=at, by=by)
        except ChangedMeanwhile as change:
            log.info("The freeze starts over: %s", change)
    raise NotFreezable(_("Clips kept being withdrawn or lost while the release was written. Please try again."))


def check_freezable(chosen: Selection) -> None:
    """Raise NotFreezable unless a model could learn from the release and be measured on unheard voices."""
    clips = chosen.clips
    if not clips:
        raise NotFreezable(_("No clip is accepted, labelled and allowed for this purpose yet."))
    sides = {split: {clip.speaker for clip in clips if clip.split == split} for split in Split.values}
    if not sides[Split.TRAIN]:
        raise NotFreezable(_("No speaker is on the training side yet: there is nobody to learn from."))
    if not sides[Split.TEST]:
        raise NotFreezable(_("No speaker is on the test side yet: nothing could be measured on an unheard voice."))
    if sum(map(len, sides.values())) != len(set().union(*sides.values())):
        raise NotFreezable(_("A speaker is on two sides of the split."))
    if len({clip.emotion for clip in clips if clip.split == Split.TRAIN}) < 2:
        raise NotFreezable(_("The training side holds fewer than two emotions: there is nothing to tell apart."))


def manifest_of(kind: str, chosen: Selection, written: Written) -> dict[str, Any]:
    """What the release is: every clip, every shard, and the counts people ask for."""
    return {
        "format": FORMAT,
        "kind": str(kind),
        "clips": written.clips,
        "shards": written.shards,
        "counts": counts_of(chosen),
        # The names alone: a translation that is mended makes no other release. The words lie beside the manifest.
        "use_restrictions": restrictions.ids(),
    }


def counts_of(chosen: Selection) -> dict[str, Any]:
    """Clips and speakers by side, language, emotion and permission; corpora apart."""
    clips = chosen.clips

    def by(name: str) -> dict[str, int]:
        return dict(sorted(Counter(str(getattr(clip, name)) for clip in clips).items()))

    return {
        "clips": len(clips),
        "speakers": len({clip.speaker for clip in clips}),
        "splits": by("split"),
        "languages": by("language"),
        "emotions": by("emotion"),
        # How ratings became labels, by the method's name and version.
        "label_methods": by("method"),
        "permissions": by("permission"),
        "corpora": dict(sorted(Counter(clip.corpus for clip in clips if clip.corpus).items())),
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
    """Write the canonical manifest and the terms beside the shards, and return its digest: the release's name."""
    (folder / restrictions.FILE).write_bytes(restrictions.as_json())
    (folder / restrictions.TERMS).write_bytes(restrictions.as_terms())
    path = folder / MANIFEST
    path.write_bytes(shards.canonical(manifest))
    return shards.digest_of(path)


def keep(
    kind: str, chosen: Selection, manifest: dict[str, Any], digest: str, *, folder: Path, at: datetime, by: Any
) -> Release:
    """Make the bytes durable, then the rows; raises ChangedMeanwhile, with the bytes gone, when a clip may not stay."""
    release = Release(kind=kind, digest=digest, counts=manifest["counts"])
    known = Release.objects.filter(digest=digest).first()
    if not (known and is_whole(known, manifest)):
        put_files(release.prefix, folder, manifest)
    try:
        with transaction.atomic():
            check_still_allowed(kind, chosen.clips)
            if known:
                return Release.objects.get(digest=digest)
            keep_rows(release, chosen.clips, at=at, by=by)
    except ChangedMeanwhile:
        if kept := Release.objects.filter(digest=digest).first():
            # What we have just put back may hold a clip that was purged from it meanwhile.
            rewriting.forget_withdrawn(kept)
        else:
            storage.erase(f"{release.prefix}/")
        raise
    return release


def is_whole(release: Release, manifest: dict[str, Any]) -> bool:
    """Whether storage still holds all of it: then nothing is put again, least of all a clip purged just now."""
    place = rewriting.InStorage(release.prefix)
    if rewriting.tombstones_of(place):
        return True
    return all(place.read(name) is not None for name in (MANIFEST, *BESIDE)) and all(
        storage_holds(f"{release.prefix}/shards/{shard['name']}", shard["byte_count"]) for shard in manifest["shards"]
    )


def storage_holds(key: str, byte_count: int) -> bool:
    """Whether there is an object of that size."""
    try:
        return storage.stat(key).byte_count == byte_count
    except storage.NotStored:
        return False


def put_files(prefix: str, folder: Path, manifest: dict[str, Any]) -> None:
    """The shards first: whoever sees the manifest finds all that it names. Put again, it mends what was lost.

    Before them a draft of the manifest: of a freeze that is killed here it tells whose sound it left.
    """
    draft = f"{prefix}/{rewriting.DRAFT}"
    storage.put(draft, folder / MANIFEST)
    for shard in manifest["shards"]:
        path = folder / "shards" / shard["name"]
        storage.put(f"{prefix}/shards/{shard['name']}", path, sha256=shard["sha256"])
    for name in BESIDE:
        storage.put(f"{prefix}/{name}", folder / name)
    storage.put(f"{prefix}/{MANIFEST}", folder / MANIFEST)
    storage.erase(draft)


def check_still_allowed(kind: str, clips: list[Chosen]) -> None:
    """Ask again, with the rows locked: a withdrawal now comes either before us, and is seen, or after, and sees us."""
    for some in in_pieces(sorted(clip.clip for clip in clips)):
        mine = Clip.objects.filter(pk__in=some)
        lock(LicenceGrant.objects.filter(clips__in=some).distinct().values_list("pk", flat=True), LicenceGrant)
        lock(mine.order_by().values_list("contributor_id", flat=True).distinct(), Contributor)
        list(mine.select_for_update().order_by("pk").values_list("pk", flat=True))
        purpose = selection.PURPOSES[Release.Kind(kind)]
        allowed = mine.filter(status=Clip.Status.ACCEPTED).covered_by(purpose).count()
        if allowed != len(some):
            raise ChangedMeanwhile(f"{len(some) - allowed} clips may not be in it any more")


def lock(ids: Any, model: Any) -> None:
    """Hold the rows, in one order for everybody, until the transaction ends."""
    list(model.objects.filter(pk__in=list(ids)).select_for_update().order_by("pk").values_list("pk", flat=True))


def keep_rows(release: Release, clips: list[Chosen], *, at: datetime, by: Any) -> None:
    """The release, its members and the event, in the caller's transaction."""
    release.save(force_insert=True)
    Release.objects.filter(pk=release.pk).update(frozen_at=at)
    members = [ReleaseClip(release=release, clip_id=clip.clip, key=clip.key, split=clip.split) for clip in clips]
    ReleaseClip.objects.bulk_create(members, batch_size=AT_ONCE)
    audit.record("release.frozen", subject=release, by=by, kind=str(release.kind), digest=release.digest)
    release.frozen_at = at


def withdrawn_keys(release: Release) -> list[str]:
    """The keys of the release's clips that were withdrawn, or lost their permission, since it was frozen.

    Also of those that are allowed again: once out of a release, a clip comes back with the next one only.
    """
    members = dict(release.members.values_list("clip_id", "key"))
    uncovered = {members[clip] for clip in selection.no_longer_covered(members, kind=release.kind)}
    return sorted(uncovered | rewriting.gone_keys(release))
