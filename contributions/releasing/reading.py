"""Reading a release line by line, of either format, from storage or from a folder."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from contributions.releasing.places import InFolder, InStorage, NotWhole, Place, lines

__all__ = [
    "CLIPS",
    "FORMATS",
    "MANIFEST",
    "RATINGS",
    "InFolder",
    "InStorage",
    "NotWhole",
    "clips_of",
    "manifest_of",
    "ratings_of",
]

MANIFEST, CLIPS, RATINGS = "manifest.json", "clips.jsonl", "ratings.jsonl"
# The first keeps the line of every clip in its manifest; the second in a file of its own that the manifest names.
FORMATS = ("openempathic-release/1", "openempathic-release/2")


def manifest_of(place: Place) -> dict[str, Any]:
    """What the release says of itself; raises NotWhole where it says nothing that can be read."""
    content = place.read(MANIFEST)
    try:
        manifest = dict(json.loads(content or b""))
    except (ValueError, TypeError) as fault:
        raise NotWhole(f"there is no readable {MANIFEST}") from fault
    if manifest.get("format") not in FORMATS:
        raise NotWhole(f"the manifest is of format {manifest.get('format')!r}, which nobody here can read")
    return manifest


def clips_of(place: Place) -> Iterator[dict[str, Any]]:
    """The line of each clip in the order of the shards, without those that have left; raises NotWhole.

    Of the first format the lines of clips that are gone are still there: its manifest never changes.
    """
    manifest = manifest_of(place)
    if "clips" in manifest:
        yield from manifest["clips"]
    else:
        yield from lines(place, CLIPS)


def ratings_of(place: Place) -> Iterator[dict[str, Any]]:
    """Each blind answer that counted, under the pseudonyms of this release; none in the first format."""
    if "clips" not in manifest_of(place):
        yield from lines(place, RATINGS)


def clips_begun(place: Place, draft: str) -> tuple[str, Iterator[UUID]]:
    """Of a release that may never have been kept: its kind, and each clip whose sound may lie there.

    Its manifest tells, or before that its draft, whose further lines are those of the clips. Raises NotWhole.
    """
    if place.read(MANIFEST) is not None:
        return manifest_of(place)["kind"], (UUID(row["clip"]) for row in clips_of(place))
    told = lines(place, draft)
    first = next(told, {})
    rows = first.get("clips", told)
    return str(first.get("kind")), (UUID(row["clip"]) for row in rows)
