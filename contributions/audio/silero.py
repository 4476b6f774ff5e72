"""A second opinion on where somebody speaks: Silero's voice detector (MIT), run by onnxruntime.

The model is the file that the package `silero-vad` carries; the package itself is never imported, since its import
sets torch's threads for the whole process. It knows voices from hum and tones, which `speech` does not. Where either
package is missing there is no second opinion.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

SAMPLE_RATE_HZ = 16_000
FRAME_SAMPLES = 512
FRAME_SECONDS = FRAME_SAMPLES / SAMPLE_RATE_HZ  # 32 ms
CONTEXT_SAMPLES = 64  # of the frame before, which the model hears again
SPOKEN = 0.5  # the authors' own threshold
# The whole clip in one call: the same probabilities as frame by frame, in half the time.
MODEL = ("silero_vad", "data/silero_vad_16k_sequence.onnx")


def is_available() -> bool:
    """Whether the model and what runs it are installed."""
    return _session() is not None


def spoken_frames(waveform: np.ndarray) -> np.ndarray | None:
    """The probability that each 32 ms frame of a float32 mono waveform at 16 kHz is speech, as (frames,).

    The last frame is filled up with silence. None where there is no second opinion.
    """
    session = _session()
    if session is None:
        return None
    if not len(waveform):
        return np.zeros(0, np.float32)
    padded = np.pad(np.clip(waveform, -1, 1), (CONTEXT_SAMPLES, -len(waveform) % FRAME_SAMPLES))
    heard = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT_SAMPLES + FRAME_SAMPLES)[::FRAME_SAMPLES]
    memory = np.zeros((1, 1, 128), np.float32)
    inputs = {"input": np.ascontiguousarray(heard, np.float32), "h": memory, "c": memory}
    probabilities: np.ndarray = session.run(["speech_probs"], inputs)[0]  # (frames,)
    return probabilities


def speech_seconds(waveform: np.ndarray) -> float | None:
    """How much of the clip is speech, to 32 ms and at most its length; None where there is no second opinion."""
    probabilities = spoken_frames(waveform)
    if probabilities is None:
        return None
    return min(float((probabilities >= SPOKEN).sum()) * FRAME_SECONDS, len(waveform) / SAMPLE_RATE_HZ)


@cache
def _session() -> Any | None:
    """The model, loaded once a process; None where a package is missing."""
    return load(*MODEL)


def load(package: str, file: str) -> Any | None:
    """A model file of an installed package on one thread of the processor, without importing the package."""
    found = find_spec(package)
    if found is None or not found.submodule_search_locations or find_spec("onnxruntime") is None:
        return None
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # workers scale by processes
    options.log_severity_level = 3  # it warns of its own model's leftovers
    path = Path(found.submodule_search_locations[0]) / file
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
