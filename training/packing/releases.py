"""From a frozen release to a packing: every shard and clip is checked against the manifest."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np

from training.packing.clips import SAMPLE_RATE_HZ, PackedClip
from training.packing.describing import prosody_of
from training.packing.packed import Packed, Unpackable, canonical, made, opened

RELEASE_FORMAT = "openempathic-release/1"


def pack(release: Path, packed: Path, *, on_clip: Callable[[int, int], None] = lambda done, of: None) -> Packed:
    """Pack the release into the folder, or open what an earlier packing of the same release left there.

    Raises Unpackable when the release is not what its manifest says.
    """
    manifest = _manifest(release)
    digest = hashlib.sha256(canonical(manifest)).hexdigest()
    gone, rewritten = _tombstones(release)
    if found := opened(packed, is_it=lambda it: it.release_digest == digest and not _holds_any(it, gone)):
        return found
    left = {
        **manifest,
        "clips": [clip for clip in manifest["clips"] if clip["key"] not in gone],
        "shards": [rewritten.get(shard["name"], shard) for shard in manifest["shards"]],
    }
    about = {"release_digest": digest, "source": {"release": digest}}
    return made(packed, write=lambda file: _pack_clips(release, left, file, on_clip), about=lambda: about)


def _holds_any(packed: Packed, keys: frozenset[str]) -> bool:
    return bool(keys) and not keys.isdisjoint(packed.clips.column("key"))


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


def _pack_clips(
    release: Path, manifest: Mapping[str, Any], file: BinaryIO, on_clip: Callable[[int, int], None]
) -> list[PackedClip]:
    promised = {clip["key"]: clip for clip in manifest["clips"]}
    clips: list[PackedClip] = []
    offset = 0
    for shard in manifest["shards"]:
        for key, flac, about in _members(release / "shards" / Path(shard["name"]).name, shard):
            if key not in promised:
                raise Unpackable(f"{key} lies in shard {shard['name']} but not in the manifest")
            waveform = flac_decoded(key, flac, promised.pop(key))
            file.write(waveform.astype("<i2").tobytes())
            clips.append(_clip(key, about, waveform, offset=offset))
            offset += len(waveform)
            on_clip(len(clips), len(manifest["clips"]))
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


def flac_decoded(key: str, flac: bytes, promised: Mapping[str, Any]) -> np.ndarray:
    """The archive's sound at 16 kHz, int16 (samples,); raises Unpackable when it is not what the manifest promises."""
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


def _clip(key: str, about: Mapping[str, Any], waveform: np.ndarray, *, offset: int) -> PackedClip:
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
        sample_count=len(waveform),
        label_method=labels.get("method"),
        weight=float(labels.get("weight", 1.0)),
        gender=original.get("gender") or None,
        styles=list(labels.get("styles") or []),
        transcript=about.get("transcript") or None,
        prosody=prosody_of(waveform),
    )
