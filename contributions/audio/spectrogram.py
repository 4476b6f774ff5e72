"""Draw a clip's spectrogram for a moderator's eye, as a small picture that is the same for the same sound.

It shows up to 8 kHz and 60 dB, with its own dark ground, so that it reads alike on light and dark pages. The same
bytes are promised for the same sound with the same libraries: another zlib may pack the same picture otherwise.
"""

from __future__ import annotations

import struct
import zlib
from functools import cache

import numpy as np

HOP_SAMPLES, WINDOW_SAMPLES = 160, 512  # 10 ms; 31 Hz
ROWS = 128  # 62.5 Hz each
COLUMNS = 600  # at most: a longer clip keeps the loudest moment of each column
SHADES = 16
# Of zlib: 9 makes the file 2 % smaller and takes fourteen times as long, more than all the rest of the picture.
PACKED = 5
RANGE_DB = 60.0  # below the loudest point
SOFTEST_DBFS = -100.0  # a clip of nothing but rounding is drawn dark, not stretched to full contrast
# From the ground up: night, blue, rose, straw. Each is lighter than the one before, so it reads without colour too.
ANCHORS = np.array([(13, 17, 35), (58, 62, 140), (214, 92, 110), (255, 236, 170)])


def picture(waveform: np.ndarray) -> bytes:
    """A PNG of a float32 mono waveform at 16 kHz: time to the right, one column each 10 ms until 6 s, pitch upwards."""
    shades = np.flipud(_levels(waveform).T)  # (rows, columns)
    return _png(shades, _palette())


def _levels(waveform: np.ndarray) -> np.ndarray:
    """The shade of each moment and frequency, 0 to 15, as (columns, rows)."""
    padded = np.pad(waveform, (0, max(0, WINDOW_SAMPLES - len(waveform))))
    moments = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]
    window = np.hanning(WINDOW_SAMPLES).astype(np.float32)
    spectra = np.fft.rfft(moments * window, axis=1)[:, 1:] * (2 / window.sum())
    power = spectra.real**2 + spectra.imag**2  # (moments, 2 * rows)
    power = np.maximum(power[:, ::2], power[:, 1::2])
    starts = np.linspace(0, len(power), min(COLUMNS, len(power)), endpoint=False).astype(int)
    levels = 10 * np.log10(np.maximum(np.maximum.reduceat(power, starts, axis=0), 1e-14))
    top = max(float(levels.max()), SOFTEST_DBFS + RANGE_DB)
    shades: np.ndarray = np.clip((levels - top) / RANGE_DB + 1, 0, 1) * (SHADES - 1)
    return shades.round().astype(np.uint8)


@cache
def _palette() -> np.ndarray:
    """The colour of each shade, as (shades, 3)."""
    at = np.linspace(0, len(ANCHORS) - 1, SHADES)
    return np.stack([np.interp(at, range(len(ANCHORS)), part) for part in ANCHORS.T], axis=1).round().astype(np.uint8)


def _png(shades: np.ndarray, palette: np.ndarray) -> bytes:
    """A PNG of four bits a point (ISO/IEC 15948), from shades shaped (rows, columns)."""
    rows, columns = shades.shape
    even = np.pad(shades, ((0, 0), (0, columns % 2)))
    packed = (even[:, ::2] << 4) | even[:, 1::2]
    lines = np.pad(packed, ((0, 0), (1, 0)))  # each line begins with its filter: none
    header = struct.pack(">IIBBBBB", columns, rows, 4, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), PACKED)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
