"""How loud Vera seems to an ear."""

import numpy as np
import pytest

from contributions.audio.loudness import integrated_lufs

from .sounds import RATE_HZ, spoken, tone


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000, 192_000])
def test_a_full_scale_sine_reads_what_the_standard_says(rate_hz):
    # ITU-R BS.1770, annex 1: a 0 dBFS sine of 997 Hz in one front channel reads -3.01 LKFS.
    assert integrated_lufs(tone(seconds=5, hertz=997, amplitude=1, rate_hz=rate_hz), rate_hz) == pytest.approx(
        -3.01, abs=0.05
    )


def test_soft_stretches_do_not_pull_the_loud_one_down():
    # EBU Tech 3341, case 3, in one channel instead of two: 3 dB less than -23.
    soft, loud = (tone(seconds=10, hertz=1_000, amplitude=10 ** (dbfs / 20)) for dbfs in (-36, -23))

    read = integrated_lufs(np.concatenate([soft, *[loud] * 6, soft]), RATE_HZ)

    assert read == pytest.approx(-26.0, abs=0.1)


def test_pauses_do_not_make_a_voice_softer():
    voice = spoken("german-anger")

    assert integrated_lufs(np.pad(voice, 2 * RATE_HZ), RATE_HZ) == pytest.approx(
        integrated_lufs(voice, RATE_HZ), abs=0.7
    )


def test_turned_down_by_20_db_it_reads_20_less():
    voice = spoken("german-happiness")

    assert integrated_lufs(voice / 10, RATE_HZ) == pytest.approx(integrated_lufs(voice, RATE_HZ) - 20, abs=0.1)


@pytest.mark.parametrize("waveform", [
    np.zeros(0, np.float32), np.zeros(RATE_HZ, np.float32), tone(seconds=0.39), tone(seconds=2, amplitude=1e-4),
])  # fmt: skip
def test_what_is_under_two_fifths_of_a_second_or_under_the_gate_has_no_loudness(waveform):
    assert integrated_lufs(waveform, RATE_HZ) is None


def test_two_fifths_of_a_second_are_enough():
    assert integrated_lufs(tone(seconds=0.4, hertz=997, amplitude=1), RATE_HZ) == pytest.approx(-3.01, abs=0.1)
