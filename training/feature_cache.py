"""What frozen layers heard of each clip, kept as float16 inside the packing and read in place of the sound.

Frozen layers say the same of a clip in every epoch, so they listen once. The cache lies in the packing's own folder:
whoever removes or remakes the packing removes it too. It is written shard by shard, each whole or absent, so that a
killed run goes on where it was. It holds no samples, but what it holds was made of a voice: a withdrawn clip leaves it
as it leaves the packing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from training.clara.checkpoint import write_durably
from training.packing import SAMPLE_RATE_HZ, Packed, PackedClip

FORMAT = "openempathic-features/1"
FOLDER = "features"
CLIPS_A_SHARD = 256
CLIPS_AT_ONCE = 16
Below = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class FeatureCache:
    """The shards of a packing, opened for reading."""

    def __init__(self, packed: Packed) -> None:
        self._places: dict[str, tuple[np.ndarray, int, int]] = {}
        for about, path in _shards(packed):
            tokens = np.memmap(path, dtype="<f2", mode="r").reshape(-1, *about["shape"])
            self._places |= {key: (tokens, offset, count) for key, (offset, count) in about["clips"].items()}

    def __contains__(self, clip: PackedClip) -> bool:
        return clip.key in self._places

    def tokens(self, clip: PackedClip) -> np.ndarray:
        """What was heard of the clip, float16 (tokens, taps, width); raises KeyError for a clip that is not here."""
        tokens, offset, count = self._places[clip.key]
        return np.array(tokens[offset : offset + count])


def made(
    packed: Packed,
    clips: Sequence[PackedClip],
    below: Below,
    *,
    frozen: str,
    longest_seconds: float,
    device: torch.device,
    on_shard: Callable[[int, int], None] = lambda done, of: None,
) -> FeatureCache:
    """The cache of these clips, made now, or what is left to make of it.

    `below` is the model's, waveforms (batch, samples) and sample counts to tokens (batch, tokens, taps, width) and
    counts; `frozen` names its weights, and shards made by others are made anew. Sound is cut after `longest_seconds`.
    `on_shard` is told of the clips done and of all before each shard; what it raises ends the work so far.
    """
    # By length, so that little is padded.
    ordered = sorted(clips, key=lambda clip: (clip.sample_count, clip.key))
    folder = packed.folder / FOLDER
    folder.mkdir(exist_ok=True)
    wanted = range(0, len(ordered), CLIPS_A_SHARD)
    for index in sorted(folder.glob("[0-9]*.json"))[len(wanted) :]:
        # Of other clips, or of another base.
        index.unlink()
        index.with_suffix(".float16").unlink(missing_ok=True)
    for number, start in enumerate(wanted):
        on_shard(start, len(ordered))
        some = ordered[start : start + CLIPS_A_SHARD]
        told = [FORMAT, frozen, longest_seconds, [clip.key for clip in some]]
        digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()
        index, content = folder / f"{number:05d}.json", folder / f"{number:05d}.float16"
        if not (index.exists() and json.loads(index.read_bytes())["digest"] == digest):
            index.unlink(missing_ok=True)
            pieces = list(_heard(packed, some, below, longest_seconds, device))
            write_durably(content, b"".join(piece.tobytes() for piece in pieces))
            edges = np.cumsum([0, *map(len, pieces)]).tolist()
            places = {clip.key: (edge, len(piece)) for clip, edge, piece in zip(some, edges, pieces, strict=False)}
            about = {"digest": digest, "shape": pieces[0].shape[1:], "clips": places}
            write_durably(index, json.dumps(about).encode())
    on_shard(len(ordered), len(ordered))
    return FeatureCache(packed)


def erase(packed: Packed, keys: frozenset[str]) -> None:
    """Overwrite what was heard of withdrawn clips with zeros, durably; safe to do again, and with nothing cached."""
    for about, path in _shards(packed):
        if gone := keys & about["clips"].keys():
            numbers = np.memmap(path, dtype="<f2", mode="r+")
            tokens = numbers.reshape(-1, *about["shape"])
            for offset, count in (about["clips"][key] for key in gone):
                tokens[offset : offset + count] = 0
            numbers.flush()


def _shards(packed: Packed) -> Iterator[tuple[dict[str, Any], Path]]:
    for index in sorted((packed.folder / FOLDER).glob("[0-9]*.json")):
        yield json.loads(index.read_bytes()), index.with_suffix(".float16")


@torch.no_grad()
def _heard(
    packed: Packed, clips: Sequence[PackedClip], below: Below, longest_seconds: float, device: torch.device
) -> Iterator[np.ndarray]:
    longest = int(longest_seconds * SAMPLE_RATE_HZ)
    for start in range(0, len(clips), CLIPS_AT_ONCE):
        sound = [torch.from_numpy(packed.waveform(clip)[:longest]) for clip in clips[start : start + CLIPS_AT_ONCE]]
        waveforms = torch.nn.utils.rnn.pad_sequence(sound, batch_first=True).to(device).float() / 32_768
        tokens, counts = below(waveforms, torch.tensor([len(one) for one in sound], device=device))
        for row, count in zip(tokens.half().cpu().numpy(), counts.tolist(), strict=True):
            yield row[:count].astype("<f2")
