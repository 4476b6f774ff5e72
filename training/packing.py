"""From a frozen release to packed sound: 16 kHz int16 samples, one after another, beside an index.

Packed once, a run reads samples and decodes nothing. A packing is whole or absent: it is made in a folder
beside its place, every shard and clip checked against the manifest, and renamed when it is done.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np

from training.clara.checkpoint import write_durably

RELEASE_FORMAT = "openempathic-release/1"
PACKED_FORMAT = "openempathic-packed/1"
SAMPLE_RATE_HZ = 16_000
INDEX = "index.json"
SAMPLES = "samples.int16"


class Unpackable(Exception):
    """The release folder is not what its manifest promises; the message says where."""


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

    @property
    def emotion(self) -> str:
        """The emotion with most of the votes; the first in the alphabet when they are level."""
        return max(sorted(self.emotions), key=lambda emotion: self.emotions[emotion])

    @property
    def duration_seconds(self) -> float:
        """How long it sounds."""
        return self.sample_count / SAMPLE_RATE_HZ


class Packed:
    """A packing opened for reading."""

    def __init__(self, folder: Path) -> None:
        index = json.loads((folder / INDEX).read_bytes())
        if index["format"] != PACKED_FORMAT:
            raise Unpackable(f"{folder / INDEX} is of format {index['format']!r}, not {PACKED_FORMAT!r}")
        self.folder = folder
        self.release_digest: str = index["release_digest"]
        self.clips = [PackedClip(**clip) for clip in index["clips"]]
        self._samples = np.memmap(folder / SAMPLES, dtype="<i2", mode="r")

    def waveform(self, clip: PackedClip) -> np.ndarray:
        """The clip's samples, int16 (samples,)."""
        return np.array(self._samples[clip.offset : clip.offset + clip.sample_count])

    def split(self, name: str, *, without: frozenset[str] = frozenset()) -> list[PackedClip]:
        """The labelled clips of a split, but for the keys in `without`."""
        return [clip for clip in self.clips if clip.split == name and clip.emotions and clip.key not in without]


def pack(release: Path, packed: Path, *, on_clip: Callable[[int, int], None] = lambda done, of: None) -> Packed:
    """Pack the release into the folder, or open what an earlier packing of the same release left there.

    Raises Unpackable when the release is not what its manifest says.
    """
    manifest = _manifest(release)
    digest = hashlib.sha256(canonical(manifest)).hexdigest()
    gone, rewritten = _tombstones(release)
    opened = _opened(packed, digest=digest)
    if opened and not any(clip.key in gone for clip in opened.clips):
        return opened
    making = packed.with_name(f".{packed.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    left = {
        **manifest,
        "clips": [clip for clip in manifest["clips"] if clip["key"] not in gone],
        "shards": [rewritten.get(shard["name"], shard) for shard in manifest["shards"]],
    }
    clips = _pack_clips(release, left, making / SAMPLES, on_clip)
    index = {"format": PACKED_FORMAT, "release_digest": digest, "clips": [asdict(clip) for clip in clips]}
    write_durably(making / INDEX, json.dumps(index, ensure_ascii=False).encode())
    shutil.rmtree(packed, ignore_errors=True)
    making.rename(packed)
    return Packed(packed)


def erase(packed: Packed, keys: frozenset[str]) -> None:
    """Overwrite the samples of withdrawn clips with silence, durably; safe to do again."""
    if not keys:
        return
    samples = np.memmap(packed.folder / SAMPLES, dtype="<i2", mode="r+")
    for clip in packed.clips:
        if clip.key in keys:
            samples[clip.offset : clip.offset + clip.sample_count] = 0
    samples.flush()


def canonical(content: Any) -> bytes:
    """The one way of writing JSON that a digest is taken of."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _manifest(release: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((release / "manifest.json").read_bytes())
    except (OSError, ValueError) as error:
        raise Unpackable(f"the release has no readable manifest.json: {error}") from error
    if manifest.get("format") != RELEASE_FORMAT:
        raise Unpackable(f"the manifest is of format {manifest.get('format')!r}, not {RELEASE_FORMAT!r}")
    return manifest


def _tombstones(release: Path) -> tuple[frozenset[str], dict[str, dict[str, Any]]]:
    """The keys that were taken out of the release since, and the shards that were rewritten for it, by name."""
    path = release / "tombstones.json"
    if not path.exists():
        return frozenset(), {}
    try:
        told = json.loads(path.read_bytes())
        return frozenset(told["keys"]), {shard["name"]: shard for shard in told["shards"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unpackable(f"the release's tombstones.json cannot be read: {error}") from error


def _opened(packed: Path, *, digest: str) -> Packed | None:
    try:
        opened = Packed(packed)
    except (OSError, ValueError, KeyError, TypeError, Unpackable):
        return None
    return opened if opened.release_digest == digest else None


def _pack_clips(
    release: Path, manifest: Mapping[str, Any], samples: Path, on_clip: Callable[[int, int], None]
) -> list[PackedClip]:
    promised = {clip["key"]: clip for clip in manifest["clips"]}
    clips: list[PackedClip] = []
    offset = 0
    with samples.open("wb") as file:
        for shard in manifest["shards"]:
            for key, flac, about in _members(release / "shards" / Path(shard["name"]).name, shard):
                if key not in promised:
                    raise Unpackable(f"{key} lies in shard {shard['name']} but not in the manifest")
                waveform = _decoded(key, flac, promised.pop(key))
                file.write(waveform.astype("<i2").tobytes())
                clips.append(_clip(key, about, offset=offset, sample_count=len(waveform)))
                offset += len(waveform)
                on_clip(len(clips), len(manifest["clips"]))
        file.flush()
        os.fsync(file.fileno())
    if promised:
        raise Unpackable(f"{len(promised)} clips of the manifest are in no shard, {min(promised)} among them")
    if not clips:
        raise Unpackable("the release holds no clips")
    return clips


def _members(path: Path, shard: Mapping[str, Any]) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Unpackable(f"shard {shard['name']} is missing: {error}") from error
    if hashlib.sha256(content).hexdigest() != shard["sha256"]:
        raise Unpackable(f"shard {shard['name']} does not have the digest the manifest promises")
    found: dict[str, dict[str, bytes]] = {}
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        for member in tar:
            if not (member.isfile() and (read := tar.extractfile(member))):
                continue
            key, _, kind = member.name.partition(".")
            found.setdefault(key, {})[kind] = read.read()
            if found[key].keys() >= {"flac", "json"}:
                parts = found.pop(key)
                yield key, parts["flac"], json.loads(parts["json"])
    if found:
        raise Unpackable(f"{min(found)} in shard {shard['name']} lacks its sound or its description")


def _decoded(key: str, flac: bytes, promised: Mapping[str, Any]) -> np.ndarray:
    if hashlib.sha256(flac).hexdigest() != promised["sha256"]:
        raise Unpackable(f"{key} does not have the digest the manifest promises")
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
    pieces: list[np.ndarray] = []
    sample_count = 0
    try:
        with av.open(io.BytesIO(flac), mode="r", format="flac") as container:
            for frame in container.decode(audio=0):
                if frame.layout.nb_channels != 1:
                    raise Unpackable(f"{key} has {frame.layout.nb_channels} channels; a release is mono")
                sample_count += frame.samples
                pieces += [piece.to_ndarray()[0] for piece in resampler.resample(frame)]
            pieces += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    except av.FFmpegError as error:
        raise Unpackable(f"{key} cannot be decoded: {error}") from error
    if not sample_count:
        raise Unpackable(f"{key} holds no sound")
    if sample_count != promised["sample_count"]:
        raise Unpackable(f"{key} has {sample_count} samples, not {promised['sample_count']}")
    return np.concatenate(pieces)


def _clip(key: str, about: Mapping[str, Any], *, offset: int, sample_count: int) -> PackedClip:
    labels = about.get("labels") or {}
    votes = {emotion: float(share) for emotion, share in (labels.get("emotion") or {}).items() if share > 0}
    every = sum(votes.values())
    original = about["original_data"]
    return PackedClip(
        key=key,
        split=about["split"],
        speaker=about["speaker"],
        language=original["language"],
        corpus=original.get("corpus"),
        emotions={emotion: share / every for emotion, share in votes.items()},
        intensity=labels.get("intensity"),
        texts=list(about.get("text") or []),
        offset=offset,
        sample_count=sample_count,
        label_method=labels.get("method"),
        weight=float(labels.get("weight", 1.0)),
    )
