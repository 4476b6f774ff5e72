"""Measure what a wire, a codec or a machine did to a voice: its band, mains hum, steady tones.

A clip is never held to be faulty for being quiet: where a voice sinks into the noise before its band ends, the band
counts as whole. It does not see which codec narrowed a voice, and a tone that comes and goes is not steady.
"""

from __future__ import annotations

import numpy as np

SAMPLE_RATE_HZ = 16_000
SHORTEST_BAND_SECONDS = 0.2

# The edge of a band: the spectrum just below it against everything above it.
BIN_HZ = 32  # at most
MOST_MOMENTS = 80  # spread over the clip: an edge is in all of them
STRONG_PERCENTILE = 95  # over time: each frequency as strong as the sounds that have it
SMOOTH_HZ = 100
LOWEST_EDGE_HZ = 2_000  # nothing that carries speech ends below
BELOW_HZ, ABOVE_HZ = (500, 100), 250  # how far from the edge the two are looked at: a resampler's slope lies between
HIGHEST_EDGE_HZ = 200  # below the end of the spectrum there is nothing left to compare with
# Of 2,800 real clips two above 8 kHz fall by 20 dB within such a step, since vowels without any hiss do fall by 18; but
# where after the step there is nothing at all, 13 dB are enough, and a quiet telephone is told from a quiet voice.
EDGE_DB, EDGE_TO_NOTHING_DB = 20.0, 13.0
NOTHING_DB = 12.0  # the rounding of 16-bit samples lies at -6, and a codec's dust somewhat above
ROUNDING_POWER = 1 / 24  # of 16-bit samples, in steps; below it there is nothing to see

# A telephone that was brought up to another rate again: its slope from 3,400 to 4,000 Hz is too gentle for an edge, but
# it cuts at both ends, and what lies above is a codec's dust. Of 502 made from clips of seven sources all are known so,
# and 1 of 1,506 real ones; without the lower end 26 would be, all from a game that squeezed its voices.
TELEPHONE_HZ = 4_000.0  # where its sampling ends
VOICE_HZ, UPPER_END_HZ, GONE_FROM_HZ, LOWER_END_HZ = (500, 3_000), (3_000, 3_400), 4_150, (50, 190)
SLOPE_HZ = (4_100, 4_600)
GONE_DB, SLOPE_DB, OVER_DUST_DB, LOW_CUT_DB = 34.0, 18.0, 8.0, 10.0
NARROWEST_BROUGHT_UP_HZ = 5_000  # half the rate: below it there is nothing above to look at

# What is always there: the softest tenth of the moments, at a resolution of 5 Hz.
WINDOW_SAMPLES = 3_200  # 0.2 s
HOP_SAMPLES = 1_600
STEADY_PERCENTILE = 10
FEWEST_WINDOWS = 5
HZ_PER_BIN = SAMPLE_RATE_HZ // WINDOW_SAMPLES
MAINS_HZ = (50, 60)
ODD = np.array([1, 3, 5, 7])  # a voice has no fundamental at 50 or 60 Hz; even harmonics are where men's voices lie
HUM_OVER_NEIGHBOURS = 4.0  # in power
TONE_OVER_NEIGHBOURS = 10.0
NEIGHBOURS = 40  # 200 Hz
MAIN_LOBE = 1.5  # a sine's power over all bins against its power at the tallest, for Hann windows
SHORTEST_TONE_SECONDS = 1.0  # below it a held vowel is as steady as a tone
ACTIVE_DB = 20.0  # moments this far below the loudest still belong to the voice
FLOOR_DB = -120.0


def bandwidth_hz(original: np.ndarray, rate_hz: int) -> float | None:
    """The frequency at which a wire, a codec or a lower sample rate cut the sound, or half the rate where none did.

    `original` is int16 mono, (samples,), at the rate it was recorded with. None under 0.2 s and for silence.
    """
    levels, bin_hz = _strong_spectrum(original, rate_hz)
    if levels is None:
        return None
    beyond_edge_db = _steps(levels, bin_hz)
    edge = int(beyond_edge_db.argmax())
    found = edge * bin_hz if beyond_edge_db[edge] >= 0 else rate_hz / 2
    return TELEPHONE_HZ if found > TELEPHONE_HZ and _is_telephone(levels, bin_hz) else found


def _strong_spectrum(original: np.ndarray, rate_hz: int) -> tuple[np.ndarray | None, float]:
    """Each frequency's level in dB in the moments that have most of it, as (bins,), and the width of a bin in Hz."""
    size = 1 << int(np.ceil(np.log2(rate_hz / BIN_HZ)))
    if len(original) < SHORTEST_BAND_SECONDS * rate_hz:
        return None, 0.0
    frames = _frames(original, size, max(size, len(original) // MOST_MOMENTS)).astype(np.float32)  # (frames, samples)
    frames = frames[np.ptp(frames, axis=1) > 0]
    if len(frames) < FEWEST_WINDOWS:
        return None, 0.0
    window = np.hanning(size).astype(np.float32)
    power = _power(frames * window) / (window**2).sum()  # (frames, bins)
    strong = _ranked(power, STRONG_PERCENTILE)
    levels = 10 * np.log10(np.maximum(strong, ROUNDING_POWER))
    bin_hz = rate_hz / size
    return _smooth(levels, max(1, round(SMOOTH_HZ / bin_hz))), bin_hz


def _steps(levels: np.ndarray, bin_hz: float) -> np.ndarray:
    """By how many dB each bin is more than steep enough to be the edge of a band, as (bins,)."""
    far, near, above = (round(hertz / bin_hz) for hertz in (*BELOW_HZ, ABOVE_HZ))
    loudest_from = np.maximum.accumulate(levels[::-1])[::-1]
    steps = np.full(len(levels), -np.inf)
    at = np.arange(round(LOWEST_EDGE_HZ / bin_hz), len(levels) - above - round(HIGHEST_EDGE_HZ / bin_hz))
    if len(at):
        softest_below = np.lib.stride_tricks.sliding_window_view(levels, far - near).min(axis=1)
        left = loudest_from[at + above]
        steps[at] = softest_below[at - far] - left - np.where(left < NOTHING_DB, EDGE_TO_NOTHING_DB, EDGE_DB)
    return steps


def _is_telephone(levels: np.ndarray, bin_hz: float) -> bool:
    """Whether only what a telephone lets through is there, in a spectrum that goes further."""
    hertz = np.arange(len(levels)) * bin_hz
    if hertz[-1] < NARROWEST_BROUGHT_UP_HZ:
        return False
    voice, upper, slope, low = (
        levels[(hertz > band[0]) & (hertz < band[1])] for band in (VOICE_HZ, UPPER_END_HZ, SLOPE_HZ, LOWER_END_HZ)
    )
    dust = levels[(hertz > GONE_FROM_HZ) & (hertz < hertz[-1] - HIGHEST_EDGE_HZ)].max()
    return bool(
        voice.max() - dust >= GONE_DB
        and upper.mean() - slope.mean() >= SLOPE_DB
        and upper.min() - dust >= OVER_DUST_DB
        and voice.max() - low.max() >= LOW_CUT_DB
    )


def steady_spectrum(waveform: np.ndarray) -> np.ndarray | None:
    """The power that never goes away, by frequency in steps of 5 Hz, as (1601,); None under 0.3 s.

    A steady sine of amplitude a has a squared over two in its bin. `waveform` is float32 mono at 16 kHz.
    """
    hop = min(HOP_SAMPLES, (len(waveform) - WINDOW_SAMPLES) // (FEWEST_WINDOWS - 1))
    if hop < WINDOW_SAMPLES // 8:
        return None
    window = np.hanning(WINDOW_SAMPLES).astype(np.float32)
    frames = _frames(waveform, WINDOW_SAMPLES, hop)
    power = _power((frames - frames.mean(axis=1, keepdims=True)) * window) * (2 / window.sum() ** 2)  # (frames, bins)
    return _ranked(power, STEADY_PERCENTILE)


def hum_db(waveform: np.ndarray, steady: np.ndarray | None) -> float | None:
    """Mains hum at 50 or 60 Hz, relative to the voice: the first odd harmonics, or -120 where there is no hum.

    `steady` is the waveform's steady spectrum. It counts as hum when the fundamental, or two of the others, stand out
    from the frequencies between: a voice cannot do either. None where there is nothing to measure.
    """
    voice = _active_power(waveform)
    if steady is None or not voice:
        return None
    power = max(_hum_power(steady, hertz // HZ_PER_BIN) for hertz in MAINS_HZ)
    return max(FLOOR_DB, float(10 * np.log10(max(power / voice, 1e-12))))


def _hum_power(steady: np.ndarray, fundamental: int) -> float:
    harmonics = fundamental * ODD
    between = fundamental // 2
    neighbours = np.maximum(steady[harmonics - between], steady[harmonics + between])
    standing_out = np.where(steady[harmonics] > HUM_OVER_NEIGHBOURS * neighbours, steady[harmonics], 0.0)
    is_hum = standing_out[0] > 0 or np.count_nonzero(standing_out) > 1
    return float(standing_out.sum()) if is_hum else 0.0


def tone_ratio(waveform: np.ndarray, steady: np.ndarray | None) -> float | None:
    """The share of the clip's power, 0 to 1, that lies in tones which never stop; None under a second or in silence."""
    if steady is None or len(waveform) < SHORTEST_TONE_SECONDS * SAMPLE_RATE_HZ:
        return None
    power = float(np.mean((waveform - waveform.mean()) ** 2))
    if not power:
        return None
    bands = steady[: len(steady) // NEIGHBOURS * NEIGHBOURS].reshape(-1, NEIGHBOURS)  # the last bin has no neighbours
    tones = bands[bands > TONE_OVER_NEIGHBOURS * np.median(bands, axis=1, keepdims=True)].sum() / MAIN_LOBE
    return float(min(1.0, tones / power))


def _active_power(waveform: np.ndarray) -> float:
    """The mean power of the moments that belong to the voice."""
    frames = _frames(waveform, 480, 480)  # 30 ms
    if not len(frames):
        return 0.0
    power = frames.var(axis=1)  # (frames,) without the offset
    return float(power[power >= power.max() * 10 ** (-ACTIVE_DB / 10)].mean())


def _frames(samples: np.ndarray, size: int, hop: int) -> np.ndarray:
    """Overlapping stretches, as (frames, size); none of a shorter sound."""
    if len(samples) < size:
        return np.empty((0, size), samples.dtype)
    return np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]


def _power(frames: np.ndarray) -> np.ndarray:
    spectra = np.fft.rfft(frames, axis=1)
    power: np.ndarray = spectra.real**2 + spectra.imag**2
    return power


def _ranked(power: np.ndarray, percentile: int) -> np.ndarray:
    """Each bin's percentile over time, as (bins,)."""
    rank = min(len(power) - 1, len(power) * percentile // 100)
    ranked: np.ndarray = np.partition(power, rank, axis=0)[rank]
    return ranked


def _smooth(levels: np.ndarray, width: int) -> np.ndarray:
    padded = np.pad(levels, (width // 2, width - 1 - width // 2), "edge")
    return np.convolve(padded, np.full(width, 1 / width), "valid")
