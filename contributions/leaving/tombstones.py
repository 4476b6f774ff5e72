"""The public feed of clips that were taken back, and how somebody else's copy of a release follows it.

A line holds the clip's id, its key in each release it is gone from, and two dates; nothing of who spoke or what. Its
scope says how far to go: CLIP was withdrawn and leaves every copy of anything; RELEASES lives, but the consent or the
licence for releases of a kind ended, and it leaves copies of the releases that its line names, and no others. The feed
is in the order of the ids, a page at a time: `next` is the address of the page after. What it cannot do is make anybody
read it.
"""

import csv
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from contributions.models import Clip
from contributions.releasing import reading, rewriting
from openempathic.audit.models import AuditEvent
from openempathic.pieces import in_pieces

FORMAT = "openempathic-tombstone-feed/2"
# Of before a purpose could be taken back alone: every line is of a clip.
FORMATS = (FORMAT, "openempathic-tombstone-feed/1")
ROWS_A_PAGE = 1000
COLUMNS = ("clip", "scope", "withdrawn_at", "purged_at", "release", "key")
ACTS = {"clip.withdrawn": "withdrawn_at", "clip.purged": "purged_at"}
CLIP, RELEASES = "CLIP", "RELEASES"


class NotAFeed(Exception):
    """What was given is no tombstone feed, or no release that one could be applied to."""


@dataclass(frozen=True)
class Page:
    """Some lines of the feed, and the last id of them where more follow."""

    clips: list[dict[str, Any]]
    last: UUID | None
    changed_at: datetime | None


@dataclass(frozen=True)
class Gone:
    """What one line of a feed says: the clip, and the digests of the releases it is gone from, or None for all."""

    clip: UUID
    releases: frozenset[str] | None
    withdrawn_at: datetime | None = None


def page(*, after: UUID | None = None, rows: int) -> Page:
    """The next lines after that id."""
    taken_out = rewriting.gone_members().filter(clip=OuterRef("pk"), taken_out_at__isnull=False)
    gone = Clip.objects.filter(Q(status__in=rewriting.GONE) | Exists(taken_out)).order_by("pk")
    found = list((gone.filter(pk__gt=after) if after else gone).values_list("pk", "status")[: rows + 1])
    statuses = dict(found[:rows])
    ids = list(statuses)
    held, left = releases_of(ids)
    moments = moments_of(ids)
    for pk, status in statuses.items():
        if status not in rewriting.GONE:
            # Back then is when it left the last of these releases; it is not purged, since it lives.
            moments[pk] = {"withdrawn_at": left[pk]}
    clips = [
        {
            "clip": str(pk),
            "scope": CLIP if status in rewriting.GONE else RELEASES,
            **{name: moments[pk][name].isoformat() if name in moments[pk] else None for name in ACTS.values()},
            "releases": held[pk],
        }
        for pk, status in statuses.items()
    ]
    changed_at = max((moment for each in moments.values() for moment in each.values()), default=None)
    return Page(clips, ids[-1] if len(found) > rows else None, changed_at)


def releases_of(ids: list[UUID]) -> tuple[dict[UUID, dict[str, str]], dict[UUID, datetime]]:
    """For each clip its key by the digest of each release it is gone from, and when it left the last of them."""
    held: dict[UUID, dict[str, str]] = defaultdict(dict)
    left: dict[UUID, datetime] = {}
    for some in in_pieces(ids):
        rows = rewriting.gone_members().filter(clip__in=some).order_by("release__digest")
        for pk, digest, key, at in rows.values_list("clip_id", "release__digest", "key", "taken_out_at"):
            held[pk][digest] = key
            if at is not None:
                left[pk] = max(at.replace(microsecond=0), left.get(pk, at.replace(microsecond=0)))
    return held, left


def moments_of(ids: list[UUID]) -> dict[UUID, dict[str, datetime]]:
    """For each clip when it was withdrawn and purged, as the log of acts has it."""
    moments: dict[UUID, dict[str, datetime]] = defaultdict(dict)
    for some in in_pieces([str(pk) for pk in ids]):
        events = AuditEvent.objects.filter(subject_type=Clip._meta.label_lower, subject_id__in=some, act__in=list(ACTS))
        for subject, act, at in events.values_list("subject_id", "act", "at"):
            moments[UUID(subject)][ACTS[act]] = at.replace(microsecond=0)
    return moments


def as_content(some: Page, *, following: str | None) -> dict[str, Any]:
    """The page as the JSON feed says it, before it is signed."""
    return {"format": FORMAT, "clips": some.clips, "next": following}


def as_csv(some: Page) -> str:
    """The page as a table: a line for each clip and release, or one line for a clip that was in none."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for clip in some.clips:
        facts = [clip["clip"], clip["scope"], clip["withdrawn_at"], clip["purged_at"] or ""]
        for digest, key in clip["releases"].items() or [("", "")]:
            table.writerow([*facts, digest, key])
    return text.getvalue()


def gone_in(document: bytes) -> tuple[list[Gone], str | None]:
    """What a feed's page says, signed or plain, and the address of the next page; raises NotAFeed."""
    try:
        told = json.loads(document)
        told = told.get("content", told)
        if told["format"] not in FORMATS:
            raise NotAFeed(f"the feed is of format {told['format']!r}, not {FORMAT!r}")
        return [line_of(clip) for clip in told["clips"]], told["next"]
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise NotAFeed(f"this is no tombstone feed: {fault!r}") from fault


def line_of(said: dict[str, Any]) -> Gone:
    """One line; where it does not say how far it goes, it is of the clip."""
    scope = said.get("scope", CLIP)
    if scope not in (CLIP, RELEASES):
        raise NotAFeed(f"a line has the scope {scope!r}, which we do not know")
    at = said.get("withdrawn_at")
    return Gone(
        UUID(said["clip"]),
        frozenset(said["releases"]) if scope == RELEASES else None,
        datetime.fromisoformat(at) if at else None,
    )


def all_gone(feed: str, read: Callable[[str], bytes]) -> list[Gone]:
    """The lines of every page of the feed."""
    gone: list[Gone] = []
    address: str | None = feed
    seen: set[str] = set()
    while address and address not in seen:
        seen.add(address)
        some, address = gone_in(read(address))
        gone += some
    return gone


def apply(gone: Iterable[Gone], *, folder: Path) -> list[str]:
    """Take these clips out of a downloaded release; returns the keys that are gone from it, now or before.

    Doing it again changes nothing. Raises NotAFeed where the folder is no release.
    """
    place = rewriting.InFolder(folder)
    digest = hashlib.sha256(place.read(rewriting.MANIFEST) or b"").hexdigest()
    taken = {str(line.clip) for line in gone if line.releases is None or digest in line.releases}
    try:
        keys = {row["key"] for row in reading.clips_of(place) if row["clip"] in taken}
    except (reading.NotWhole, ValueError, KeyError, TypeError) as fault:
        raise NotAFeed(f"{folder.name} is no release: it has no readable {rewriting.MANIFEST}") from fault
    told = rewriting.tombstones_of(place)
    keys |= set((told or {}).get("keys", []))
    rewriting.forget(place, keys)
    return sorted(keys)
