"""The bytes of a release: tar shards of FLAC and JSON that are the same for the same clips and labels."""

import hashlib
import io
import json
import struct
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contributions.releasing.selection import Chosen
from openempathic import storage

SHARD_BYTES = 256 * 1024 * 1024


class Unreadable(Exception):
    """The clip's archive is not in storage, or is no mono FLAC with a known length."""


@dataclass(frozen=True)
class Sound:
    """One clip's archive in memory."""

    flac: bytes
    sample_rate_hz: int
    sample_count: int


@dataclass(frozen=True)
class Written:
    """What the shards hold: rows of the manifest, and the clips whose sound could not be read."""

    clips: list[dict[str, Any]]
    shards: list[dict[str, Any]]
    unreadable: list[Chosen]


def write(clips: Iterable[Chosen], folder: Path, *, shard_bytes: int = SHARD_BYTES) -> Written:
    """Write the clips, one in memory at a time, into `folder/shards/`; raises StorageError when storage is away."""
    (folder / "shards").mkdir(parents=True, exist_ok=True)
    written = Written([], [], [])
    for number, group in enumerate(groups(clips, written.unreadable, shard_bytes)):
        path = folder / "shards" / f"{number:06d}.tar"
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
            for clip, sound in group:
                add(tar, f"{clip.key}.flac", sound.flac)
                add(tar, f"{clip.key}.json", canonical(about(clip, sound)))
                written.clips.append(row(clip, sound, shard=path.name))
        written.shards.append({"name": path.name, "sha256": digest_of(path), "byte_count": path.stat().st_size})
    return written


def groups(
    clips: Iterable[Chosen], unreadable: list[Chosen], shard_bytes: int
) -> Iterator[Iterator[tuple[Chosen, Sound]]]:
    """The readable clips, cut where a shard is full; each group must be used up before the next is asked for."""
    readable = sounds(clips, unreadable)
    first = next(readable, None)
    while first is not None:
        following: list[tuple[Chosen, Sound]] = []
        yield filled(first, readable, following, shard_bytes)
        first = following[0] if following else None


def filled(
    first: tuple[Chosen, Sound],
    readable: Iterator[tuple[Chosen, Sound]],
    following: list[tuple[Chosen, Sound]],
    shard_bytes: int,
) -> Iterator[tuple[Chosen, Sound]]:
    """Clips for one shard; the one that does not fit any more is left in `following`."""
    byte_count = len(first[1].flac)
    yield first
    for clip, sound in readable:
        if byte_count + len(sound.flac) > shard_bytes:
            following.append((clip, sound))
            return
        byte_count += len(sound.flac)
        yield clip, sound


def sounds(clips: Iterable[Chosen], unreadable: list[Chosen]) -> Iterator[tuple[Chosen, Sound]]:
    """Each clip with its sound; those that have none are noted and passed over."""
    for clip in clips:
        try:
            yield clip, sound_of(clip)
        except Unreadable:
            unreadable.append(clip)


def sound_of(clip: Chosen) -> Sound:
    """The clip's archive from storage; raises Unreadable."""
    try:
        flac = storage.read(clip.archive)
    except (storage.NotStored, storage.DigestMismatch) as fault:
        raise Unreadable(str(fault)) from fault
    return measured(flac)


def measured(flac: bytes) -> Sound:
    """Rate and length as the FLAC's STREAMINFO block tells them (RFC 9639, section 8.2); raises Unreadable."""
    if len(flac) < 42 or flac[:4] != b"fLaC" or flac[4] & 0x7F != 0:
        raise Unreadable("not a FLAC file")
    (packed,) = struct.unpack(">Q", flac[18:26])  # 20 bits rate, 3 channels - 1, 5 bits a sample - 1, 36 samples
    sample_rate_hz, channels, sample_count = packed >> 44, (packed >> 41 & 0x7) + 1, packed & (1 << 36) - 1
    if channels != 1 or not sample_rate_hz or not sample_count:
        raise Unreadable(f"{channels} channels, {sample_count} samples at {sample_rate_hz} Hz")
    return Sound(flac, sample_rate_hz, sample_count)


def about(clip: Chosen, sound: Sound) -> dict[str, Any]:
    """What lies beside the sound."""
    return {
        "text": list(clip.texts),
        "sample_rate_hz": sound.sample_rate_hz,
        "duration_seconds": round(sound.sample_count / sound.sample_rate_hz, 6),
        "split": clip.split,
        "speaker": clip.speaker,
        "transcript": clip.transcript,
        # `weight` is how much the emotions should teach: how probably one of those who listened is right.
        "labels": {
            "emotion": clip.emotions,
            "intensity": clip.intensity,
            "method": clip.method,
            "weight": clip.weight,
        },
        "original_data": {
            "emotion": clip.emotion,
            "intended_emotion": clip.intended_emotion,
            # How the speaker says that it was; no listener heard it, and it is no label.
            "self_reported": clip.self_reported,
            "gender": clip.gender,
            "language": clip.language,
            "corpus": clip.corpus,
        },
    }


def row(clip: Chosen, sound: Sound, *, shard: str) -> dict[str, Any]:
    """The clip's line in the manifest."""
    return {
        "key": clip.key,
        "clip": str(clip.clip),
        "shard": shard,
        "sha256": hashlib.sha256(sound.flac).hexdigest(),
        "split": clip.split,
        "speaker": clip.speaker,
        "language": clip.language,
        "emotion": clip.emotion,
        "sample_count": sound.sample_count,
        "sample_rate_hz": sound.sample_rate_hz,
        "permission": clip.permission,
    }


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """One member without a moment or an owner, which would make the same content other bytes."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def canonical(content: Any) -> bytes:
    """The one way of writing JSON that a digest is taken of."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def digest_of(path: Path) -> str:
    """The file's sha256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
