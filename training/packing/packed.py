"""A packing opened for reading, alone or several as one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from training.clara.checkpoint import write_durably
from training.packing.clips import Clips, PackedClip

FORMAT = "openempathic-packed/2"
FIRST_FORMAT = "openempathic-packed/1"  # its index lists the clips one by one
INDEX = "index.json"
COLUMNS = "columns.npz"
SAMPLES = "samples.int16"
# Columns of what a person said, or others of them in free words, and what is left of it when the clip is withdrawn.
SAID: dict[str, Any] = {"transcript": None, "texts": []}


class Unpackable(Exception):
    """The release or corpus is not what it promises, or the folder no packing; the message says where."""


class Packed:
    """A packing opened for reading.

    `release_digest` is the digest of the release, or of the corpus's files and labels; `source` says what was packed.
    """

    def __init__(self, folder: Path) -> None:
        index = json.loads((folder / INDEX).read_bytes())
        if index["format"] not in (FORMAT, FIRST_FORMAT):
            raise Unpackable(f"{folder / INDEX} is of format {index['format']!r}, not {FORMAT!r}")
        self.folder = folder
        self.release_digest: str = index["release_digest"]
        self.source: dict[str, Any] = index.get("source") or {}
        if index["format"] == FIRST_FORMAT:
            self.clips = Clips.of(PackedClip(**clip) for clip in index["clips"])
        else:
            self.clips = Clips.read(folder / COLUMNS, index["words"])
        # As a plain array: slicing a memmap itself costs more than reading a clip.
        self._samples = np.memmap(folder / SAMPLES, dtype="<i2", mode="r").view(np.ndarray)

    @property
    def sample_count(self) -> int:
        """All samples together."""
        return len(self._samples)

    def waveform(self, clip: PackedClip) -> np.ndarray:
        """The clip's samples, int16 (samples,)."""
        return np.array(self._samples[clip.offset : clip.offset + clip.sample_count])

    def split(self, name: str, *, without: frozenset[str] = frozenset()) -> list[PackedClip]:
        """The labelled clips of a split, but for the keys in `without`."""
        is_in = self.clips.where("split", name.__eq__) & self.clips.where("emotions", bool)
        return [clip for clip in self.clips.chosen(is_in) if clip.key not in without]

    def silence(self, keys: frozenset[str]) -> None:
        """Overwrite the samples of these clips with zeros, and words that only they have with nothing, durably."""
        are_gone = self.clips.where("key", keys.__contains__)
        samples = np.memmap(self.folder / SAMPLES, dtype="<i2", mode="r+")
        for clip in self.clips.chosen(are_gone):
            samples[clip.offset : clip.offset + clip.sample_count] = 0
        samples.flush()
        index = json.loads((self.folder / INDEX).read_bytes())
        if index["format"] == FORMAT and are_gone.any():
            for name, empty in SAID.items():
                for place in self.clips.had_only_by(are_gone, name):
                    index["words"][name][place] = empty
            write_durably(self.folder / INDEX, json.dumps(index, ensure_ascii=False).encode())


class Joined(Packed):
    """Several packings read as one; its clips' offsets run on through all of them."""

    def __init__(self, parts: Sequence[Packed]) -> None:
        self.parts = list(parts)
        self._first_samples = np.cumsum([0, *(part.sample_count for part in parts)])
        self.folder = self.parts[0].folder
        self.release_digest = hashlib.sha256("\n".join(part.release_digest for part in parts).encode()).hexdigest()
        self.source = {"parts": [part.source for part in parts]}
        self.clips = Clips.joined([part.clips for part in parts], first_samples=self._first_samples[:-1].tolist())

    @property
    def sample_count(self) -> int:
        """All samples together."""
        return int(self._first_samples[-1])

    def waveform(self, clip: PackedClip) -> np.ndarray:
        """The clip's samples, int16 (samples,)."""
        number = int(np.searchsorted(self._first_samples, clip.offset, side="right")) - 1
        start = clip.offset - int(self._first_samples[number])
        return np.array(self.parts[number]._samples[start : start + clip.sample_count])

    def silence(self, keys: frozenset[str]) -> None:
        """Overwrite the samples of these clips with zeros, durably."""
        for part in self.parts:
            part.silence(keys)


def joined(packings: Iterable[Packed | Path]) -> Packed:
    """Several packings, or the folders they lie in, opened as one.

    Raises Unpackable when there is none, or when a key is in two of them.
    """
    parts = [Packed(one) if isinstance(one, Path) else one for one in packings]
    if not parts:
        raise Unpackable("there is no packing to open")
    if len(parts) == 1:
        return parts[0]
    known: set[str] = set()
    for part in parts:
        keys = set(part.clips.column("key"))
        if twice := known & keys:
            raise Unpackable(f"{len(twice)} clips are in two packings, {min(twice)} among them")
        known |= keys
    return Joined(parts)


def erase(packed: Packed, keys: frozenset[str]) -> None:
    """Overwrite withdrawn clips with silence and their words with nothing, durably; safe to do again."""
    if keys:
        packed.silence(keys)


def canonical(content: Any) -> bytes:
    """The one way of writing JSON that a digest is taken of."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def opened(folder: Path, *, is_it: Callable[[Packed], bool]) -> Packed | None:
    """The packing in the folder if there is one and it is the one that is wanted."""
    try:
        found = Packed(folder)
    except (OSError, ValueError, KeyError, TypeError, Unpackable):
        return None
    return found if is_it(found) else None


def made(
    folder: Path,
    *,
    write: Callable[[BinaryIO], list[PackedClip]],
    about: Callable[[], dict[str, Any]],
) -> Packed:
    """A packing that is whole or absent: written beside its place, flushed, and renamed when it is done.

    `write` puts the samples into the file and returns the clips; `about` tells afterwards what else the index says.
    """
    making = folder.with_name(f".{folder.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    with (making / SAMPLES).open("wb") as file:
        clips = Clips.of(write(file))
        file.flush()
        os.fsync(file.fileno())
    words = clips.write(making / COLUMNS)
    index = {"format": FORMAT, **about(), "words": words}
    write_durably(making / INDEX, json.dumps(index, ensure_ascii=False).encode())
    shutil.rmtree(folder, ignore_errors=True)
    making.rename(folder)
    return Packed(folder)
