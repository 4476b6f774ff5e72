"""Sound through a voice call: Opus at a low rate, coded and decoded in memory."""

from __future__ import annotations

import io

import av
import numpy as np

from training.packing import SAMPLE_RATE_HZ, decoded


def opus_coded(waveform: np.ndarray, *, bits_per_second: int) -> np.ndarray:
    """The clip (samples,) from -1 to 1 as Opus at about that rate leaves it, as long as before and not delayed."""
    file = io.BytesIO()
    with av.open(file, mode="w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE_HZ, layout="mono")
        stream.bit_rate = bits_per_second
        whole = np.clip(np.rint(waveform * 32_768), -32_768, 32_767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(whole[None], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    heard = decoded(file.getvalue())[: len(waveform)].astype(np.float64) / 32_768
    return np.pad(heard, (0, len(waveform) - len(heard)))
