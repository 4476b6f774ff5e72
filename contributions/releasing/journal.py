"""What a freeze has written so far, so that the next attempt goes on behind it: shards, and lines up to each of them.

The journal names the content by its salt. Of another content nothing is taken over, so no clip that left meanwhile
stays in the folder; of the same content the files come out the same, byte for byte, wherever the first attempt died.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from contributions.releasing.draft import SCRATCH, said
from contributions.releasing.reading import CLIPS, RATINGS
from openempathic import durable

JOURNAL = "journal.jsonl"
CHUNK_BYTES = 1 << 20


class Lines:
    """A file of canonical lines that grows, and is known by its digest."""

    def __init__(self, path: Path, *, byte_count: int = 0, sha256: str | None = None) -> None:
        """Keep so many bytes of what is there; raises ValueError where they are not those with the digest."""
        self.path, self.digest, self.byte_count = path, hashlib.sha256(), byte_count
        path.touch()
        self.file = path.open("r+b")
        left = byte_count
        while left and (chunk := self.file.read(min(left, CHUNK_BYTES))):
            self.digest.update(chunk)
            left -= len(chunk)
        if left or (sha256 and sha256 != self.digest.hexdigest()):
            self.file.close()
            raise ValueError(f"{path.name} is not what it was")
        self.file.truncate(byte_count)
        self.file.seek(byte_count)

    def add(self, line: Mapping[str, Any]) -> None:
        """One line more."""
        content = said(line).encode() + b"\n"
        self.file.write(content)
        self.digest.update(content)
        self.byte_count += len(content)

    def described(self) -> dict[str, Any]:
        """The file as a manifest names it, as it is now."""
        return {"byte_count": self.byte_count, "sha256": self.digest.hexdigest()}

    def settle(self) -> None:
        """Have it on the disk."""
        self.file.flush()
        os.fsync(self.file.fileno())


@dataclass
class Journal:
    """The folder's files of lines, and the shards that are whole in it."""

    folder: Path
    clips: Lines
    ratings: Lines
    shards: list[dict[str, Any]] = field(default_factory=list)
    unreadable: set[UUID] = field(default_factory=set)

    @property
    def last_key(self) -> str:
        """The key behind which to go on; empty at the beginning."""
        return str(self.shards[-1]["last_key"]) if self.shards else ""

    def keep(self, shard: Mapping[str, Any]) -> None:
        """Note that the shard and the lines up to its end are whole."""
        for lines in (self.clips, self.ratings):
            lines.settle()
        self.shards.append(dict(shard))
        line = {
            "shard": shard,
            "clips": self.clips.described(),
            "ratings": self.ratings.described(),
            "unreadable": sorted(map(str, self.unreadable)),
        }
        append(self.folder / JOURNAL, line)

    def close(self) -> None:
        """Have the lines on the disk, and let go of them; the journal stays until the release is kept."""
        for lines in (self.clips, self.ratings):
            lines.settle()
            lines.file.close()


def opened(folder: Path, salt: str) -> Journal:
    """The journal of this content; the folder is emptied where it holds another, or none that can be trusted."""
    whole = []
    for note in notes_in(folder / JOURNAL, salt):
        if not is_whole(folder / "shards", note["shard"]):
            break
        whole.append(note)
    if whole and (journal := taken_up(folder, whole)):
        remake(folder / JOURNAL, [{"salt": salt}, *whole])
        remove(folder / "shards", but={note["shard"]["name"] for note in whole})
        return journal
    remove(folder)
    (folder / "shards").mkdir(parents=True)
    remake(folder / JOURNAL, [{"salt": salt}])
    return Journal(folder, Lines(folder / CLIPS), Lines(folder / RATINGS))


def taken_up(folder: Path, notes: list[dict[str, Any]]) -> Journal | None:
    """The work as the last note left it; None where the lines are not those any more."""
    last = notes[-1]
    try:
        clips, ratings = (Lines(folder / name, **last[told]) for name, told in ((CLIPS, "clips"), (RATINGS, "ratings")))
    except ValueError:
        return None
    return Journal(folder, clips, ratings, [note["shard"] for note in notes], set(map(UUID, last["unreadable"])))


def notes_in(path: Path, salt: str) -> Iterator[dict[str, Any]]:
    """The notes on this content; the last may have been cut off in the middle, and then does not count."""
    try:
        first, *rest = path.read_bytes().split(b"\n")
        if json.loads(first) != {"salt": salt}:
            return
        for line in rest[:-1]:
            yield dict(json.loads(line))
    except (FileNotFoundError, ValueError):
        return


def is_whole(folder: Path, shard: Mapping[str, Any]) -> bool:
    """Whether the shard lies there with the bytes that were written."""
    path = folder / shard["name"]
    if not path.exists() or path.stat().st_size != shard["byte_count"]:
        return False
    with path.open("rb") as file:
        return bool(hashlib.file_digest(file, "sha256").hexdigest() == shard["sha256"])


def remove(folder: Path, *, but: Iterable[str] = ()) -> None:
    """Remove what lies in the folder, but for these and for a draft in use."""
    for path in folder.iterdir() if folder.exists() else ():
        if path.name not in set(but) and not path.name.startswith(SCRATCH):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def remake(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Write the journal from its beginning, in one step."""
    beginning = "".join(f"{said(line)}\n" for line in lines).encode()
    durable.place([beginning], path, root=path.parent)


def append(path: Path, line: Mapping[str, Any]) -> None:
    """One line more, on the disk."""
    with path.open("ab") as file:
        file.write(f"{said(line)}\n".encode())
        file.flush()
        os.fsync(file.fileno())
