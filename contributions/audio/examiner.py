"""Everything that screening measures about a clip, in one pass over its sound.

A measure is a fact with its unit in its name; what follows from it is for the rules. None means that it could not be
measured: the clip is too short or too silent for it, or a part that measures it is not installed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from contributions.audio import dnsmos, loudness, quality, silero, spectrum, speech
from contributions.audio.decode import Decoded

VERSION = "4"  # raised with every change of a measure: examinations of two versions do not compare
Measures = dict[str, float | str | None]


def measure(decoded: Decoded, *, second_opinion: bool = False, advice: bool = False) -> Measures:
    """Every measure of a decoded clip, as plain numbers and names.

    `second_opinion` asks Silero too, for about 1 ms a second of sound; `advice` asks DNSMOS, for about 0.2 s a clip.
    """
    return {
        **_origin(decoded),
        **_speech(decoded.waveform),
        **_levels(decoded),
        **_faults(decoded),
        "silero_speech_seconds": silero.speech_seconds(decoded.waveform) if second_opinion else None,
        "dnsmos_overall": dnsmos.overall(decoded.waveform) if advice else None,
    }


def _origin(decoded: Decoded) -> Measures:
    return {
        "container": decoded.container,
        "codec": decoded.codec,
        "sample_rate_hz": decoded.sample_rate_hz,
        "channels": decoded.channels,
        "duration_seconds": decoded.duration_seconds,
    }


def _speech(waveform: np.ndarray) -> Measures:
    heard = speech.speech(waveform)
    return {
        "speech_seconds": heard.seconds,
        "speech_ratio": heard.ratio,
        "leading_silence_seconds": heard.leading_silence_seconds,
        "trailing_silence_seconds": heard.trailing_silence_seconds,
    }


def _levels(decoded: Decoded) -> Measures:
    """Of the samples at their own rate, as the archive holds them: resampling ripples a clipped top."""
    levels: dict[str, Any] = vars(quality.measure(decoded.original.astype(np.float32) / 32_768, codec=decoded.codec))
    return {**levels, "integrated_lufs": loudness.integrated_lufs(decoded.waveform, spectrum.SAMPLE_RATE_HZ)}


def _faults(decoded: Decoded) -> Measures:
    waveform = decoded.waveform
    steady = spectrum.steady_spectrum(waveform)
    band = spectrum.bandwidth_hz(decoded.original, decoded.sample_rate_hz)
    return {
        "snr_db": quality.snr_db(waveform),
        "bandwidth_hz": band,
        "band_ratio": None if band is None else band / (decoded.sample_rate_hz / 2),
        "hum_db": spectrum.hum_db(waveform, steady),
        "tone_ratio": spectrum.tone_ratio(waveform, steady),
    }
