"""What the microphone did to Vera's voice."""

import numpy as np
import pytest

from contributions.audio.decode import decode
from contributions.audio.quality import FLOOR_DBFS, Quality, measure, peaks

from .sounds import RATE_HZ, SOUNDS, encoded, spoken, tone


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


@pytest.mark.parametrize("voice", sorted(path.stem for path in SOUNDS.glob("*.wav")))
def test_no_acted_voice_is_called_clipped(voice):
    assert measure(spoken(voice)).clipped_ratio < 0.001


@pytest.mark.parametrize("kind", ["wav", "webm-pcm", "webm-opus"])
def test_a_clipped_voice_is_still_seen_after_its_codec(tmp_path, kind):
    moments = np.arange(3 * len(spoken("german-disgust"))) / 3
    at_48_khz = np.interp(moments, moments[::3], spoken("german-disgust"))
    shouted = np.clip(3 * at_48_khz, -1, 1).astype(np.float32)
    path = tmp_path / "clip"
    path.write_bytes(encoded(shouted, kind, from_hz=48_000))

    quality = measure(decode(path, longest_seconds=20).waveform)

    assert np.mean(np.abs(shouted) >= 1) > 0.04
    assert quality.clipped_ratio > 0.03


def test_more_noise_reads_as_less_signal():
    voice = np.pad(spoken("german-anger"), RATE_HZ // 2)
    noise = np.random.default_rng(2).normal(scale=np.sqrt(np.mean(spoken("german-anger") ** 2)), size=len(voice))

    read = [measure((voice + noise * 10 ** (-snr / 20)).astype(np.float32)).snr_db for snr in (30, 20, 10)]

    assert read == sorted(read, reverse=True)
    assert [snr - true for snr, true in zip(read, (30, 20, 10), strict=True)] == pytest.approx([4.5, 4.5, 4.5], abs=2)


def test_a_clip_too_short_to_tell_noise_from_voice_says_so():
    assert measure(spoken("polish-fear")[: RATE_HZ // 2]).snr_db is None


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
