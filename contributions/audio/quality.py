"""Measure what a microphone did to a voice.

All of it is of the waveform as recorded, at 16 kHz: what lay above 8 kHz is not seen. It does not know whether a
quiet clip is a whisper, and its signal-to-noise ratio is only an estimate: too low for a clip cut tight around one
word, since it then takes soft speech for noise, so it may warn but must not refuse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FRAME_SAMPLES = 480  # 30 ms at 16 kHz
FLOOR_DBFS = -120.0  # stands for digital silence, whose level has no logarithm
FULL_SCALE = 0.98  # resampling and lossy codecs ripple a clipped top: 2 % clipped at 48 kHz still reads 1 to 2 %
NOISE_PERCENTILE, VOICE_PERCENTILE = 10, 90
FEWEST_FRAMES_FOR_SNR = 20  # 0.6 s: below it there is no pause to measure


@dataclass(frozen=True)
class Quality:
    """Levels in dB relative to full scale (a full-scale square wave is at 0), ratios from 0 to 1."""

    peak_dbfs: float
    rms_dbfs: float
    clipped_ratio: float
    dc_offset: float
    snr_db: float | None  # null where a clip is too short to tell


def measure(waveform: np.ndarray) -> Quality:
    """The quality of a float32 mono waveform at 16 kHz; an empty one is digital silence."""
    if not len(waveform):
        return Quality(FLOOR_DBFS, FLOOR_DBFS, 0.0, 0.0, None)
    samples = waveform.astype(np.float64)
    magnitudes = np.abs(samples)
    return Quality(
        peak_dbfs=float(dbfs(magnitudes.max())),
        rms_dbfs=float(dbfs(np.sqrt(np.mean(samples**2)))),
        clipped_ratio=float(np.mean(magnitudes >= FULL_SCALE)),
        dc_offset=float(samples.mean()),
        snr_db=snr_db(samples),
    )


def snr_db(samples: np.ndarray) -> float | None:
    """Loud frames over soft ones: the 90th percentile of the level of 30 ms frames above the 10th.

    White noise added to acted clips at 5 to 30 dB read 2 to 6 dB more than that: loud frames are above the mean.
    """
    frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)  # (frames, samples)
    if len(frames) < FEWEST_FRAMES_FOR_SNR:
        return None
    levels = dbfs(frames.std(axis=1))  # (frames,) without the offset
    noise, voice = np.percentile(levels, [NOISE_PERCENTILE, VOICE_PERCENTILE])
    return float(voice - noise)


def dbfs(amplitude: np.ndarray | float) -> np.ndarray:
    """Amplitudes as decibels relative to full scale."""
    levels: np.ndarray = np.maximum(20 * np.log10(np.maximum(amplitude, 1e-12)), FLOOR_DBFS)
    return levels


def peaks(waveform: np.ndarray, *, points: int = 400) -> list[float]:
    """The largest magnitude in each of `points` equal stretches, from 0 to 1, to draw; fewer for a shorter waveform."""
    if not len(waveform):
        return []
    starts = np.linspace(0, len(waveform), min(points, len(waveform)), endpoint=False).astype(int)
    tallest = np.maximum.reduceat(np.minimum(np.abs(waveform), 1.0), starts)  # (points,)
    return [round(float(peak), 3) for peak in tallest]
