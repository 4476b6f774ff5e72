"""What screening says of a sound, by its real path without the database: decode in the child, measure, judge.

Measures are kept below var/ by the digest of the code that made them, so that other rules can be tried at once.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from contributions.audio import decode, examiner
from contributions.screening import rules
from contributions.screening.lengths import longest_seconds
from contributions.taxonomy import screening
from tests.benchmarks import broken, corpora
from tests.contributions.audio import sounds

AUDIO = Path(decode.__file__).parent
MAKING = (Path(broken.__file__), Path(sounds.__file__))

Make = Callable[[broken.Sound, broken.Chance], tuple[broken.Sound, str]]


@dataclass(frozen=True)
class Take:
    """One file to screen: what was done to which real clip, and how to make it."""

    group: str
    kind: str
    base: corpora.Spoken
    number: int
    make: Callable[[], tuple[bytes, str]]

    @property
    def key(self) -> str:
        """Its name, the same on every machine."""
        return f"{self.group}/{self.kind}/{self.number}/{self.base.name}"


@dataclass(frozen=True)
class Screened:
    """A take with its measures; `fault` is why it could not be decoded, `detail` how it was made."""

    take: Take
    measures: dict[str, Any]
    fault: str
    detail: str

    def finding(self, table: Iterable[screening.Rule], styles: Collection[str] = ()) -> rules.Finding:
        """What follows by these rules, for a speaker who says that they spoke in these manners."""
        if self.fault:
            return rules.Finding({}, reason=self.fault)
        return rules.judge(self.measures, rules=table, mode=self.take.base.mode, styles=styles)


def real(clips: Iterable[corpora.Spoken]) -> list[Take]:
    """The clips as they are."""
    return [Take("real", clip.source, clip, 0, lambda clip=clip: (clip.path.read_bytes(), "")) for clip in clips]


def made(group: str, kind: str, clips: Iterable[corpora.Spoken], make: Make) -> list[Take]:
    """Each clip changed in this way, in a container drawn for it."""
    return [
        Take(group, kind, clip, number, changed(clip, make, f"{kind}/{number}")) for number, clip in enumerate(clips)
    ]


def changed(clip: corpora.Spoken, make: Make, seed: str) -> Callable[[], tuple]:
    """How to make the file of a changed clip, or to find it made."""

    def file() -> tuple[bytes, str]:
        name = hashlib.sha256(f"{seed}/{clip.name}".encode()).hexdigest()[:32]
        kept = corpora.CACHE / "made" / digest_of(MAKING) / name
        if not kept.exists():
            body, detail = made_anew()
            kept.parent.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(".part")
            part.write_bytes(f"{detail}\n".encode() + body)
            part.replace(kept)
        detail, body = kept.read_bytes().split(b"\n", 1)
        return body, detail.decode()

    def made_anew() -> tuple[bytes, str]:
        chance = np.random.default_rng(list(hashlib.sha256(seed.encode()).digest()))
        container = str(chance.choice(broken.CONTAINERS))
        sound, detail = make(sound_of(clip), chance)
        return broken.encoded(sound, container), f"{detail}, {container}".removeprefix(", ")

    return file


def sound_of(clip: corpora.Spoken) -> broken.Sound:
    """The clip as our decoder gives it, at its own rate; raises NotMakeable where it is too long, say."""
    try:
        decoded = decode.decode(clip.path, longest_seconds=longest_seconds(clip.mode))
    except decode.Undecodable as fault:
        raise broken.NotMakeable(str(fault.reason)) from fault
    return broken.Sound(decoded.original.astype(np.float64) / 32_768, decoded.sample_rate_hz)


def screened(takes: Iterable[Take], told: Callable[[str], None] = lambda line: None) -> Iterator[Screened]:
    """Every take that can be made, measured now or by the same code before."""
    known = Kept(corpora.CACHE / "measures" / f"{code()}.jsonl")
    for done, take in enumerate(takes):
        if done % 500 == 0:
            told(f"{done} screened, now {take.kind}")
        found = known.found.get(take.key)
        if found is None:
            found = known.keep(take.key, screen(take))
        if found["fault"] != "NOT_MAKEABLE":
            yield Screened(take, found["measures"], found["fault"], found["detail"])


def screen(take: Take) -> dict[str, Any]:
    """Measure one take as a worker would."""
    try:
        body, detail = take.make()
    except broken.NotMakeable:
        return {"measures": {}, "fault": "NOT_MAKEABLE", "detail": ""}
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        try:
            decoded = decode.decode(Path(file.name), longest_seconds=longest_seconds(take.base.mode))
        except decode.Undecodable as fault:
            return {"measures": {}, "fault": str(fault.reason), "detail": detail}
    return {"measures": examiner.measure(decoded, second_opinion=True), "fault": "", "detail": detail}


class Kept:
    """Measures in a file, one take a line."""

    def __init__(self, path: Path) -> None:
        self.found: dict[str, dict[str, Any]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            # The last line of a pass that was broken off may be half a line.
            lines = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("}\n")]
            self.found = {entry.pop("key"): entry for entry in map(json.loads, lines)}
            path.write_text("".join(lines))
        self._file = path.open("a", buffering=1)

    def keep(self, key: str, entry: dict[str, Any]) -> dict[str, Any]:
        """Remember it, and give it back."""
        self.found[key] = entry
        self._file.write(json.dumps({"key": key, **entry}) + "\n")
        return entry


@cache
def code() -> str:
    """The digest of everything that measures or changes a sound."""
    return digest_of((*sorted(AUDIO.glob("*.py")), *MAKING))


def digest_of(files: tuple[Path, ...]) -> str:
    """One short digest of all of them."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
