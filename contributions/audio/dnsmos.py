"""A machine's guess at how clean a recording sounds: DNSMOS (Reddy et al. 2022, doi:10.1109/ICASSP43922.2022.9746108).

Advice for a moderator's eye, never a rule: it was fitted to read and conversational English, and acted speech that
ears find good scores 2.1 to 3.2. The model is the file that the package `speechmos` (MIT) carries; without it there
is no advice.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from contributions.audio import silero

SAMPLE_RATE_HZ = 16_000
WINDOW_SAMPLES = 144_160  # 9.01 s, as the model was trained; shorter clips are repeated
SHORTEST_SECONDS = 0.5  # a repeated syllable is no sentence any more
MODEL = ("speechmos", "dnsmos_models/sig_bak_ovr.onnx")
# Raw output to the scale of listeners from 1 to 5, highest power first: its authors' fit.
OVERALL = (-0.06766283, 1.11546468, 0.04602535)


def overall(waveform: np.ndarray) -> float | None:
    """The overall quality from 1 (bad) to 5 (excellent) of a float32 mono waveform at 16 kHz; 0.2 s of processor.

    Heard is the first 9 s. None under half a second, for digital silence, and where the model is not installed.
    """
    if len(waveform) < SHORTEST_SECONDS * SAMPLE_RATE_HZ or not waveform.any():
        return None
    session = _session()
    if session is None:
        return None
    window = np.resize(np.clip(waveform, -1, 1), WINDOW_SAMPLES).astype(np.float32)
    _signal, _background, raw = session.run(None, {"input_1": window[None]})[0][0]
    return float(np.polyval(OVERALL, raw))


@cache
def _session() -> Any | None:
    """The model, loaded once a process; None where a package is missing."""
    return silero.load(*MODEL)
