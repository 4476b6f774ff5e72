"""Small worlds for tests of training: release folders of synthetic voices, each emotion with a pitch and a pace."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import av
import numpy as np

PITCH_HZ = {"anger": 320.0, "neutral": 130.0, "sadness": 90.0, "fear": 420.0, "happiness": 240.0}
LEVEL = {"anger": 0.5, "neutral": 0.2, "sadness": 0.08, "fear": 0.3, "happiness": 0.35}
SPLITS = {"vera": "train", "milo": "train", "cleo": "dev", "ada": "test"}


def voice(emotion: str, *, seed: int, seconds: float = 0.6, sample_rate_hz: int = 16_000) -> np.ndarray:
    """Harmonics that wobble at the emotion's pitch, float32 (samples,)."""
    random = np.random.default_rng(seed)
    time = np.arange(int(seconds * sample_rate_hz)) / sample_rate_hz
    pitch = PITCH_HZ[emotion] * random.uniform(0.94, 1.06) * (1 + 0.02 * np.sin(2 * np.pi * 5 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / sample_rate_hz
    harmonics = sum(np.sin(k * phase + random.uniform(0, 6)) / k for k in range(1, 8))
    sound = LEVEL[emotion] * harmonics / np.abs(harmonics).max() * np.hanning(len(time)) ** 0.2
    return (sound + 1e-3 * random.standard_normal(len(time))).astype(np.float32)


def flac(waveform: np.ndarray, *, sample_rate_hz: int = 16_000) -> bytes:
    """The waveform as 16-bit mono FLAC."""
    file = io.BytesIO()
    with av.open(file, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=sample_rate_hz, layout="mono", format="s16")
        samples = (np.clip(waveform, -1, 1) * 32_767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate = sample_rate_hz
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return file.getvalue()


def write_release(
    folder: Path,
    *,
    emotions: Sequence[str] = ("anger", "neutral", "sadness"),
    clips_each: int = 4,
    splits: Mapping[str, str] = SPLITS,
    language: str = "pl",
    seconds: float = 0.6,
    sample_rate_hz: int = 16_000,
    clips_per_shard: int = 20,
    seed: int = 0,
    change: Callable[[dict, int], None] = lambda about, number: None,
) -> dict:
    """Write a whole release of that many clips per speaker and emotion, and return its manifest.

    `change` may alter each clip's description before it is written.
    """
    wanted = [(speaker, emotion, n) for speaker in splits for emotion in emotions for n in range(clips_each)]
    clips, members = [], []
    for number, (speaker, emotion, _) in enumerate(wanted):
        length = seconds * (1 + 0.3 * (number % 5) / 5)
        waveform = voice(emotion, seed=seed * 10_000 + number, seconds=length, sample_rate_hz=sample_rate_hz)
        clips.append(_row(number, speaker, emotion, splits, language, waveform, sample_rate_hz, clips_per_shard))
        sound = flac(waveform, sample_rate_hz=sample_rate_hz)
        clips[-1]["sha256"] = hashlib.sha256(sound).hexdigest()
        about = _about(clips[-1])
        change(about, number)
        members.append((clips[-1], sound, about))
    manifest = {
        "format": "openempathic-release/1",
        "kind": "TRAINING",
        "created_at": "2026-11-23T00:00:00Z",
        "clips": clips,
        "shards": _write_shards(folder / "shards", members),
        "counts": {"clips": len(clips)},
    }
    uses = [{"id": "VOICE_CLONING", "words": {"en": "No cloning of voices."}, "law": "Art. 5(1)(f)"}]
    told = {"format": "openempathic-use-restrictions/1", "use_restrictions": uses}
    (folder / "use_restrictions.json").write_text(json.dumps(told))
    (folder / "manifest.json").write_text(json.dumps(manifest, sort_keys=True, separators=(",", ":")))
    return manifest


def _row(number, speaker, emotion, splits, language, waveform, sample_rate_hz, clips_per_shard) -> dict:
    return {
        "key": f"clip{number:05d}",
        "clip": str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))),
        "shard": f"{number // clips_per_shard:06d}.tar",
        "split": splits[speaker],
        "speaker": speaker,
        "language": language,
        "emotion": emotion,
        "sample_count": len(waveform),
        "sample_rate_hz": sample_rate_hz,
        "permission": "CONSENT",
    }


def _about(row: dict) -> dict:
    return {
        "text": [f"a {row['emotion']} voice"],
        "sample_rate_hz": row["sample_rate_hz"],
        "duration_seconds": row["sample_count"] / row["sample_rate_hz"],
        "split": row["split"],
        "speaker": row["speaker"],
        "transcript": None,
        "labels": {"emotion": {row["emotion"]: 1.0}, "intensity": None},
        "original_data": {
            "emotion": row["emotion"],
            "intended_emotion": row["emotion"],
            "gender": None,
            "language": row["language"],
            "corpus": None,
        },
    }


def _write_shards(folder: Path, members: list) -> list[dict]:
    folder.mkdir(parents=True)
    shards = []
    for name in sorted({row["shard"] for row, _, _ in members}):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as tar:
            for row, sound, about in members:
                if row["shard"] == name:
                    _add(tar, f"{row['key']}.flac", sound)
                    _add(tar, f"{row['key']}.json", json.dumps(about).encode())
        (folder / name).write_bytes(file.getvalue())
        digest = hashlib.sha256(file.getvalue()).hexdigest()
        shards.append({"name": name, "sha256": digest, "byte_count": len(file.getvalue())})
    return shards


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))
