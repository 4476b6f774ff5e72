"""Logistic regressions: on log-mel statistics, which a model has to beat, and on its embeddings, as a probe."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from training.clara import Clara
from training.packing import Packed, PackedClip


def by_regression(train: np.ndarray, emotions: Sequence[str], test: np.ndarray) -> list[str]:
    """Predicted emotions of the test rows by a standardised, class-balanced logistic regression."""
    # 0.01 is strong, as suits hundreds of clips; it is fixed, so nothing is chosen by looking at the test.
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=2000))
    return [str(emotion) for emotion in model.fit(train, list(emotions)).predict(test)]


@torch.inference_mode()
def mel_statistics(clara: Clara, packed: Packed, clips: Sequence[PackedClip]) -> np.ndarray:
    """Mean and deviation over time of each log-mel band: (clips, 2 x mels)."""
    rows = []
    for clip in clips:
        waveform = torch.from_numpy(packed.waveform(clip)).float()[None] / 32_768
        mel, _ = clara.model.log_mel(waveform.to(clara.device), torch.tensor([clip.sample_count]).to(clara.device))
        rows.append(torch.cat([mel[0].mean(dim=1), mel[0].std(dim=1, correction=0)]))
    return torch.stack(rows).cpu().numpy()


def embeddings(clara: Clara, packed: Packed, clips: Sequence[PackedClip]) -> np.ndarray:
    """The clips in CLARA's space: (clips, width)."""
    return clara.embed_audio([packed.waveform(clip) for clip in clips]).cpu().numpy()
