"""Find where somebody speaks.

It does not know who speaks, what they say or whether they mean it. Loud noise, hum and steady tones pass for speech,
and so do the first 0.1 to 0.2 s of soft noise: little speech proves that there is none, much proves nothing. `silero`
knows better, but is deaf to some shouts and whispers; docs/benchmarks/vad.md holds the two against labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import webrtcvad

SAMPLE_RATE_HZ = 16_000
FRAME_SECONDS = 0.03  # the longest frame the detector takes
FRAME_SAMPLES = int(SAMPLE_RATE_HZ * FRAME_SECONDS)
# A clip that peaks below -45 dBFS is heard 20 dB louder: of calm, sad and frightened voices turned down by 20 dB the
# detector found under 0.25 s in 9 of 160 as they were and in none so, while steady noise stays noise at any level.
QUIET_PEAK = 10 ** (-45 / 20)
LOUDER = 10.0


@dataclass(frozen=True)
class SpeechFound:
    """How much of a clip is speech, to 30 ms; without any, both silences are the whole clip."""

    seconds: float
    ratio: float
    leading_silence_seconds: float
    trailing_silence_seconds: float


def speech(waveform: np.ndarray, *, level: int = 1) -> SpeechFound:
    """The speech in a float32 mono waveform at 16 kHz, by WebRTC's detector at strictness `level` (0 to 3).

    Level 1 by the table in docs/benchmarks/vad.md: stricter levels lose calm and sad voices first. Never normalise
    before it: the one gain is a fixed one, and for what is very quiet.
    """
    is_quiet = bool(len(waveform)) and max(waveform.max(), -waveform.min()) < QUIET_PEAK
    spoken = spoken_frames(waveform * LOUDER if is_quiet else waveform, level=level)  # (frames,)
    length_seconds = len(waveform) / SAMPLE_RATE_HZ
    if not spoken.any():
        return SpeechFound(0.0, 0.0, length_seconds, length_seconds)
    first, last = np.flatnonzero(spoken)[[0, -1]]
    seconds = min(float(spoken.sum()) * FRAME_SECONDS, length_seconds)  # the last frame may be half empty
    return SpeechFound(
        seconds=seconds,
        ratio=seconds / length_seconds,
        leading_silence_seconds=float(first) * FRAME_SECONDS,
        trailing_silence_seconds=max(0.0, length_seconds - float(last + 1) * FRAME_SECONDS),
    )


def spoken_frames(waveform: np.ndarray, *, level: int) -> np.ndarray:
    """Whether each 30 ms frame is speech, as booleans; the last frame is filled up with silence."""
    integers = (np.clip(waveform, -1, 1) * 32_767).astype("<i2")
    padded = np.pad(integers, (0, -len(integers) % FRAME_SAMPLES))
    detector = webrtcvad.Vad(level)
    frames = padded.reshape(-1, FRAME_SAMPLES)  # (frames, samples)
    return np.array([detector.is_speech(frame.tobytes(), SAMPLE_RATE_HZ) for frame in frames], dtype=bool)
