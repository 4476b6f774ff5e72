"""What changed from the release of the same kind before: which clips came, stayed under another key, or left.

Keys alone are told. That two keys are one clip is public anyway, since its number stands in both releases; that two
names of a speaker are one person is not, and is told nowhere.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import UUID

from contributions.models import Release
from contributions.releasing.draft import said
from contributions.releasing.selection import Selection
from openempathic.pieces import in_pieces

DELTA, FORMAT = "delta.json", "openempathic-delta/1"


def release_before(kind: str, digest: str) -> Release | None:
    """The newest release of the kind that is another one."""
    return Release.objects.filter(kind=kind).exclude(digest=digest).order_by("-frozen_at", "pk").first()


def write_delta(chosen: Selection, digest: str, before: Release, path: Path) -> None:
    """Write what came, stayed and left, a key in memory at a time."""
    chosen.draft.write(
        "UPDATE clips SET old_key = ? WHERE clip = ?",
        ((old, clip.bytes) for page in chosen.members() for clip, old in old_keys(before, [pk for pk, *_ in page])),
    )
    ask = chosen.draft.ask
    added = ask("SELECT key FROM clips WHERE left_out IS NULL AND old_key IS NULL ORDER BY key")
    kept = ask("SELECT old_key, key FROM clips WHERE left_out IS NULL AND old_key IS NOT NULL ORDER BY old_key")
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"format":{said(FORMAT)},"release":{said(digest)},"before":{said(before.digest)}')
        file.writelines(listed(',"added":[', (said(key) for (key,) in added), "]"))
        file.writelines(listed(',"kept":{', (f"{said(old)}:{said(key)}" for old, key in kept), "}"))
        file.writelines(listed(',"removed":[', map(said, removed(chosen, before)), "]}\n"))


def old_keys(before: Release, clips: list[UUID]) -> Iterator[tuple[UUID, str]]:
    """Those of the clips that the release before still holds, with their keys in it."""
    for some in in_pieces(clips):
        yield from before.members.filter(clip__in=some, taken_out_at=None).values_list("clip_id", "key")


def removed(chosen: Selection, before: Release) -> Iterator[str]:
    """The keys of the release before whose clips are not kept."""
    question = "SELECT COUNT(*) FROM clips WHERE clip = ? AND left_out IS NULL AND old_key IS NOT NULL"
    for clip, key in before.members.order_by("key").values_list("clip_id", "key").iterator():
        if not chosen.draft.one(question, clip.bytes):
            yield key


def listed(begin: str, items: Iterable[str], end: str) -> Iterator[str]:
    """The items between two brackets, as JSON has them."""
    yield begin
    for number, item in enumerate(items):
        yield f",{item}" if number else item
    yield end
