"""What a wire, a codec or a machine did to Vera's voice, and what it did not."""

from itertools import pairwise

import av
import numpy as np
import pytest
from av.filter import Graph
from scipy.signal import butter, sosfiltfilt

from contributions.audio import spectrum
from contributions.audio.decode import decode
from tests.benchmarks import broken

from .sounds import RATE_HZ, SOUNDS, encoded, spoken, tone

VOICES = sorted(path.stem for path in SOUNDS.glob("*.wav"))
MAN = "polish-neutral"


def integers(waveform: np.ndarray) -> np.ndarray:
    """As a clip's original samples."""
    return np.clip(np.round(waveform * 32_768), -32_768, 32_767).astype(np.int16)


def resampled(original: np.ndarray, rates_hz: list[int]) -> np.ndarray:
    """The sound after having been at each of these rates, from the first to the last."""
    for before, after in pairwise(rates_hz):
        graph = Graph()
        source = graph.add_abuffer(sample_rate=before, format="s16", layout="mono")
        target, sink = graph.add("aformat", f"sample_fmts=s16:sample_rates={after}"), graph.add("abuffersink")
        graph.link_nodes(source, target, sink)
        graph.configure()
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(original[None]), format="s16", layout="mono")
        frame.sample_rate = before
        source.push(frame)
        source.push(None)
        pieces = []
        while True:
            try:
                pieces.append(sink.pull().to_ndarray()[0])
            except (av.BlockingIOError, av.EOFError):
                break
        original = np.concatenate(pieces)
    return original


def hum(waveform: np.ndarray, *, hertz: int, below_voice_db: float) -> np.ndarray:
    """The voice over mains hum and its harmonics, which are so far below the mean power of its loud moments."""
    mains = sum(
        share * tone(seconds=len(waveform) / RATE_HZ, hertz=hertz * number, amplitude=1)
        for number, share in ((1, 1), (2, 0.6), (3, 0.5), (5, 0.2))
    )[: len(waveform)]
    mains *= np.sqrt(spectrum._active_power(waveform) / np.mean(mains**2)) * 10 ** (-below_voice_db / 20)
    return (waveform + mains).astype(np.float32)


def hum_db(waveform):
    return spectrum.hum_db(waveform, spectrum.steady_spectrum(waveform))


def tone_ratio(waveform):
    return spectrum.tone_ratio(waveform, spectrum.steady_spectrum(waveform))


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("gain_db", [0, -20, -40])
def test_a_voice_is_not_narrow_for_being_quiet(voice, gain_db):
    assert spectrum.bandwidth_hz(integers(spoken(voice) * 10 ** (gain_db / 20)), RATE_HZ) == 8_000


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("then_hz", [16_000, 44_100, 48_000])
def test_a_telephone_is_heard_at_whatever_rate_it_comes(voice, then_hz):
    called = resampled(integers(spoken(voice)), [16_000, 8_000, then_hz])

    assert 3_400 < spectrum.bandwidth_hz(called, then_hz) < 4_700


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("then_hz", [16_000, 22_050, 48_000])
def test_a_telephone_is_known_by_both_its_ends_where_its_slope_is_no_edge(voice, then_hz):
    """With the slopes of a real one, from 300 and to 3,400 Hz, mu-law, and brought up again."""
    chance = np.random.default_rng(1)
    heard = broken.Sound(np.asarray(resampled(integers(spoken(voice)), [RATE_HZ, then_hz]), float) / 32_768, then_hz)
    called = next(sound for sound, way in iter(lambda: broken.telephone(heard, chance), None) if "up" in way)

    assert spectrum.bandwidth_hz(integers(called.samples), then_hz) < 4_500


@pytest.mark.parametrize("voice", VOICES)
def test_a_voice_behind_a_door_is_no_telephone(voice):
    """Its highs are gone as gently, and its lows are there."""
    original = resampled(integers(spoken(voice)), [RATE_HZ, 48_000])
    muffled = sosfiltfilt(butter(6, 3_400, fs=48_000, output="sos"), original / 32_768)
    steps = tone(seconds=len(muffled) / 48_000 + 0.1, hertz=140, amplitude=np.abs(muffled).max() / 3, rate_hz=48_000)

    assert not spectrum._is_telephone(*spectrum._strong_spectrum(integers(muffled + steps[: len(muffled)]), 48_000))


def test_a_telephone_at_its_own_rate_has_half_of_it():
    assert spectrum.bandwidth_hz(resampled(integers(spoken("german-anger")), [16_000, 8_000]), 8_000) == 4_000


@pytest.mark.parametrize("voice", ["german-anger", "german-sadness", "german-happiness", "german-fear"])
def test_a_sound_blown_up_to_48_khz_keeps_the_band_it_had(voice):
    blown_up = resampled(integers(spoken(voice)), [16_000, 48_000])

    assert 7_500 < spectrum.bandwidth_hz(blown_up, 48_000) < 9_500


def test_hiss_up_to_the_end_of_the_band_is_a_whole_band():
    noise = np.random.default_rng(1).normal(scale=0.001, size=2 * 48_000)

    assert spectrum.bandwidth_hz(integers(noise), 48_000) == 24_000


def test_a_narrow_opus_call_is_heard_through_the_decoder(tmp_path):
    path = tmp_path / "clip"
    path.write_bytes(encoded(resampled(integers(spoken("german-anger")), [16_000, 8_000]) / np.float32(32_768),
                             "webm-opus", from_hz=8_000))  # fmt: skip

    decoded = decode(path, longest_seconds=20)

    assert decoded.sample_rate_hz == 48_000
    assert spectrum.bandwidth_hz(decoded.original, 48_000) < 5_000


@pytest.mark.parametrize("seconds", [0, 0.1])
def test_of_almost_nothing_no_band_is_told(seconds):
    assert spectrum.bandwidth_hz(integers(tone(seconds=seconds)), RATE_HZ) is None


def test_digital_silence_has_no_band():
    assert spectrum.bandwidth_hz(np.zeros(48_000, np.int16), 48_000) is None


@pytest.mark.parametrize("rate_hz", [4_000, 8_000, 11_025, 22_050, 96_000, 192_000, 384_000])
def test_every_rate_has_a_band(rate_hz):
    noise = np.random.default_rng(1).normal(scale=0.1, size=rate_hz)

    assert spectrum.bandwidth_hz(integers(noise), rate_hz) == rate_hz / 2


@pytest.mark.parametrize("hertz", [50, 60])
@pytest.mark.parametrize("below_voice_db", [10, 20])
@pytest.mark.parametrize("voice", ["german-anger", "german-sadness", MAN])
def test_mains_hum_is_measured_against_the_voice(voice, hertz, below_voice_db):
    read = hum_db(hum(spoken(voice), hertz=hertz, below_voice_db=below_voice_db))

    assert read == pytest.approx(-below_voice_db, abs=5)


@pytest.mark.parametrize("voice", VOICES)
def test_no_voice_hums(voice):
    assert hum_db(spoken(voice)) < -30


def test_a_man_who_holds_the_note_of_the_mains_does_not_hum():
    pulses = np.zeros(2 * RATE_HZ, np.float32)
    pulses[::160] = 0.5  # 100 Hz and every multiple: the second harmonic of 50 Hz, the fourth, the sixth

    assert hum_db(pulses) == spectrum.FLOOR_DB


@pytest.mark.parametrize("voice", VOICES)
def test_a_voice_is_no_steady_tone(voice):
    ratio = tone_ratio(spoken(voice))

    assert (ratio is None) == (len(spoken(voice)) < RATE_HZ)
    assert ratio is None or ratio < 0.02


def test_a_tone_is_told_by_its_share_of_the_sound():
    voice = spoken("german-happiness")
    alone = tone(seconds=len(voice) / RATE_HZ, hertz=997, amplitude=np.sqrt(2 * np.mean(voice**2)))[: len(voice)]

    assert tone_ratio(alone) == pytest.approx(1, abs=0.05)
    assert tone_ratio(voice + alone) == pytest.approx(0.5, abs=0.08)
    assert tone_ratio(voice + alone / 10) == pytest.approx(0.01, abs=0.008)


def test_noise_is_no_tone():
    noise = np.random.default_rng(1).normal(scale=0.1, size=3 * RATE_HZ).astype(np.float32)

    assert tone_ratio(noise) < 0.01
    assert hum_db(noise) < -30


@pytest.mark.parametrize("waveform", [
    np.zeros(0, np.float32), np.zeros(RATE_HZ, np.float32), tone(seconds=0.25, hertz=50),
])  # fmt: skip
def test_in_silence_and_in_a_moment_nothing_is_steady(waveform):
    assert hum_db(waveform) is None
    assert tone_ratio(waveform) is None
