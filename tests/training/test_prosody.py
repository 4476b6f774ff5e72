"""Pitch, loudness and rate of sounds that were made to have them, and where a clip lies among its speaker's."""

import math

import numpy as np
import pytest

from tests.training.clips import clip
from training import prosody

RATE_HZ = 16_000


def time(seconds):
    return np.arange(int(seconds * RATE_HZ)) / RATE_HZ


def int16(sound, *, level=0.3):
    return (level * sound / np.abs(sound).max() * 32_767).astype(np.int16)


def sung(hertz, *, seconds=1.0, loud=1.0, harmonics=6):
    """A voice of that pitch and loudness, each a number or one for every sample."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(hertz, time(seconds).shape)) / RATE_HZ
    return int16(loud * sum(np.sin(k * phase) / k for k in range(1, harmonics + 1)))


def hertz(told):
    return prosody.REFERENCE_HZ * 2 ** (told["pitch_semitones"] / 12)


@pytest.mark.parametrize("pitch", [65, 90, 123.4, 200, 311, 440, 600])
@pytest.mark.parametrize("harmonics", [1, 6])
def test_the_pitch_of_a_steady_voice_is_found_within_a_tenth_of_a_semitone(pitch, harmonics):
    told = prosody.measured(sung(pitch, harmonics=harmonics))

    assert hertz(told) == pytest.approx(pitch, rel=0.006)
    assert told["pitch_range_semitones"] < 0.1


def test_a_voice_whose_second_harmonic_is_louder_is_not_heard_an_octave_too_high():
    phase = 2 * np.pi * 150 * time(1)

    told = prosody.measured(int16(0.4 * np.sin(phase) + np.sin(2 * phase) + 0.3 * np.sin(3 * phase)))

    assert hertz(told) == pytest.approx(150, rel=0.01)


def test_a_glide_has_its_middle_pitch_and_nine_tenths_of_its_range():
    told = prosody.measured(sung(100 * 2 ** (time(2) / 2), seconds=2))

    assert hertz(told) == pytest.approx(100 * math.sqrt(2), rel=0.01)
    assert told["pitch_range_semitones"] == pytest.approx(0.9 * 12, abs=0.4)


def test_clicks_are_as_high_as_they_are_dense():
    clicks = np.zeros(RATE_HZ)
    clicks[::160] = 1

    assert hertz(prosody.measured(int16(clicks))) == pytest.approx(100, rel=0.005)


def test_a_voice_in_noise_keeps_its_pitch():
    noise = np.random.default_rng(0).standard_normal(RATE_HZ) * 300

    told = prosody.measured((sung(180) + noise).astype(np.int16))

    assert hertz(told) == pytest.approx(180, rel=0.01)


def test_loudness_is_the_power_below_full_scale_and_pauses_do_not_lower_it():
    phase = 2 * np.pi * 200 * time(1)
    tone = int16(np.sin(phase), level=0.5)
    pause = np.zeros(2 * RATE_HZ, dtype=np.int16)

    alone, paused = (prosody.measured(sound)["loudness_db"] for sound in (tone, np.concatenate([pause, tone, pause])))

    assert alone == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)), abs=0.05)
    assert paused == pytest.approx(alone, abs=0.1)


def test_ten_times_softer_is_twenty_decibels_less_and_nothing_else():
    loud, soft = (prosody.measured(sung(150, seconds=2) // by) for by in (1, 10))

    assert loud["loudness_db"] - soft["loudness_db"] == pytest.approx(20, abs=0.1)
    assert soft["pitch_semitones"] == pytest.approx(loud["pitch_semitones"], abs=0.05)


@pytest.mark.parametrize("rate", [2, 4, 6])
def test_syllables_are_counted_by_the_swelling_of_the_voice(rate):
    swelling = np.clip(np.sin(2 * np.pi * rate * time(3)), 0, 1)

    told = prosody.measured(sung(150, seconds=3, loud=swelling))

    assert told["syllables_per_second"] * told["spoken_seconds"] == pytest.approx(3 * rate)
    assert told["syllables_per_second"] == pytest.approx(rate, rel=0.15)


def test_silence_around_a_voice_is_not_spoken():
    pause = np.zeros(RATE_HZ, dtype=np.int16)

    told = prosody.measured(np.concatenate([pause, sung(150, seconds=1.5), pause]))

    assert told["spoken_seconds"] == pytest.approx(1.5, abs=0.1)


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(0),
        np.zeros(100),
        np.zeros(RATE_HZ),
        np.full(RATE_HZ, 12_000),
        np.random.default_rng(1).standard_normal(RATE_HZ) * 3_000,
        np.eye(1, RATE_HZ, 8_000)[0] * 20_000,
        sung(1_500, harmonics=1),
        sung(30, harmonics=1),
        sung(150, seconds=0.05),
    ],
    ids=[
        "nothing",
        "six milliseconds",
        "silence",
        "an offset",
        "noise",
        "one click",
        "a whistle",
        "a rumble",
        "a blip",
    ],
)
def test_what_is_no_voice_is_told_nothing_of(sound):
    assert prosody.measured(sound.astype(np.int16)) == {}


def test_a_melody_neither_leaps_nor_ends_at_once():
    gap, whole, leap = np.full(3, np.nan), np.linspace(30, 36, 7), np.array([50.0, 51, 52])

    steady = prosody._steady(np.concatenate([whole, leap, gap, leap, gap, whole]))

    assert np.array_equal(steady, np.concatenate([whole, [np.nan] * 12, whole]), equal_nan=True)


def test_nothing_that_is_told_is_not_a_number():
    random = np.random.default_rng(2)
    for _ in range(20):
        pitch, gaps = random.uniform(60, 640), random.random(int(0.7 * RATE_HZ)) > random.random()
        told = prosody.measured((sung(pitch, seconds=0.7) * gaps)[: random.integers(1, 11_000)])
        assert all(math.isfinite(value) and isinstance(value, float) for value in told.values())


def test_a_long_clip_is_measured_in_pieces_to_the_same_end():
    short, long = (prosody.measured(sung(220, seconds=seconds)) for seconds in (1, 25))

    assert long["pitch_semitones"] == pytest.approx(short["pitch_semitones"], abs=1e-3)
    assert len(sung(220, seconds=25)) // prosody.HOP > prosody.FRAMES_AT_ONCE


def spoken(count, *, speaker="vera", of=lambda number: {}, **about):
    return [clip(f"{speaker}{number}", speaker=speaker, prosody=of(number), **about) for number in range(count)]


def test_the_lowest_and_highest_three_tenths_of_a_speakers_clips_are_low_and_high():
    told = prosody.bins(spoken(11, of=lambda number: {"pitch_semitones": float(number), "loudness_db": -float(number)}))

    assert [told[f"vera{number}"]["pitch"] for number in range(11)] == ["low"] * 3 + ["middle"] * 5 + ["high"] * 3
    assert [told[f"vera{number}"]["loudness"] for number in range(11)] == ["high"] * 3 + ["middle"] * 5 + ["low"] * 3


def test_a_speaker_is_held_against_nobody_else():
    high = spoken(9, speaker="vera", of=lambda number: {"pitch_semitones": 40.0 + number})
    low = spoken(9, speaker="milo", of=lambda number: {"pitch_semitones": 20.0 + number})

    told = prosody.bins(high + low)

    assert [told[f"vera{number}"] for number in range(9)] == [told[f"milo{number}"] for number in range(9)]


def test_fewer_than_eight_clips_with_a_measure_say_nothing():
    few = spoken(7, of=lambda number: {"pitch_semitones": float(number)})
    unvoiced = [clip(f"unvoiced{number}") for number in range(5)]

    assert prosody.bins(few + unvoiced) == {one.key: {} for one in few + unvoiced}
    assert prosody.bins(spoken(8, of=lambda number: {"pitch_semitones": float(number)}))["vera0"] == {"pitch": "low"}


def test_who_always_sounds_alike_is_neither_high_nor_low():
    told = prosody.bins(spoken(10, of=lambda number: {"pitch_semitones": 30.0}))

    assert {one["pitch"] for one in told.values()} == {"middle"}


def test_fast_is_who_says_the_same_words_in_less_time_and_without_the_words_nobody_is():
    def lasting(number):
        return {"spoken_seconds": 1.0 + number / 10, "syllables_per_second": 3.0}

    told, untold = (
        prosody.bins(spoken(11, of=lasting, transcript=transcript)) for transcript in ("Where are you?", None)
    )

    assert [told[f"vera{number}"]["rate"] for number in range(11)] == ["high"] * 3 + ["middle"] * 5 + ["low"] * 3
    assert not any(untold.values())
