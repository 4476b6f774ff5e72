"""Where Vera speaks, and where she does not."""

import numpy as np
import pytest

from contributions.audio.speech import SpeechFound, speech

from .sounds import RATE_HZ, SOUNDS, spoken

VOICES = sorted(path.stem for path in SOUNDS.glob("*.wav"))


@pytest.mark.parametrize("voice", VOICES)
def test_every_acted_voice_has_the_three_tenths_of_a_second_that_screening_asks(voice):
    found = speech(spoken(voice))

    assert found.seconds >= 0.3
    assert 0.5 < found.ratio <= 1


def test_a_sad_voice_recorded_from_afar_is_still_speech():
    assert speech(spoken("german-sadness") * 0.03).seconds >= 0.3


@pytest.mark.parametrize("seconds", [0.0, 0.01, 2.0])
def test_silence_is_all_silence(seconds):
    silence = np.zeros(int(seconds * RATE_HZ), np.float32)

    assert speech(silence) == SpeechFound(0.0, 0.0, seconds, seconds)


def test_quiet_room_noise_is_no_speech():
    noise = np.random.default_rng(1).normal(scale=10 ** (-60 / 20), size=2 * RATE_HZ).astype(np.float32)

    assert speech(noise).seconds < 0.3


def test_silence_before_and_after_is_measured():
    voice = spoken("german-anger")
    padded = np.concatenate([np.zeros(RATE_HZ, np.float32), voice, np.zeros(2 * RATE_HZ, np.float32)])

    found = speech(padded)

    assert found.leading_silence_seconds == pytest.approx(1.0, abs=0.1)
    assert found.trailing_silence_seconds == pytest.approx(2.0, abs=0.35)  # the detector lets go slowly
    assert (
        found.seconds + found.leading_silence_seconds + found.trailing_silence_seconds <= len(padded) / RATE_HZ + 0.03
    )


def test_a_stricter_level_hears_less():
    heard = [speech(spoken("german-sadness"), level=level).seconds for level in (0, 1, 2, 3)]

    assert heard == sorted(heard, reverse=True)


def test_a_float_recording_over_full_scale_is_no_wraparound():
    assert speech(spoken("german-anger") * 3).seconds >= 0.3
