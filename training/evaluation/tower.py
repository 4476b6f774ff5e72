"""The bare tower: what the fixed base hears before CLARA learnt anything, which every claim is held against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from training.clara import fixed_base
from training.clara.spectrogram import frame_mask
from training.packing import Packed, PackedClip

SECONDS_AT_ONCE = 60
SAMPLE_RATE_HZ = 16_000


@torch.inference_mode()
def layers(
    packed: Packed, clips: Sequence[PackedClip], *, encoder: fixed_base.Tower | None = None
) -> dict[str, np.ndarray]:
    """The mean over time of the stem's and every layer's output of the fixed base: layer name to (clips, width)."""
    tower = encoder or fixed_base.load()
    front_end = tower.front_end()
    # Alike in length, so that little is padding; padding changes nothing but the time it takes.
    order = sorted(range(len(clips)), key=lambda row: clips[row].sample_count)
    rows: dict[int, np.ndarray] = {}
    for some in _batches(order, clips):
        waveforms = [torch.from_numpy(packed.waveform(clips[row])).float() / 32_768 for row in some]
        counts = torch.tensor([len(waveform) for waveform in waveforms])
        outputs, tokens = tower(*front_end(pad_sequence(waveforms, batch_first=True), counts))
        inside = frame_mask(tokens, outputs[0].shape[1])[:, :, None]
        means = torch.stack([(output * inside).sum(dim=1) / tokens[:, None] for output in outputs], dim=1)
        rows.update(zip(some, means.float().numpy(), strict=True))  # each (depth + 1, width)
    return {
        f"layer {depth}": np.stack([rows[row][depth] for row in range(len(clips))]) for depth in range(tower.depth + 1)
    }


def _batches(order: Sequence[int], clips: Sequence[PackedClip]) -> list[list[int]]:
    batches: list[list[int]] = [[]]
    for row in order:
        if batches[-1] and clips[row].sample_count * (len(batches[-1]) + 1) > SECONDS_AT_ONCE * SAMPLE_RATE_HZ:
            batches.append([])
        batches[-1].append(row)
    return batches if batches[0] else []
