"""What happens to sound on its way: noise, a telephone, a call, a cut. Fixed by clip: two models hear the same."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
from scipy import signal

from training.evaluation.opus import opus_coded
from training.packing import SAMPLE_RATE_HZ

# ITU-T G.712 passes 300 to 3,400 Hz; G.711 keeps eight bits of each sample by the mu-law.
TELEPHONE_HZ = (300, 3_400)
MU = 255.0
TELEPHONE_ORDER = 4

Disturbance = Callable[[np.ndarray, str], np.ndarray]


def noisy(waveform: np.ndarray, key: str, *, snr_db: float) -> np.ndarray:
    """The clip (samples,) under steady noise that falls by 3 dB an octave, as rooms and streets do, at that ratio."""
    random = np.random.default_rng(zlib.crc32(key.encode()))
    spectrum = np.fft.rfft(random.standard_normal(len(waveform)))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), len(waveform))
    wanted = np.sqrt(np.mean(waveform**2) / 10 ** (snr_db / 10))
    return waveform + noise * (wanted / max(float(np.sqrt(np.mean(noise**2))), 1e-12))


def telephoned(waveform: np.ndarray, key: str) -> np.ndarray:
    """The clip through a narrow-band telephone: 8 kHz, 300 to 3,400 Hz, eight bits."""
    band = signal.butter(TELEPHONE_ORDER, TELEPHONE_HZ, btype="bandpass", fs=SAMPLE_RATE_HZ // 2, output="sos")
    narrow = signal.sosfilt(band, signal.resample_poly(waveform, 1, 2))
    squeezed = np.sign(narrow) * np.log1p(MU * np.minimum(np.abs(narrow), 1)) / np.log1p(MU)
    coarse = np.rint(squeezed * 127) / 127
    widened = np.sign(coarse) * np.expm1(np.abs(coarse) * np.log1p(MU)) / MU
    return np.asarray(signal.resample_poly(widened, 2, 1)[: len(waveform)])


def cropped(waveform: np.ndarray, key: str, *, seconds: float) -> np.ndarray:
    """The middle of the clip; all of it where it is no longer than that."""
    spare = max(0, len(waveform) - round(seconds * SAMPLE_RATE_HZ))
    return waveform[spare // 2 : len(waveform) - (spare - spare // 2)]


DISTURBANCES: dict[str, Disturbance] = {
    "snr_20_db": lambda waveform, key: noisy(waveform, key, snr_db=20),
    "snr_10_db": lambda waveform, key: noisy(waveform, key, snr_db=10),
    "telephone": telephoned,
    "opus_16_kbps": lambda waveform, key: opus_coded(waveform, bits_per_second=16_000),
    "one_second": lambda waveform, key: cropped(waveform, key, seconds=1),
}


def disturbed(waveform: np.ndarray, key: str, *, name: str) -> np.ndarray:
    """An int16 clip (samples,) under the disturbance of that name, int16 again; the same for the same key."""
    changed = DISTURBANCES[name](waveform.astype(np.float64) / 32_768, key)
    return np.clip(np.rint(changed * 32_768), -32_768, 32_767).astype(np.int16)
