"""From a frozen release to a packing: every shard and clip is checked against the manifest."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np

from training.packing.clips import SAMPLE_RATE_HZ, PackedClip
from training.packing.describing import prosody_of
from training.packing.packed import Packed, Unpackable, canonical, made, opened

# The first keeps the line of every clip in its manifest; the second in a file of its own that the manifest names.
FORMATS = ("openempathic-release/1", "openempathic-release/2")
LINES = "clips.jsonl"


@dataclass(frozen=True)
class _Told:
    """What has left the release since it was frozen, and what its files are now."""

    gone: frozenset[str]
    shards: dict[str, dict[str, Any]]
    files: dict[str, dict[str, Any]]


def pack(release: Path, packed: Path, *, on_clip: Callable[[int, int], None] = lambda done, of: None) -> Packed:
    """Pack the release into the folder, or open what an earlier packing of the same release left there.

    Raises Unpackable when the release is not what its manifest says.
    """
    manifest = _manifest(release)
    digest = hashlib.sha256(canonical(manifest)).hexdigest()
    told = _tombstones(release)
    if found := opened(packed, is_it=lambda it: it.release_digest == digest and not _holds_any(it, told.gone)):
        return found
    about = {"release_digest": digest, "source": {"release": digest}}
    return made(packed, write=lambda file: _pack_clips(release, manifest, told, file, on_clip), about=lambda: about)


def _holds_any(packed: Packed, keys: frozenset[str]) -> bool:
    return bool(keys) and not keys.isdisjoint(packed.clips.column("key"))


def _manifest(release: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((release / "manifest.json").read_bytes())
    except (OSError, ValueError) as error:
        raise Unpackable(f"the release has no readable manifest.json: {error}") from error
    if manifest.get("format") not in FORMATS:
        raise Unpackable(f"the manifest is of format {manifest.get('format')!r}, not {' or '.join(FORMATS)}")
    return manifest


def _tombstones(release: Path) -> _Told:
    path = release / "tombstones.json"
    if not path.exists():
        return _Told(frozenset(), {}, {})
    try:
        told = json.loads(path.read_bytes())
        shards, files = ({each["name"]: each for each in told.get(part, [])} for part in ("shards", "files"))
        return _Told(frozenset(told["keys"]), shards, files)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unpackable(f"the release's tombstones.json cannot be read: {error}") from error


def _pack_clips(
    release: Path, manifest: Mapping[str, Any], told: _Told, file: BinaryIO, on_clip: Callable[[int, int], None]
) -> list[PackedClip]:
    left = manifest["counts"]["clips"] - len(told.gone)
    clips: list[PackedClip] = []
    offset = 0
    for shard, promised in _promised(release, manifest, told):
        for key, flac, about in _members(release / "shards" / Path(shard["name"]).name, shard):
            if key not in promised:
                raise Unpackable(f"{key} lies in shard {shard['name']} but not in the manifest")
            waveform = flac_decoded(key, flac, promised.pop(key))
            file.write(waveform.astype("<i2").tobytes())
            clips.append(_clip(key, about, waveform, offset=offset))
            offset += len(waveform)
            on_clip(len(clips), left)
        if promised:
            raise Unpackable(f"{len(promised)} clips of the manifest are in no shard, {min(promised)} among them")
    if not clips:
        raise Unpackable("the release holds no clips")
    return clips


def _promised(
    release: Path, manifest: Mapping[str, Any], told: _Told
) -> Iterator[tuple[dict[str, Any], dict[str, dict[str, Any]]]]:
    """Each shard as it is now with the lines of the clips that it holds by their keys, those of one shard at a time."""
    if "clips" in manifest:
        lines = iter(sorted(manifest["clips"], key=_shard))
    else:
        lines = _lines(release / LINES, _file(manifest, told))
    groups = groupby((line for line in lines if line["key"] not in told.gone), key=_shard)
    coming = next(groups, None)
    for shard in manifest["shards"]:
        promised: dict[str, dict[str, Any]] = {}
        if coming and coming[0] == shard["name"]:
            promised = {line["key"]: line for line in coming[1]}
            coming = next(groups, None)
        yield told.shards.get(shard["name"], shard), promised
    if coming:
        # All that is left of the lines belongs to no shard.
        missing = [line["key"] for name, lines in [coming, *groups] for line in lines]
        raise Unpackable(f"{len(missing)} clips of the manifest are in no shard, {min(missing)} among them")


def _shard(line: Mapping[str, Any]) -> str:
    return str(line["shard"])


def _file(manifest: Mapping[str, Any], told: _Told) -> dict[str, Any]:
    try:
        return dict(told.files.get(LINES) or manifest["files"][LINES])
    except (KeyError, TypeError) as error:
        raise Unpackable(f"the manifest does not name {LINES}") from error


def _lines(path: Path, about: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The lines one after the other; raises Unpackable before the first where the file is not the one that was told."""
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != about["sha256"]:
                raise Unpackable(f"{path.name} does not have the digest the manifest promises")
            file.seek(0)
            for line in file:
                yield json.loads(line)
    except (OSError, ValueError) as error:
        raise Unpackable(f"{path.name} cannot be read: {error}") from error


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
        corpus=original.get("corpus") or None,
        emotions={emotion: share / every for emotion, share in votes.items()},
        intensity=labels.get("intensity"),
        texts=[text for text in about.get("text") or [] if text],
        offset=offset,
        sample_count=len(waveform),
        label_method=labels.get("method"),
        weight=float(labels.get("weight", 1.0)),
        gender=original.get("gender") or None,
        age_band=original.get("age_band") or None,
        styles=list(labels.get("styles") or []),
        transcript=about.get("transcript") or None,
        prosody=prosody_of(waveform),
    )
