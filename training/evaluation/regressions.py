"""What a model has to beat: log-mel statistics, which know nothing of speech."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from training.clara import Clara
from training.packing import Packed, PackedClip


@torch.inference_mode()
def mel_statistics(clara: Clara, packed: Packed, clips: Sequence[PackedClip]) -> np.ndarray:
    """Mean and deviation over time of each log-mel band: (clips, 2 x mels)."""
    rows = []
    for clip in clips:
        waveform = torch.from_numpy(packed.waveform(clip)).float()[None] / 32_768
        mel, _ = clara.model.log_mel(waveform.to(clara.device), torch.tensor([clip.sample_count]).to(clara.device))
        rows.append(torch.cat([mel[0].mean(dim=1), mel[0].std(dim=1, correction=0)]))
    return torch.stack(rows).cpu().numpy()
