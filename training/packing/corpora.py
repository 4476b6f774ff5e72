"""From the files of a corpus to a packing, without a release."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from training.corpora import ADAPTERS
from training.corpora.labelled import IncompleteCorpus, LabelledClip
from training.packing.clips import PackedClip
from training.packing.decoding import Undecodable, decoded
from training.packing.describing import prosody_of, prosody_version
from training.packing.packed import Packed, Unpackable, canonical, made, opened

# The middle of what training.captions calls weak, middling and strong.
INTENSITIES = {"weak": 1.0, "middling": 2.0, "strong": 3.0}
LABEL_METHOD = "corpus"
# Corpora are published with a broken file or two; more than this, and the folder is what is broken.
MOST_LEFT_OUT = 0.01


def pack_corpus(
    clips: Iterable[LabelledClip],
    folder: Path,
    *,
    source: Mapping[str, Any],
    sides: Mapping[str, str] | None = None,
    on_clip: Callable[[int, int], None] = lambda done, of: None,
) -> Packed:
    """Pack the clips into the folder, or open what an earlier packing of the same files and labels left there.

    `source` names corpus and licence; the packing's own adds the digest of the files (sha256 of their sha256, by key)
    and, under `left_out`, each clip that could not be decoded with the reason, of which it warns with IncompleteCorpus.
    `sides` gives clips their split by key; the others have none. Raises Unpackable when a file is missing, a key comes
    twice, there is no clip, or more than one in a hundred cannot be decoded.
    """
    wanted = sorted(clips, key=lambda clip: clip.key)
    listing = _listing(wanted, source, sides or {})
    if found := opened(folder, is_it=lambda packed: packed.source.get("listing_sha256") == listing):
        return found
    packer = _Packer(wanted, sides or {}, on_clip)
    return made(folder, write=packer.write, about=lambda: packer.about({**source, "listing_sha256": listing}))


def pack_named(
    name: str, root: Path, folder: Path, *, on_clip: Callable[[int, int], None] = lambda done, of: None
) -> Packed:
    """Pack the corpus of this name in `training.corpora.ADAPTERS`, with its frozen split; raises NoCorpus as well."""
    adapter = ADAPTERS[name]
    clips = adapter.read(root)
    source = {"corpus": adapter.CORPUS, "licence": adapter.LICENCE, "source": adapter.SOURCE}
    return pack_corpus(clips, folder, source=source, sides=adapter.split(clips), on_clip=on_clip)


class _Packer:
    """What is gathered while the files are read: their digests, and the clips that had to be left out."""

    def __init__(
        self, clips: Sequence[LabelledClip], sides: Mapping[str, str], on_clip: Callable[[int, int], None]
    ) -> None:
        self._clips, self._sides, self._on_clip = clips, sides, on_clip
        self._files = hashlib.sha256()
        self._left_out: dict[str, str] = {}

    def write(self, file: BinaryIO) -> list[PackedClip]:
        """Put every clip's samples into the file; the clips that could be decoded."""
        packed: list[PackedClip] = []
        offset = 0
        for number, clip in enumerate(self._clips, start=1):
            waveform = self._waveform(clip)
            if waveform is not None:
                file.write(waveform.astype("<i2").tobytes())
                packed.append(_packed(clip, self._sides.get(clip.key, ""), waveform, offset=offset))
                offset += len(waveform)
            self._on_clip(number, len(self._clips))
        self._check(len(packed))
        return packed

    def about(self, source: Mapping[str, Any]) -> dict[str, Any]:
        """What the index says beside the clips, once they are written."""
        told = {**source, "files_sha256": self._files.hexdigest(), "left_out": self._left_out}
        stable = {name: value for name, value in told.items() if name != "listing_sha256"}
        labels = [_told(clip, self._sides) for clip in self._clips]
        return {"release_digest": hashlib.sha256(canonical([stable, labels])).hexdigest(), "source": told}

    def _waveform(self, clip: LabelledClip) -> np.ndarray | None:
        try:
            content = clip.path.read_bytes()
        except OSError as error:
            raise Unpackable(f"{clip.key} cannot be read: {error}") from error
        self._files.update(f"{clip.key} {hashlib.sha256(content).hexdigest()}\n".encode())
        try:
            return decoded(content)
        except Undecodable as error:
            self._left_out[clip.key] = str(error)
            return None

    def _check(self, packed: int) -> None:
        if not self._left_out and packed:
            return
        told = "; ".join(f"{key}: {reason}" for key, reason in list(self._left_out.items())[:5])
        if not packed or len(self._left_out) > max(1, MOST_LEFT_OUT * len(self._clips)):
            raise Unpackable(
                f"{len(self._left_out)} of {len(self._clips)} clips cannot be decoded: {told or 'no clip'}"
            )
        warnings.warn(f"{len(self._left_out)} clips are left out: {told}", IncompleteCorpus, stacklevel=4)


def _listing(clips: Sequence[LabelledClip], source: Mapping[str, Any], sides: Mapping[str, str]) -> str:
    """A digest that tells without reading the files whether an earlier packing is of the same ones."""
    for before, after in pairwise(clips):
        if before.key == after.key:
            raise Unpackable(f"{after.key} comes twice: {before.path.name} and {after.path.name}")
    rows = []
    for clip in clips:
        try:
            stat = clip.path.stat()
        except OSError as error:
            raise Unpackable(f"{clip.key} cannot be read: {error}") from error
        rows.append([*_told(clip, sides), clip.path.name, stat.st_size, stat.st_mtime_ns])
    return hashlib.sha256(canonical([dict(source), prosody_version(), rows])).hexdigest()


def _told(clip: LabelledClip, sides: Mapping[str, str]) -> list[Any]:
    return [
        clip.key,
        clip.corpus,
        clip.speaker,
        clip.language,
        clip.emotion,
        clip.gender,
        clip.strength,
        clip.transcript,
        clip.style,
        list(clip.texts),
        sides.get(clip.key, ""),
    ]


def _packed(clip: LabelledClip, side: str, waveform: np.ndarray, *, offset: int) -> PackedClip:
    return PackedClip(
        key=clip.key,
        split=side,
        speaker=clip.speaker,
        language=clip.language,
        corpus=clip.corpus,
        emotions={clip.emotion: 1.0} if clip.emotion else {},
        intensity=INTENSITIES[clip.strength] if clip.strength else None,
        texts=list(clip.texts),
        offset=offset,
        sample_count=len(waveform),
        label_method=LABEL_METHOD if clip.emotion else None,
        gender=clip.gender,
        styles=[clip.style] if clip.style else [],
        transcript=clip.transcript,
        prosody=prosody_of(waveform),
    )
