"""How loud a clip is to an ear: integrated loudness after ITU-R BS.1770, by FFmpeg's meter (EBU R 128).

It knows neither how far away somebody stood nor what the gain was: a whisper into the microphone reads like a shout
from the next room.
"""

from __future__ import annotations

import av
import numpy as np
from av.filter import Graph

BLOCK_SECONDS = 0.4  # the gating block of BS.1770: a shorter clip has no loudness
GATE_LUFS = -70.0  # the absolute gate: the meter answers it where no block lies above
FIGURE = "lavfi.r128.I"


def integrated_lufs(waveform: np.ndarray, rate_hz: int) -> float | None:
    """Gated loudness of a float32 mono waveform, in LUFS; None under 0.4 s and where nothing lies above -70 LUFS.

    The meter of the library that decodes, since it is closer to the standard than a Python one that was tried (0.01
    against 0.04 LU at 997 Hz) and loads nothing more. At 16 kHz real speech reads 0.06 LU above (median) and at most
    0.35 LU below its reading at 48 kHz: 240 clips of nEMO.
    """
    if len(waveform) < BLOCK_SECONDS * rate_hz:
        return None
    read = _read_meter(waveform, rate_hz)
    return read if read > GATE_LUFS else None


def _read_meter(waveform: np.ndarray, rate_hz: int) -> float:
    """The last word of the meter, which speaks every 100 ms."""
    graph = Graph()
    graph.threads = 1  # the meter uses one, and the others would be started and ended for each clip
    source = graph.add_abuffer(sample_rate=rate_hz, format="flt", layout="mono")
    meter, sink = graph.add("ebur128", "metadata=1:framelog=quiet"), graph.add("abuffersink")
    graph.link_nodes(source, meter, sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(waveform.astype(np.float32, copy=False)[None], format="flt", layout="mono")
    frame.sample_rate = rate_hz
    source.push(frame)
    source.push(None)
    read = GATE_LUFS
    while True:
        try:
            read = float(sink.pull().metadata.get(FIGURE, read))
        except (av.BlockingIOError, av.EOFError):
            return read
