"""The bytes of a release: tar shards of FLAC and JSON, and lines about them, the same for the same clips and labels."""

import hashlib
import struct
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from contributions.releasing import journal
from contributions.releasing.draft import said
from contributions.releasing.selection import Chosen, Selection
from contributions.releasing.tars import Tar
from openempathic import storage

SHARD_BYTES = 256 * 1024 * 1024
# Clips that are read ahead, since storage may be far away; each read brings so many, and is one thread's work.
READERS, CLIPS_A_READ = 4, 16


class Unreadable(Exception):
    """The clip's archive is not in storage, or is no mono FLAC with a known length."""


@dataclass(frozen=True)
class Sound:
    """One clip's archive in memory, and its digest."""

    flac: bytes
    sha256: str
    sample_rate_hz: int
    sample_count: int


@dataclass(frozen=True)
class Written:
    """What lies in the folder: the shards, the files of lines, and the clips whose sound could not be read."""

    shards: list[dict[str, Any]]
    files: dict[str, dict[str, Any]]
    unreadable: frozenset[UUID]


def write(clips: Selection, folder: Path) -> Written:
    """Write shards and lines into the folder, or go on where an earlier attempt at the same content was stopped.

    A few clips are in memory at a time. Raises StorageError when storage is away; what is whole waits for another try.
    """
    work = journal.opened(folder, clips.salt)
    readable = sounds(clips.in_order(after=work.last_key), work.unreadable)
    emotions = clips.emotions()
    for number, group in enumerate(groups(readable, SHARD_BYTES), start=len(work.shards)):
        work.keep(write_shard(folder / "shards" / f"{number:06d}.tar", group, work, emotions))
    work.close()
    files = {lines.path.name: lines.described() for lines in (work.clips, work.ratings)}
    return Written(work.shards, files, frozenset(work.unreadable))


def write_shard(
    path: Path, group: Iterator[tuple[Chosen, Sound]], work: journal.Journal, emotions: Sequence[str]
) -> dict[str, Any]:
    """Write the group's clips and their lines, and describe the shard as the manifest does."""
    count, first_key, last_key = 0, "", ""
    with Tar(path) as tar:
        for clip, sound in group:
            tar.add(f"{clip.key}.flac", sound.flac)
            tar.add(f"{clip.key}.json", said(about(clip, sound, emotions)).encode())
            work.clips.add(row(clip, sound, shard=path.name))
            for rating in clip.ratings:
                work.ratings.add({"key": clip.key, **rating})
            count, first_key, last_key = count + 1, first_key or clip.key, clip.key
        described = tar.finish()
    # Keys rise from shard to shard, so a reader who knows a key alone knows where it lies.
    return {**described, "clips": count, "first_key": first_key, "last_key": last_key}


def groups(readable: Iterator[tuple[Chosen, Sound]], shard_bytes: int) -> Iterator[Iterator[tuple[Chosen, Sound]]]:
    """The clips, cut where a shard is full; each group must be used up before the next is asked for."""
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


def sounds(clips: Iterable[Chosen], unreadable: set[UUID]) -> Iterator[tuple[Chosen, Sound]]:
    """Each clip with its sound, read ahead by threads; those that have none are noted and passed over."""
    with ThreadPoolExecutor(READERS) as pool:
        reads: deque[Future[list[tuple[Chosen, Sound | None]]]] = deque()
        coming = iter(clips)
        try:
            while True:
                while len(reads) < READERS and (some := list(islice(coming, CLIPS_A_READ))):
                    reads.append(pool.submit(read_some, some))
                if not reads:
                    return
                for clip, sound in reads.popleft().result():
                    if sound is None:
                        unreadable.add(clip.clip)
                    else:
                        yield clip, sound
        finally:
            for read in reads:
                read.cancel()


def read_some(clips: list[Chosen]) -> list[tuple[Chosen, Sound | None]]:
    """The clips with their sounds, None for one that cannot be read."""
    return [(clip, sound_of(clip)) for clip in clips]


def sound_of(clip: Chosen) -> Sound | None:
    """The clip's archive from storage; None where it is not there or is not what it should be."""
    try:
        return measured(storage.read(clip.archive))
    except (storage.NotStored, storage.DigestMismatch, Unreadable):
        return None


def measured(flac: bytes) -> Sound:
    """Rate and length as the FLAC's STREAMINFO block tells them (RFC 9639, section 8.2); raises Unreadable."""
    if len(flac) < 42 or flac[:4] != b"fLaC" or flac[4] & 0x7F != 0:
        raise Unreadable("not a FLAC file")
    (packed,) = struct.unpack(">Q", flac[18:26])  # 20 bits rate, 3 channels - 1, 5 bits a sample - 1, 36 samples
    sample_rate_hz, channels, sample_count = packed >> 44, (packed >> 41 & 0x7) + 1, packed & (1 << 36) - 1
    if channels != 1 or not sample_rate_hz or not sample_count:
        raise Unreadable(f"{channels} channels, {sample_count} samples at {sample_rate_hz} Hz")
    return Sound(flac, hashlib.sha256(flac).hexdigest(), sample_rate_hz, sample_count)


def labels(clip: Chosen) -> dict[str, Any]:
    """What was heard; `weight` is how much it should teach: how probably one of those who listened is right."""
    return {
        "emotion": clip.emotions,
        "intensity": clip.intensity,
        "method": clip.method,
        "weight": clip.weight,
    }


def about(clip: Chosen, sound: Sound, emotions: Sequence[str]) -> dict[str, Any]:
    """What lies beside the sound, in every clip with the same fields of the same types: readers infer them from a few.

    So an empty word says that nothing is told, a list holds one rather than be empty, every emotion of the release has
    its share, and an intensity that nobody named is not there.
    """
    heard = {name: value for name, value in labels(clip).items() if value is not None}
    reported = clip.self_reported or {}
    return {
        "text": filled_list(clip.texts),
        "sample_rate_hz": sound.sample_rate_hz,
        "duration_seconds": round(sound.sample_count / sound.sample_rate_hz, 6),
        "split": clip.split,
        "speaker": clip.speaker,
        "transcript": clip.transcript or "",
        "labels": {**heard, "emotion": {emotion: clip.emotions.get(emotion, 0.0) for emotion in emotions}},
        "original_data": {
            "emotion": clip.emotion,
            "intended_emotion": clip.intended_emotion or "",
            # How the speaker says that it was; no listener heard it, and it is no label.
            "self_reported": {
                "emotion": reported.get("emotion") or "",
                "styles": filled_list(reported.get("styles", [])),
            },
            "gender": clip.gender or "",
            "age_band": clip.age_band or "",
            "accent": clip.accent or "",
            "language": clip.language,
            "corpus": clip.corpus or "",
        },
    }


def filled_list(words: Sequence[str]) -> list[str]:
    """The words, or one empty word."""
    return list(words) or [""]


def row(clip: Chosen, sound: Sound, *, shard: str) -> dict[str, Any]:
    """The clip's line beside the shards: what one asks of a clip before its sound."""
    return {
        "key": clip.key,
        "clip": str(clip.clip),
        "shard": shard,
        "sha256": sound.sha256,
        "split": clip.split,
        "speaker": clip.speaker,
        "language": clip.language,
        "emotion": clip.emotion,
        "intended_emotion": clip.intended_emotion,
        "labels": labels(clip),
        "gender": clip.gender,
        "age_band": clip.age_band,
        "accent": clip.accent,
        "corpus": clip.corpus,
        "sample_count": sound.sample_count,
        "sample_rate_hz": sound.sample_rate_hz,
        "permission": clip.permission,
    }


def canonical(content: Any) -> bytes:
    """The one way of writing JSON that a digest is taken of."""
    return said(content).encode()


def digest_of(path: Path) -> str:
    """The file's sha256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
