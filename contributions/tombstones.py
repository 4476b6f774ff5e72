"""The public feed of clips that were taken back, and how somebody else's copy of a release follows it.

A line holds the clip's id, its key in each release it was in, and two dates; nothing of who spoke or what. The feed is
in the order of the ids, a page at a time: `next` is the address of the page after. What it cannot do is make anybody
read it.
"""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from contributions import rewriting
from contributions.models import Clip, ReleaseClip
from contributions.selection import in_pieces
from openempathic.audit.models import AuditEvent

FORMAT = "openempathic-tombstone-feed/1"
ROWS_A_PAGE = 1000
COLUMNS = ("clip", "withdrawn_at", "purged_at", "release", "key")
ACTS = {"clip.withdrawn": "withdrawn_at", "clip.purged": "purged_at"}


class NotAFeed(Exception):
    """What was given is no tombstone feed, or no release that one could be applied to."""


@dataclass(frozen=True)
class Page:
    """Some lines of the feed, and the last id of them where more follow."""

    clips: list[dict[str, Any]]
    last: UUID | None
    changed_at: datetime | None


def page(*, after: UUID | None = None, rows: int) -> Page:
    """The next lines after that id."""
    gone = Clip.objects.filter(status__in=rewriting.GONE).order_by("pk")
    found = list((gone.filter(pk__gt=after) if after else gone).values_list("pk", flat=True)[: rows + 1])
    ids = found[:rows]
    held, moments = releases_of(ids), moments_of(ids)
    clips = [
        {
            "clip": str(pk),
            **{name: moments[pk][name].isoformat() if name in moments[pk] else None for name in ACTS.values()},
            "releases": held[pk],
        }
        for pk in ids
    ]
    changed_at = max((moment for each in moments.values() for moment in each.values()), default=None)
    return Page(clips, ids[-1] if len(found) > rows else None, changed_at)


def releases_of(ids: list[UUID]) -> dict[UUID, dict[str, str]]:
    """For each clip its key by the release's digest."""
    held: dict[UUID, dict[str, str]] = defaultdict(dict)
    for some in in_pieces(ids):
        rows = ReleaseClip.objects.filter(clip__in=some).order_by("release__digest")
        for pk, digest, key in rows.values_list("clip_id", "release__digest", "key"):
            held[pk][digest] = key
    return held


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
        for digest, key in clip["releases"].items() or [("", "")]:
            table.writerow([clip["clip"], clip["withdrawn_at"], clip["purged_at"] or "", digest, key])
    return text.getvalue()


def ids_in(document: bytes) -> tuple[set[str], str | None]:
    """The clip ids of a feed's page, signed or plain, and the address of the next page; raises NotAFeed."""
    try:
        told = json.loads(document)
        told = told.get("content", told)
        if told["format"] != FORMAT:
            raise NotAFeed(f"the feed is of format {told['format']!r}, not {FORMAT!r}")
        return {str(UUID(clip["clip"])) for clip in told["clips"]}, told["next"]
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise NotAFeed(f"this is no tombstone feed: {fault!r}") from fault


def all_ids(feed: str, read: Callable[[str], bytes]) -> set[str]:
    """The clip ids of every page of the feed."""
    ids: set[str] = set()
    address: str | None = feed
    seen: set[str] = set()
    while address and address not in seen:
        seen.add(address)
        some, address = ids_in(read(address))
        ids |= some
    return ids


def apply(ids: Iterable[str], *, folder: Path) -> list[str]:
    """Take these clips out of a downloaded release; returns the keys that are gone from it, now or before.

    Doing it again changes nothing. Raises NotAFeed where the folder is no release.
    """
    place = rewriting.InFolder(folder)
    try:
        rows = json.loads(place.read(rewriting.MANIFEST) or b"")["clips"]
        taken = set(ids)
        gone = {row["key"] for row in rows if row["clip"] in taken}
    except (ValueError, KeyError, TypeError) as fault:
        raise NotAFeed(f"{folder.name} is no release: it has no readable {rewriting.MANIFEST}") from fault
    told = rewriting.tombstones_of(place)
    gone |= set((told or {}).get("keys", []))
    rewriting.forget(place, gone)
    return sorted(gone)
