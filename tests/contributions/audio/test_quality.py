"""What the microphone did to Vera's voice."""

import numpy as np
import pytest

from contributions.audio.decode import decode
from contributions.audio.quality import FLOOR_DBFS, Quality, measure, peaks, snr_db

from .sounds import RATE_HZ, SOUNDS, encoded, spoken, tone

VOICES = sorted(path.stem for path in SOUNDS.glob("*.wav"))


def test_levels_of_a_tone_are_those_of_the_book():
    quality = measure(tone(seconds=1, amplitude=0.5))

    assert quality.peak_dbfs == pytest.approx(-6.02, abs=0.01)
    assert quality.rms_dbfs == pytest.approx(-9.03, abs=0.01)
    assert quality.dc_offset == pytest.approx(0, abs=1e-6)
    assert quality.clipped_ratio == 0


@pytest.mark.parametrize("length", [0, 1, RATE_HZ])
def test_digital_silence_has_a_floor_and_no_warning(length):
    quality = measure(np.zeros(length, np.float32))

    assert (quality.peak_dbfs, quality.rms_dbfs, quality.clipped_ratio) == (FLOOR_DBFS, FLOOR_DBFS, 0)


def test_a_whisper_is_quiet_but_above_the_silence_rule():
    assert -50 < measure(spoken("german-neutral") * 0.005).peak_dbfs < -40


def test_an_offset_is_seen():
    assert measure(tone(seconds=1, amplitude=0.1) + np.float32(0.2)).dc_offset == pytest.approx(0.2, abs=1e-3)


@pytest.mark.parametrize("voice", VOICES)
def test_no_acted_voice_is_called_clipped(voice):
    assert measure(spoken(voice)).clipped_ratio < 0.001


@pytest.mark.parametrize("kind", ["wav", "webm-pcm", "webm-opus"])
def test_a_clipped_voice_is_still_seen_after_its_codec(tmp_path, kind):
    moments = np.arange(3 * len(spoken("german-disgust"))) / 3
    at_48_khz = np.interp(moments, moments[::3], spoken("german-disgust"))
    shouted = np.clip(3 * at_48_khz, -1, 1).astype(np.float32)
    path = tmp_path / "clip"
    path.write_bytes(encoded(shouted, kind, from_hz=48_000))

    quality = measure(decode(path, longest_seconds=20).original / 32_768)

    assert np.mean(np.abs(shouted) >= 1) > 0.04
    assert quality.clipped_ratio > 0.03


def test_a_clip_that_was_clipped_and_turned_down_again_has_flat_tops():
    shouted = np.clip(3 * spoken("german-disgust"), -1, 1)

    quality = measure(shouted / 8)

    assert quality.clipped_ratio == 0
    assert quality.flattened_ratio == pytest.approx(np.mean(np.abs(shouted) >= 1), abs=0.01)
    assert quality.flattened_ratio > 0.04


@pytest.mark.parametrize("voice", VOICES)
def test_no_acted_voice_has_flat_tops(voice):
    assert measure(spoken(voice)).flattened_ratio < 0.002


def noise(kind: str, length: int) -> np.ndarray:
    """White or pink noise with a mean power of one."""
    spectrum = np.fft.rfft(np.random.default_rng(2).normal(size=length))
    if kind == "pink":
        spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    sound = np.fft.irfft(spectrum, length)
    return sound / sound.std()


def power_of(voice: np.ndarray) -> float:
    """The mean power of a voice's 30 ms frames within 25 dB of its loudest."""
    powers = (voice[: len(voice) // 480 * 480].reshape(-1, 480) ** 2).mean(axis=1)
    return powers[powers >= powers.max() / 10**2.5].mean()


@pytest.mark.parametrize("kind", ["white", "pink"])
@pytest.mark.parametrize("pause", [0, RATE_HZ // 2])
def test_noise_is_read_for_what_it_is(kind, pause):
    clean = spoken("german-anger")
    voice, level = np.pad(clean, pause), np.sqrt(power_of(clean))

    read = [
        snr_db((voice + noise(kind, len(voice)) * level * 10 ** (-true / 20)).astype(np.float32))
        for true in (20, 10, 5, 0)
    ]

    assert read == pytest.approx([20, 10, 5, 0], abs=4)
    assert read == sorted(read, reverse=True)


@pytest.mark.parametrize("voice", VOICES)
def test_an_acted_voice_stands_out_from_its_room_however_softly_it_is_recorded(voice):
    sound = spoken(voice)

    assert snr_db(sound) > 15
    assert snr_db(sound / 100) == pytest.approx(snr_db(sound), abs=0.5)


@pytest.mark.parametrize("offset", [0.0, 0.3])
def test_noise_alone_has_no_voice_that_stands_out(offset):
    assert snr_db((0.01 * noise("white", 2 * RATE_HZ) + offset).astype(np.float32)) < 8


def test_an_offset_is_no_noise():
    voice = spoken("german-happiness")

    assert snr_db(voice / 2 + np.float32(0.4)) == pytest.approx(snr_db(voice / 2), abs=0.1)


def test_a_voice_in_digital_silence_stands_out_as_far_as_is_told():
    assert snr_db(np.pad(spoken("german-fear"), RATE_HZ)) == 100


@pytest.mark.parametrize("waveform", [
    np.zeros(0, np.float32), np.zeros(RATE_HZ, np.float32), spoken("polish-fear")[:4_800],
])  # fmt: skip
def test_of_silence_and_of_less_than_three_tenths_of_a_second_nothing_is_told(waveform):
    assert snr_db(waveform) is None


def test_quality_can_be_kept_as_plain_numbers():
    quality = measure(spoken("german-fear"))

    assert all(isinstance(value, float) for value in vars(quality).values())
    assert isinstance(quality, Quality)


def test_peaks_draw_the_clip():
    waveform = np.concatenate([np.zeros(RATE_HZ, np.float32), tone(seconds=1, amplitude=0.5)])

    drawn = peaks(waveform, points=100)

    assert len(drawn) == 100
    assert max(drawn[:49]) == 0
    assert drawn[51:] == pytest.approx([0.5] * 49, abs=0.01)


@pytest.mark.parametrize("length", [0, 1, 399, 401])
def test_peaks_of_a_short_clip_are_fewer(length):
    assert len(peaks(np.full(length, -2.0, np.float32))) == min(length, 400)
    assert all(peak == 1.0 for peak in peaks(np.full(length, -2.0, np.float32)))
