"""A sound is known again in any container and cut; another take of the same words is another sound."""

import numpy as np
import pytest

from contributions.audio import fingerprint as fingerprints
from contributions.audio.fingerprint import SAME_FROM, fingerprint, match, unpacked
from tests.contributions.audio import sounds

NAMES = sorted(path.stem for path in sounds.SOUNDS.glob("*.wav"))
RATE_HZ = 16_000


def disguised(waveform, how):
    """The same sound, as somebody else would send it."""
    chance = np.random.default_rng(7)
    noise = 0.1 * np.sqrt(np.mean(waveform**2)) * chance.normal(size=len(waveform)).astype(np.float32)
    start, end = int(0.11 * len(waveform)) + 37, int(0.89 * len(waveform))
    return {
        "as it was": waveform,
        "gain": waveform / 10,
        "trim": waveform[start:end],
        "noise at 20 dB": waveform + noise,
        "silence around it": np.pad(waveform, (12_345, 50_000)),
        "sampled at 8 kHz": filtered(waveform, lambda hertz: hertz < 3_800),
    }[how].astype(np.float32)


def filtered(waveform, kept):
    """The waveform with each frequency multiplied by what `kept` says of it."""
    hertz = np.fft.rfftfreq(len(waveform), 1 / RATE_HZ)
    return np.fft.irfft(np.fft.rfft(waveform) * kept(hertz), len(waveform)).astype(np.float32)


def found(one, other):
    """Whether looking for one would come upon the other."""
    return bool(np.isin(one.probes, other.keys).any())


@pytest.mark.parametrize(
    "how", ["as it was", "gain", "trim", "noise at 20 dB", "silence around it", "sampled at 8 kHz"]
)
@pytest.mark.parametrize("name", NAMES)
def test_the_same_sound_matches_and_is_found(name, how):
    known, again = fingerprint(sounds.spoken(name)), fingerprint(disguised(sounds.spoken(name), how))

    assert match(again, known) > SAME_FROM
    assert match(known, again) == pytest.approx(match(again, known), abs=0.05)
    assert found(again, known)


@pytest.mark.parametrize("name", NAMES)
def test_another_sound_does_not_match(name):
    one = fingerprint(sounds.spoken(name))
    scores = [match(one, fingerprint(sounds.spoken(other))) for other in NAMES if other != name]

    assert max(scores) < 0.7


def test_another_take_of_the_same_words_by_the_same_person_does_not_match():
    # EmoDB's sentence a01, three times by its speaker 03. The benchmark has thousands of such pairs, in one mood too.
    takes = [fingerprint(sounds.spoken(f"german-{mood}")) for mood in ("anger", "happiness", "neutral")]
    scores = [match(one, other) for i, one in enumerate(takes) for other in takes[:i]]

    assert max(scores) < 0.5
    assert not any(found(one, other) for one in takes for other in takes if one is not other)


def test_one_second_out_of_a_longer_take_matches_it():
    take = sounds.spoken("german-anger")
    middle = len(take) // 2

    assert match(fingerprint(take[middle - RATE_HZ // 2 :][:RATE_HZ]), fingerprint(take)) > SAME_FROM


def test_a_beep_that_two_takes_begin_with_makes_no_match():
    beep = sounds.tone(seconds=0.3, hertz=1_000)
    one, other = (np.concatenate([beep, sounds.spoken(name)]) for name in ("german-anger", "german-sadness"))

    assert match(fingerprint(one), fingerprint(other)) < SAME_FROM


def test_what_lasts_leaves_no_trace():
    spoken = sounds.spoken("german-neutral")
    # A throat or a microphone that gives twelve decibels an octave less is heard at once, and leaves the signs alone.
    darker = filtered(spoken, lambda hertz: 1 / (1 + (hertz / 1_000) ** 2))

    assert match(fingerprint(darker), fingerprint(spoken)) > 0.9


@pytest.mark.parametrize(
    "waveform",
    [np.zeros(0), np.zeros(100), np.zeros(RATE_HZ), sounds.tone(seconds=3)],
    ids=["nothing", "a moment", "silence", "a tone"],
)
def test_what_does_not_change_is_like_nothing_else(waveform):
    empty = fingerprint(waveform.astype(np.float32))

    assert (len(empty.keys), len(empty.probes), match(empty, empty)) == (0, 0, 0.0)


def test_signs_survive_their_packing():
    made = fingerprint(sounds.spoken("polish-fear"))
    kept = unpacked(made.packed())

    assert np.array_equal(kept.signs, made.signs)
    assert len(made.packed()) == 4 * len(made.signs)
    assert match(kept, made) == 1.0


def test_a_minute_asks_for_no_more_than_a_few_thousand_numbers():
    chance = np.random.default_rng(1)
    minute = np.concatenate([sounds.spoken(name) for name in chance.choice(NAMES, 40)])[: 60 * RATE_HZ]
    made = fingerprint(minute)

    assert len(made.probes) <= fingerprints.MOST_PROBES
    assert len(made.keys) < 11 * len(minute) / RATE_HZ
    assert max(made.keys) < 1 << fingerprints.KEY_BITS
