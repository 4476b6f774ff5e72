"""What can be measured of a voice without knowing its words, and where a clip lies among its speaker's others.

Pitch is found by YIN (de Cheveigne and Kawahara 2002) on every hundredth of a second that is loud enough; syllables are
peaks of the loudness between dips of 2 dB, in voiced places (de Jong and Wempe 2009). It does not know a whisper from
a noise: without voiced sound nothing is told.

Counted peaks are a poor measure of rate: on every eighth clip of nEMO they correlate by 0.14 with the syllables that
were spoken in the same time, the letters of the transcript by 0.77 (RAVDESS, every seventh clip: peaks 0.23). So a
clip is called fast or slow by its letters a second, where the words are known, and otherwise not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from training import facets
from training.packing import PackedClip

VERSION = 1  # of what is measured: whoever keeps a measure by it measures again when it rises

Floats = NDArray[np.float32]

# A bin's ends within a speaker, as ParaCLAP cuts them (arXiv 2406.07203), and how many clips it takes to say so.
LOW_QUANTILE, HIGH_QUANTILE, FEWEST_CLIPS = 0.3, 0.7, 8

# Everything is told a hundred times a second: this many samples at 16 kHz, half as many where pitch is looked for.
HOP = 160
HOPS_PER_SECOND = 100
PITCH_RATE_HZ = 8_000
# Voices from deep men to screams; what repeats faster or slower is no voice.
LOWEST_HZ, HIGHEST_HZ = 60.0, 650.0
REFERENCE_HZ = 27.5  # semitones are told above this, the lowest A of a piano
WINDOW = 256  # samples at 8 kHz that are compared with themselves, later: two periods of the deepest voice
LONGEST_LAG = int(PITCH_RATE_HZ / LOWEST_HZ) + 2
ROOM = WINDOW + LONGEST_LAG
FFT_LENGTH = 512
# How unlike itself a period later a voice may be (YIN's threshold), and where to look at all: near enough to the
# clip's loud places, and above the hiss of a silent microphone.
UNLIKE_AT_MOST = 0.2
QUIETER_AT_MOST_DB, SILENCE_DB = 30.0, -65.0
# A melody moves at most so far in a hop; shorter stretches are chance, and less in all is no voice.
LONGEST_STEP_SEMITONES, FEWEST_HOPS_IN_A_ROW, FEWEST_VOICED_HOPS = 3.0, 4, 10
# A syllable rises out of a dip, and is not among the clip's quiet remains.
DIP_DB, FAINT_DB, SMOOTHING_HOPS = 2.0, 25.0, 9
PAUSE_DB = 20.0  # so far below its loud places a clip is taken to pause
FRAMES_AT_ONCE = 2_000


def bins(clips: Sequence[PackedClip]) -> dict[str, dict[str, str]]:
    """Where each clip lies among its speaker's: key to facet to low, middle or high.

    A facet is left out for a clip without its measure and for speakers with fewer than eight clips that have it: every
    key is there, some with nothing.
    """
    told: dict[str, dict[str, str]] = {clip.key: {} for clip in clips}
    for facet, measure in MEASURES.items():
        by_speaker: dict[str, dict[str, float]] = {}
        for clip in clips:
            if (value := measure(clip)) is not None:
                by_speaker.setdefault(clip.speaker, {})[clip.key] = value
        for own in by_speaker.values():
            if len(own) >= FEWEST_CLIPS:
                low, high = np.quantile(list(own.values()), [LOW_QUANTILE, HIGH_QUANTILE])
                for key, value in own.items():
                    told[key][facet] = "low" if value < low else "high" if value > high else "middle"
    return told


def _letters_per_second(clip: PackedClip) -> float | None:
    words, seconds = facets.spoken_words(clip.transcript), clip.prosody.get("spoken_seconds")
    return len(words.replace(" ", "")) / seconds if words and seconds else None


# What each told facet goes by.
MEASURES: Mapping[str, Callable[[PackedClip], float | None]] = MappingProxyType(
    {
        "pitch": lambda clip: clip.prosody.get("pitch_semitones"),
        "loudness": lambda clip: clip.prosody.get("loudness_db"),
        "rate": _letters_per_second,
    }
)


def measured(samples: np.ndarray) -> dict[str, float]:
    """Pitch, its range, loudness and syllable rate of int16 samples (samples,) at 16 kHz; empty without a voice.

    `pitch_semitones` is the median above 27.5 Hz, `pitch_range_semitones` from the 5th to the 95th percentile,
    `loudness_db` the power of what is not pause, below full scale, and `syllables_per_second` the voiced peaks of
    loudness in `spoken_seconds`, which run from the first sound within 20 dB of the loudest to the last.
    """
    hops = len(samples) // HOP
    if hops < FEWEST_VOICED_HOPS:
        return {}
    sound = samples[: hops * HOP].astype(np.float32) / np.float32(32_768)
    powers = np.square(sound.reshape(hops, HOP)).mean(axis=1)  # (hops,)
    levels = 10 * np.log10(powers + 1e-12)
    is_loud = levels > max(SILENCE_DB, float(np.quantile(levels, 0.95)) - QUIETER_AT_MOST_DB)
    semitones = _melody(_halved(sound), is_loud)  # (hops,)
    is_voiced = ~np.isnan(semitones)
    if is_voiced.sum() < FEWEST_VOICED_HOPS:
        return {}
    voiced = semitones[is_voiced]
    spoken = _spoken_hops(powers)
    low, high = np.quantile(voiced, [0.05, 0.95])
    return {
        "pitch_semitones": float(np.median(voiced)),
        "pitch_range_semitones": float(high - low),
        "loudness_db": float(10 * np.log10(powers[is_loud].mean())),
        "syllables_per_second": _syllables(powers, is_voiced) * HOPS_PER_SECOND / spoken,
        "spoken_seconds": spoken / HOPS_PER_SECOND,
    }


def _halved(sound: Floats) -> Floats:
    """The sound at half its rate, without what the lower rate could not carry."""
    taps = np.arange(-15, 16)
    lowpass = np.sinc(taps * 0.45) * np.hamming(31)
    return np.convolve(sound, (lowpass / lowpass.sum()).astype(np.float32), mode="same")[::2]


def _melody(sound: Floats, is_loud: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The pitch in semitones of each hop of sound at 8 kHz, NaN where there is no voice: (hops,)."""
    padded = np.pad(sound, (ROOM // 2, ROOM))
    windows = np.lib.stride_tricks.sliding_window_view(padded, ROOM)[:: HOP // 2]
    looked_at = np.flatnonzero(is_loud)
    semitones = np.full(len(is_loud), np.nan)
    for start in range(0, len(looked_at), FRAMES_AT_ONCE):
        some = looked_at[start : start + FRAMES_AT_ONCE]
        hertz = _pitches(windows[some])
        semitones[some] = 12 * np.log2(hertz / REFERENCE_HZ)
    return _steady(semitones)


def _pitches(frames: Floats) -> NDArray[np.float64]:
    """The pitch in Hz of frames (frames, ROOM) by YIN, NaN where nothing repeats at a voice's pace: (frames,)."""
    fixed = np.fft.rfft(frames[:, :WINDOW], FFT_LENGTH)
    alike = np.fft.irfft(fixed.conj() * np.fft.rfft(frames, FFT_LENGTH), FFT_LENGTH)[:, :LONGEST_LAG]
    sums = np.cumsum(np.pad(np.square(frames, dtype=np.float64), ((0, 0), (1, 0))), axis=1)
    energies = sums[:, WINDOW : WINDOW + LONGEST_LAG] - sums[:, :LONGEST_LAG]
    unlike = np.maximum(energies[:, :1] + energies - 2 * alike, 0)[:, 1:]  # of lags from 1
    lags = np.arange(1, LONGEST_LAG)
    unlike = unlike * lags / np.maximum(np.cumsum(unlike, axis=1), 1e-12)

    before, here, after = unlike[:, :-2], unlike[:, 1:-1], unlike[:, 2:]
    is_dip = (here < UNLIKE_AT_MOST) & (here < before) & (here <= after)
    rows, first = np.arange(len(frames)), is_dip.argmax(axis=1)
    left, middle, right = before[rows, first], here[rows, first], after[rows, first]
    # The bottom of the parabola through a dip's three points lies between samples.
    shift = (left - right) / np.maximum(2 * (left - 2 * middle + right), 1e-12)
    hertz = PITCH_RATE_HZ / (first + 2 + np.clip(shift, -0.5, 0.5))
    is_voice = is_dip.any(axis=1) & (hertz >= LOWEST_HZ) & (hertz <= HIGHEST_HZ)
    return np.where(is_voice, hertz, np.nan)


def _steady(semitones: NDArray[np.float64]) -> NDArray[np.float64]:
    """The melody without stretches too short to be one."""
    steps = np.abs(np.diff(semitones))
    # A comparison with NaN is false: silence parts stretches as a leap does.
    starts = np.flatnonzero(np.concatenate(([True], ~(steps <= LONGEST_STEP_SEMITONES))))
    lengths = np.diff(np.append(starts, len(semitones)))
    return np.where(np.repeat(lengths >= FEWEST_HOPS_IN_A_ROW, lengths), semitones, np.nan)


def _smoothed(powers: Floats) -> NDArray[np.float64]:
    """The loudness in dB of each hop and a few around it."""
    window = np.hanning(SMOOTHING_HOPS + 2)[1:-1]
    return 10 * np.log10(np.convolve(powers, window / window.sum(), mode="same") + 1e-12)


def _spoken_hops(powers: Floats) -> int:
    """From the first hop that is not pause to the last."""
    levels = _smoothed(powers)
    spoken = np.flatnonzero(levels > np.quantile(levels, 0.95) - PAUSE_DB)
    return int(spoken[-1] - spoken[0] + 1)


def _syllables(powers: Floats, is_voiced: NDArray[np.bool_]) -> int:
    """How many peaks the loudness has in voiced places, with dips between them."""
    levels = _smoothed(powers)
    levels = np.maximum(levels, np.quantile(levels, 0.95) - FAINT_DB)
    count, place, low, high, is_rising = 0, 0, levels[0], levels[0], False
    for now, level in enumerate([*levels, -np.inf]):
        if is_rising and level > high:
            high, place = level, now
        elif is_rising and level < high - DIP_DB:
            count, low, is_rising = count + bool(is_voiced[place]), level, False
        elif not is_rising:
            low = min(low, level)
            if level > low + DIP_DB:
                high, place, is_rising = level, now, True
    return max(count, 1)
