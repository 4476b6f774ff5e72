"""The index of a packing: what is known of each clip, held as columns so that a million clips open in seconds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, overload

import numpy as np

SAMPLE_RATE_HZ = 16_000
NUMBERS = {"offset": np.int64, "sample_count": np.int64, "intensity": np.float64, "weight": np.float64}
PROSODY = "prosody."
BLOCK = 8_192


@dataclass(frozen=True)
class PackedClip:
    """One clip of a packing: where its samples lie and what is known about it."""

    key: str
    split: str
    speaker: str
    language: str
    corpus: str | None
    emotions: dict[str, float]  # emotion to share of the votes; empty when nobody labelled it
    intensity: float | None
    texts: list[str]
    offset: int
    sample_count: int
    # How the votes became shares, and how much they should teach beside other clips; releases did not always say.
    label_method: str | None = None
    weight: float = 1.0
    # What older packings did not carry.
    gender: str | None = None
    styles: list[str] = field(default_factory=list)
    transcript: str | None = None
    prosody: dict[str, float] = field(default_factory=dict)  # as training.prosody.measured tells; empty where it cannot
    age_band: str | None = None

    @property
    def emotion(self) -> str:
        """The emotion with most of the votes; the first in the alphabet when they are level."""
        return max(sorted(self.emotions), key=lambda emotion: self.emotions[emotion])

    @property
    def duration_seconds(self) -> float:
        """How long it sounds."""
        return self.sample_count / SAMPLE_RATE_HZ


WORDS = tuple(one.name for one in fields(PackedClip) if one.name not in {*NUMBERS, "prosody"})
# Columns that packings were made without, and the one value that all clips have in those.
LATER: dict[str, list[Any]] = {"age_band": [None]}


class Clips(Sequence[PackedClip]):
    """Clips held as columns; each becomes an object when it is asked for.

    `numbers` are arrays, one entry a clip, NaN for None; a column of `words` is a list of JSON values and an array that
    says which of them each clip has. What clips share (a speaker, a label) is one object for all of them: read it only.
    """

    def __init__(self, numbers: Mapping[str, np.ndarray], words: Mapping[str, tuple[list[Any], np.ndarray]]) -> None:
        self._numbers, self._words = dict(numbers), dict(words)

    @classmethod
    def of(cls, clips: Iterable[PackedClip]) -> Clips:
        """The same clips as columns."""
        clips = list(clips)
        numbers = {
            name: np.array([_number(getattr(clip, name)) for clip in clips], dtype=dtype)
            for name, dtype in NUMBERS.items()
        }
        for name in sorted({name for clip in clips for name in clip.prosody}):
            numbers[PROSODY + name] = np.array([clip.prosody.get(name, np.nan) for clip in clips], dtype=np.float64)
        return cls(numbers, {name: _coded(getattr(clip, name) for clip in clips) for name in WORDS})

    @classmethod
    def joined(cls, parts: Sequence[Clips], *, first_samples: Sequence[int]) -> Clips:
        """The clips of several packings one after another, each part's offsets moved by its `first_samples`."""
        numbers: dict[str, np.ndarray] = {}
        for name in dict.fromkeys(name for part in parts for name in part._numbers):
            columns = [part._numbers.get(name, np.full(len(part), np.nan)) for part in parts]
            if name == "offset":
                columns = [column + first for column, first in zip(columns, first_samples, strict=True)]
            numbers[name] = np.concatenate(columns)
        words: dict[str, tuple[list[Any], np.ndarray]] = {}
        for name in WORDS:
            values: list[Any] = []
            codes = []
            for part in parts:
                own, coded = part._words[name]
                codes.append(coded + len(values))
                values = values + own
            words[name] = values, np.concatenate(codes)
        return cls(numbers, words)

    def column(self, name: str) -> list[Any]:
        """One field of every clip, without making the clips."""
        if name in self._words:
            values, codes = self._words[name]
            return [values[code] for code in codes.tolist()]
        return [None if number != number else number for number in self._numbers[name].tolist()]

    def where(self, name: str, is_so: Callable[[Any], bool]) -> np.ndarray:
        """Bool (clips,): of which clips this is so; asked once for each different value of a column of words."""
        values, codes = self._words[name]
        return np.array([is_so(value) for value in values], dtype=bool)[codes]

    def had_only_by(self, are_they: np.ndarray, name: str) -> list[int]:
        """The places of those values of a column of words that no other clip has."""
        codes = self._words[name][1]
        return np.setdiff1d(codes[are_they], codes[~are_they]).tolist()

    def chosen(self, numbers: np.ndarray | slice) -> list[PackedClip]:
        """The clips of these numbers (or of a slice, or where a bool array is true), as objects."""
        columns: dict[str, list[Any]] = {}
        for name, (values, codes) in self._words.items():
            columns[name] = [values[code] for code in codes[numbers].tolist()]
        for name in NUMBERS:
            columns[name] = self._numbers[name][numbers].tolist()
        columns["intensity"] = [None if value != value else value for value in columns["intensity"]]
        columns["prosody"] = self._prosody(numbers, len(columns["key"]))
        return [PackedClip(*row) for row in zip(*(columns[one.name] for one in fields(PackedClip)), strict=True)]

    def write(self, path: Path) -> dict[str, list[Any]]:
        """Write the arrays beside the index; returns the values that belong into it."""
        arrays = self._numbers | {f"code.{name}": codes for name, (_values, codes) in self._words.items()}
        np.savez(path, allow_pickle=False, **arrays)
        return {name: values for name, (values, _codes) in self._words.items()}

    @classmethod
    def read(cls, path: Path, words: Mapping[str, list[Any]]) -> Clips:
        """What `write` wrote; a column that a later version added has its default."""
        with np.load(path, allow_pickle=False) as arrays:
            told = {name: arrays[name] for name in arrays.files}
        codes = {name.removeprefix("code."): told.pop(name) for name in list(told) if name.startswith("code.")}
        none = np.zeros(len(told["offset"]), dtype=np.int64)
        return cls(told, {name: (words[name], codes[name]) if name in codes else (LATER[name], none) for name in WORDS})

    @overload
    def __getitem__(self, number: int) -> PackedClip: ...

    @overload
    def __getitem__(self, number: slice) -> list[PackedClip]: ...

    def __getitem__(self, number: int | slice) -> PackedClip | list[PackedClip]:
        if isinstance(number, slice):
            return self.chosen(number)
        if not -len(self) <= number < len(self):
            raise IndexError(number)
        return self.chosen(np.array([number]))[0]

    def __len__(self) -> int:
        return len(self._numbers["offset"])

    def __iter__(self) -> Iterator[PackedClip]:
        for start in range(0, len(self), BLOCK):
            yield from self.chosen(slice(start, start + BLOCK))

    def _prosody(self, numbers: np.ndarray | slice, count: int) -> list[dict[str, float]]:
        names = [name for name in self._numbers if name.startswith(PROSODY)]
        if not names:
            return [{} for _ in range(count)]
        keys = [name.removeprefix(PROSODY) for name in names]
        rows = zip(*(self._numbers[name][numbers].tolist() for name in names), strict=True)
        return [{key: value for key, value in zip(keys, row, strict=True) if value == value} for row in rows]


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _coded(column: Iterable[Any]) -> tuple[list[Any], np.ndarray]:
    """The different values of a column in the order they come, and the number of each clip's value among them."""
    known: dict[Any, int] = {}
    values: list[Any] = []
    codes: list[int] = []
    for value in column:
        # Text as itself, which is most of it; what cannot be a dictionary's key as its JSON.
        name = value if isinstance(value, str) or value is None else (json.dumps(value, sort_keys=True),)
        if name not in known:
            known[name] = len(values)
            values.append(value)
        codes.append(known[name])
    return values, np.array(codes, dtype=np.int64)
