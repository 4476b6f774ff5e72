"""Real clips made unusable, doubtful or unusual, by real encoders and from a seed: the same on every machine.

Sound is float64 mono at the clip's own rate, (samples,). It does not know what a bad microphone or a far room does
otherwise, and a whisper made from a voice is quieter and hoarser than it, but its speaker never whispered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_toeplitz
from scipy.signal import butter, lfilter, resample_poly, sosfilt, sosfiltfilt

from tests.contributions.audio import sounds

FULL_SCALE = 32_767 / 32_768
CONTAINERS = ("wav", "flac", "webm-opus", "webm-pcm", "mp4-aac", "mp3", "ogg-opus")
OPUS_RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
FRAME_SECONDS = 0.02

Chance = np.random.Generator


@dataclass(frozen=True)
class Sound:
    """What somebody said, as it was recorded."""

    samples: np.ndarray
    rate_hz: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / self.rate_hz

    def be(self, samples: np.ndarray) -> Sound:
        """Other samples at the same rate."""
        return Sound(samples, self.rate_hz)


class NotMakeable(Exception):
    """This clip cannot be broken in this way: it has no pause to cut, say."""


def encoded(sound: Sound, container: str) -> bytes:
    """The file, at the sound's own rate where the codec has it; what is over full scale is cut off, as a card does."""
    rate_hz = sound.rate_hz
    if container.endswith("opus"):
        rate_hz = next((rate for rate in OPUS_RATES_HZ if rate >= rate_hz), 48_000)
    heard = np.clip(sound.samples, -1, FULL_SCALE).astype(np.float32)
    return sounds.encoded(heard, container, rate_hz=rate_hz, from_hz=sound.rate_hz)


# Levels


def levels_db(sound: Sound) -> np.ndarray:
    """The level of each 20 ms, in dB relative to full scale; (frames,)."""
    size = int(sound.rate_hz * FRAME_SECONDS)
    frames = sound.samples[: len(sound.samples) // size * size].reshape(-1, size)
    return 10 * np.log10(np.maximum((frames**2).mean(axis=1), 1e-12))


def spoken_rms(sound: Sound) -> float:
    """The root mean square of the frames within 25 dB of the loudest: of the voice, without the pauses."""
    levels = levels_db(sound)
    if not len(levels):
        raise NotMakeable("shorter than a frame")
    return float(np.sqrt(np.mean(10 ** (levels[levels > levels.max() - 25] / 10))))


def at_level(samples: np.ndarray, rms_dbfs: float) -> np.ndarray:
    """The same sound at this level."""
    return samples / max(np.sqrt(np.mean(samples**2)), 1e-9) * 10 ** (rms_dbfs / 20)


def over(sound: Sound, noise: np.ndarray, snr_db: float) -> Sound:
    """The voice with the noise so many dB below it, both lowered where the sum would clip."""
    mixed = sound.samples + at_level(noise, 20 * np.log10(max(spoken_rms(sound), 1e-6)) - snr_db)
    return sound.be(mixed * min(1.0, 0.9 / np.abs(mixed).max()))


# Noises


def coloured(count: int, slope: float, chance: Chance) -> np.ndarray:
    """Noise whose power falls with the frequency to the power `slope`: 0 white, 1 pink, 2 brown."""
    spectrum = np.fft.rfft(chance.standard_normal(count))
    weights = np.arange(1, len(spectrum) + 1) ** (-slope / 2)
    return np.fft.irfft(spectrum * weights, count)


def room(sound: Sound, count: int, chance: Chance) -> np.ndarray:
    """Noise with the spectrum of the clip's own softest tenth: its room with nobody in it."""
    size = int(sound.rate_hz * FRAME_SECONDS)
    frames = sound.samples[: len(sound.samples) // size * size].reshape(-1, size)
    softest = frames[np.argsort(levels_db(sound))[: max(3, len(frames) // 10)]]
    dithered = softest + chance.standard_normal(softest.shape) / 32_768
    coefficients, _gain = prediction(dithered.ravel(), order=16)
    return lfilter([1.0], coefficients, chance.standard_normal(count))


def hum(sound: Sound, count: int, chance: Chance) -> np.ndarray:
    """The mains: 50 or 60 Hz and its harmonics up to 1 kHz, each weaker, in phases of their own."""
    mains = float(chance.choice([50.0, 60.0]))
    moments = np.arange(count) / sound.rate_hz
    partials = [n for n in range(1, int(1_000 / mains) + 1) if n * mains < sound.rate_hz / 2]
    return sum(np.sin(2 * np.pi * (n * mains * moments + chance.random())) / n for n in partials)


def tone(sound: Sound, count: int, chance: Chance) -> np.ndarray:
    """A steady tone from 200 Hz to 3 kHz."""
    hertz = float(np.exp(chance.uniform(np.log(200), np.log(3_000))))
    return np.sin(2 * np.pi * hertz * np.arange(count) / sound.rate_hz)


def recorded(noise: Sound) -> Callable[[Sound, int, Chance], np.ndarray]:
    """A stretch of recorded noise, at the rate of the clip."""

    def stretch(sound: Sound, count: int, chance: Chance) -> np.ndarray:
        there = resample_poly(noise.samples, sound.rate_hz, noise.rate_hz)
        begin = int(chance.integers(len(there)))
        return np.take(there, np.arange(begin, begin + count), mode="wrap")

    return stretch


# Broken: nobody's ear should be spent on these


def silence(sound: Sound, chance: Chance) -> tuple[Sound, str]:
    """The clip as a muted microphone gives it: nothing, the last bit, a constant, or the voice 90 dB down."""
    count = len(sound.samples)
    ways = {
        "digital": np.zeros(count),
        "last bit": chance.integers(-1, 2, count) / 32_768,
        "constant": np.full(count, chance.uniform(-0.02, 0.02)),
        "voice 90 dB down": sound.samples * 10**-4.5,
    }
    way = str(chance.choice(list(ways)))
    return sound.be(ways[way]), way


def steady_noise(sound: Sound, chance: Chance) -> tuple[Sound, str]:
    """As long as the clip, and nobody in it: white, pink, brown or its own room's noise at -75 to -45 dBFS."""
    count, way = max(len(sound.samples), sound.rate_hz), str(chance.choice(["white", "pink", "brown", "room"]))
    slopes = {"white": 0.0, "pink": 1.0, "brown": 2.0}
    noise = room(sound, count, chance) if way == "room" else coloured(count, slopes[way], chance)
    level = int(chance.choice([-75, -65, -55, -45]))
    return sound.be(at_level(noise, level)), f"{way} {level} dBFS"


def clipped(sound: Sound, chance: Chance) -> tuple[Sound, str]:
    """The clip turned up until 1.2 to 20 % of its samples are cut off at full scale."""
    share = float(np.exp(chance.uniform(np.log(0.012), np.log(0.2))))
    gain = FULL_SCALE / max(np.quantile(np.abs(sound.samples), 1 - share), 1e-4)
    name = next(f"up to {upper} %" for upper in (2, 5, 20) if share * 100 <= upper)
    return sound.be(sound.samples * gain), name


def clipped_below(sound: Sound, chance: Chance) -> tuple[Sound, str]:
    """The same, then turned down by 3 to 12 dB: cut off before the computer got it."""
    hot, name = clipped(sound, chance)
    return sound.be(np.clip(hot.samples, -1, 1) * 10 ** (-chance.uniform(3, 12) / 20)), name


def cut(sound: Sound, chance: Chance) -> tuple[Sound, str]:
    """The clip cut to the pause before or after its speech, or to 40 to 150 ms of its loudest word."""
    if chance.random() < 0.5 and (pause := longest_edge(sound)) is not None:
        return sound.be(pause), "the pause before or after"
    loudest = int(np.argmax(levels_db(sound))) * int(sound.rate_hz * FRAME_SECONDS)
    count = int(sound.rate_hz * chance.uniform(0.04, 0.15))
    begin = max(0, loudest - count // 2)
    return sound.be(sound.samples[begin : begin + count]), "40 to 150 ms of a word"


def pause(sound: Sound, chance: Chance) -> tuple[Sound, str]:
    """The clip cut to the pause before or after its speech; raises NotMakeable where there is none."""
    edge = longest_edge(sound)
    if edge is None:
        raise NotMakeable("its speech begins and ends with the file")
    return sound.be(edge), "up to 1 s" if len(edge) <= sound.rate_hz else "longer"


def longest_edge(sound: Sound) -> np.ndarray | None:
    """What lies 100 ms before all speech or 100 ms after it, where that is 0.4 s or more.

    Speech is taken to begin with the first 20 ms within 40 dB of the loudest: no detector of voices is asked.
    """
    levels, size = levels_db(sound), int(sound.rate_hz * FRAME_SECONDS)
    loud = np.flatnonzero(levels > levels.max() - 40)
    before = sound.samples[: max(0, (loud[0] - 5) * size)]
    after = sound.samples[(loud[-1] + 6) * size :]
    edge = max(before, after, key=len)
    return edge if len(edge) >= 0.4 * sound.rate_hz else None


# Doubtful: an ear may decide, and should be told


def noise_alone(make: Callable[[Sound, int, Chance], np.ndarray]) -> Callable[[Sound, Chance], tuple[Sound, str]]:
    """The noise as loud as a voice, without one."""

    def made(sound: Sound, chance: Chance) -> tuple[Sound, str]:
        count = max(len(sound.samples), sound.rate_hz)
        return sound.be(at_level(make(sound, count, chance), chance.uniform(-35, -15))), "alone"

    return made


def noise_over(
    make: Callable[[Sound, int, Chance], np.ndarray], snr_db: float
) -> Callable[[Sound, Chance], tuple[Sound, str]]:
    """The clip with the noise over it from its beginning to its end."""

    def made(sound: Sound, chance: Chance) -> tuple[Sound, str]:
        return over(sound, make(sound, len(sound.samples), chance), snr_db), f"{snr_db:g} dB below the voice"

    return made


def telephone(sound: Sound, chance: Chance) -> tuple[Sound, str]:
    """300 to 3,400 Hz and mu-law at 8 kHz, as a file of 8 kHz or brought up again to the clip's own rate."""
    band = sosfiltfilt(butter(6, [300, 3_400], "bandpass", fs=sound.rate_hz, output="sos"), sound.samples)
    narrow = resample_poly(band, 8_000, sound.rate_hz)
    mu = np.sign(narrow) * np.log1p(255 * np.minimum(np.abs(narrow), 1)) / np.log(256)
    steps = np.round(mu * 127) / 127
    received = np.sign(steps) * (256 ** np.abs(steps) - 1) / 255
    if chance.random() < 0.5:
        return Sound(received, 8_000), "at 8 kHz"
    return sound.be(resample_poly(received, sound.rate_hz, 8_000)), "brought up again"


# Unusual, and welcome


def whispered(sound: Sound, chance: Chance) -> tuple[Sound, str]:
    """The clip's own vocal tract, driven by noise in place of a voice: linear prediction, frame by frame.

    Frames of 30 ms, half overlapped; order 2 + rate / 1,000; the excitation is white noise with the energy of the
    frame's residual, 18 dB down where the frame was voiced (whispers lie 15 to 20 dB below speech, Ito et al. 2005)
    and as it was where it was not; the whole with +3 dB an octave below 1 kHz less, since whispers lack their bass.
    """
    size = int(sound.rate_hz * 0.03) // 2 * 2
    window, order = np.hanning(size + 1)[:-1], 2 + sound.rate_hz // 1_000
    padded = np.pad(sound.samples, size)
    out, weight = np.zeros(len(padded)), np.zeros(len(padded))
    for begin in range(0, len(padded) - size, size // 2):
        frame = padded[begin : begin + size] * window
        coefficients, gain = prediction(frame, order=order)
        if is_voiced(frame, sound.rate_hz):
            gain *= 10 ** (-18 / 20)
        breath = lfilter([1.0], coefficients, gain * chance.standard_normal(size))
        out[begin : begin + size] += breath * window
        weight[begin : begin + size] += window**2
    whisper = out / np.sqrt(np.maximum(weight, 0.1))
    thin = sosfilt(butter(1, 500, "highpass", fs=sound.rate_hz, output="sos"), whisper)
    return sound.be(thin[size : size + len(sound.samples)]), ""


def prediction(frame: np.ndarray, *, order: int) -> tuple[np.ndarray, float]:
    """The all-pole filter of a frame and the root mean square of what it leaves over."""
    lags = (
        np.correlate(frame, frame, "full")[len(frame) - 1 : len(frame) + order]
        if len(frame) < 4_000
        else np.array([frame[: len(frame) - lag] @ frame[lag:] for lag in range(order + 1)])
    )
    lags = lags / len(frame)
    lags[0] = lags[0] * 1.0001 + 1e-10
    poles = solve_toeplitz(lags[:-1], lags[1:])
    left_over = max(lags[0] - poles @ lags[1:], 1e-12)
    return np.concatenate([[1.0], -poles]), float(np.sqrt(left_over))


def is_voiced(frame: np.ndarray, rate_hz: int) -> bool:
    """Whether the frame repeats itself at a pitch from 70 to 400 Hz."""
    spectrum = np.abs(np.fft.rfft(frame, 2 * len(frame))) ** 2
    lags = np.fft.irfft(spectrum)
    return bool(lags[0] > 1e-9 and lags[rate_hz // 400 : rate_hz // 70].max() > 0.3 * lags[0])


def shouted(sound: Sound, chance: Chance) -> tuple[Sound, str]:
    """The clip with the brighter spectrum of a raised voice, turned up into a soft limiter.

    +9 dB above 1 kHz; gain such that 0.05 % of the samples come out at 0.98 of full scale or more, half of what is
    warned of; the limiter is a hyperbolic tangent.
    """
    bright = sosfilt(butter(1, 1_000, "highpass", fs=sound.rate_hz, output="sos"), sound.samples)
    tilted = sound.samples + (10 ** (9 / 20) - 1) * bright
    gain = np.arctanh(0.98) / max(np.quantile(np.abs(tilted), 0.9995), 1e-6)
    return sound.be(np.tanh(gain * tilted)), ""


def quieter(sound: Sound, chance: Chance) -> tuple[Sound, str]:
    """The clip 20 dB down, before it is encoded anew."""
    return sound.be(sound.samples / 10), ""
