"""Sounds that come in twice: the same bytes again, and the same sound in another container, held against what is here.

Rows are written directly, in place of intake; looking for a twin and keeping a fingerprint are screening's own.
"""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contributions.audio import decode
from contributions.models import Clip, Contributor
from contributions.screening import duplicates
from contributions.screening.lengths import longest_seconds
from tests.benchmarks import broken, screened
from tests.benchmarks.corpora import Spoken


@dataclass(frozen=True)
class Upload:
    """One more upload of a sound: which, how, and as what it was known."""

    base: Spoken
    kind: str
    detail: str
    known_as: str
    is_right: bool


@dataclass(frozen=True)
class Mistaken:
    """A clip of a corpus that was taken for another one of it."""

    clip: Spoken
    other: Spoken
    known_as: str
    score: float


class Shelf:
    """The clips of a site, as far as duplicates are concerned."""

    def __init__(self) -> None:
        self.voice = Contributor.objects.create(split="train")
        self.here: dict[uuid.UUID, Spoken] = {}
        self.mistaken: list[Mistaken] = []

    def fill(self, clips: Iterable[Spoken]) -> None:
        """Let clips in, noting each that is taken for another."""
        for clip in clips:
            row, twin = self.screened(clip.path.read_bytes(), clip)
            if row is None:
                continue
            self.here[row.pk] = clip
            if twin:
                self.mistaken.append(Mistaken(clip, self.here[twin.clip.pk], twin.kind, twin.score))

    def again(self, clips: Sequence[Spoken]) -> list[Upload]:
        """Every clip's bytes once more, and its sound in another container."""
        uploads = []
        for number, clip in enumerate(clips):
            for kind, (body, detail) in (
                ("double upload", (clip.path.read_bytes(), "the same bytes")),
                ("same sound in another container", in_another(clip, number)),
            ):
                row, twin = self.screened(body, clip)
                # Of a sound that the corpus itself holds twice either is right.
                is_right = twin is not None and self.sounds_like(self.here[twin.clip.pk], clip)
                uploads.append(Upload(clip, kind, detail, twin.kind if twin else "", is_right))
                if row:
                    row.delete()
        return uploads

    def sounds_like(self, one: Spoken, other: Spoken) -> bool:
        """Whether they are one clip, or were taken for each other when they came."""
        pairs = {(found.clip.name, found.other.name) for found in self.mistaken}
        return one == other or bool({(one.name, other.name), (other.name, one.name)} & pairs)

    def screened(self, body: bytes, clip: Spoken) -> tuple[Clip | None, duplicates.Twin | None]:
        """The clip's row after its verdict, and its twin; neither where it cannot be decoded."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(body)
            file.flush()
            try:
                decoded = decode.decode(Path(file.name), longest_seconds=longest_seconds(clip.mode))
            except decode.Undecodable:
                return None, None
        row = Clip.objects.create(
            id=uuid.uuid4(),
            contributor=self.voice,
            language="en",
            sha256=hashlib.sha256(body).hexdigest(),
            byte_count=len(body),
            media_type="application/octet-stream",
        )
        twin = duplicates.twin_of(row, decoded)
        row.status = Clip.Status.QUARANTINED if twin else Clip.Status.IN_REVIEW
        row.save(update_fields=["status"])
        duplicates.keep(row, decoded)
        return row, twin


def in_another(clip: Spoken, number: int) -> tuple[bytes, str]:
    """The clip's sound in a container and codec that its file has not."""
    chance = np.random.default_rng([number, 5])
    suffixes = {"wav": ".wav", "flac": ".flac", "mp3": ".mp3", "ogg-opus": ".opus"}
    others = [kind for kind in broken.CONTAINERS if suffixes.get(kind) != clip.path.suffix]
    container = str(chance.choice(others))
    return broken.encoded(screened.sound_of(clip), container), container
