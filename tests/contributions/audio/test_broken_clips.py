"""What the benchmark of screening makes of clips is what it says, and what it makes of the nine here fares well."""

from pathlib import Path

import numpy as np
import pytest

from contributions.audio import decode, examiner, speech
from contributions.screening import rules
from contributions.taxonomy import screening
from tests.benchmarks import broken
from tests.contributions.audio import sounds

NAMES = sorted(path.stem for path in sounds.SOUNDS.glob("*.wav"))
UNUSABLE = {
    "silence": broken.silence,
    "steady noise": broken.steady_noise,
    "clipped": broken.clipped,
    "cut": broken.cut,
}
WELCOME = {"whispered": broken.whispered, "shouted": broken.shouted, "quieter": broken.quieter}
DOUBTFUL = {
    "hum": broken.noise_alone(broken.hum),
    "tone": broken.noise_alone(broken.tone),
    "hum over a voice": broken.noise_over(broken.hum, 0),
    "tone over a voice": broken.noise_over(broken.tone, 0),
}


def voice(name):
    return broken.Sound(sounds.spoken(name).astype(np.float64), sounds.RATE_HZ)


def made(name, make, seed=1):
    return make(voice(name), np.random.default_rng([seed, NAMES.index(name)]))[0]


def finding(sound, tmp_path: Path, container="wav"):
    """What screening says of the sound, by its whole path without the database."""
    clip = tmp_path / "clip"
    clip.write_bytes(broken.encoded(sound, container))
    decoded = decode.decode(clip, longest_seconds=20)
    return rules.judge(examiner.measure(decoded, second_opinion=True), rules=screening.rules(), mode="ACTED")


@pytest.mark.parametrize("kind", UNUSABLE)
def test_no_ear_is_spent_on_a_broken_clip(kind, tmp_path):
    passed = [name for name in NAMES if finding(made(name, UNUSABLE[kind]), tmp_path, "flac").is_usable]

    assert not passed


@pytest.mark.parametrize("container", broken.CONTAINERS)
def test_what_was_clipped_is_known_in_every_codec(container, tmp_path):
    passed = [name for name in NAMES if finding(made(name, broken.clipped), tmp_path, container).reason != "CLIPPED"]

    assert not passed


@pytest.mark.parametrize("container", broken.CONTAINERS)
def test_a_shout_is_not_called_clipped_in_any_codec(container, tmp_path):
    refused = [name for name in NAMES if not finding(made(name, broken.shouted), tmp_path, container).is_usable]

    assert not refused


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_hum_and_tones_are_at_least_warned_of(kind, tmp_path):
    found = {name: finding(made(name, DOUBTFUL[kind]), tmp_path, "webm-opus") for name in NAMES[::2]}

    assert not [name for name, one in found.items() if one.is_usable and not one.warnings]


def test_a_telephone_is_warned_of(tmp_path):
    """At its own rate; one that was brought up again is often taken for whole: docs/benchmarks/screening.md."""
    for name in NAMES:
        calls = (broken.telephone(voice(name), np.random.default_rng(seed)) for seed in range(20))
        call = next(sound for sound, way in calls if way == "at 8 kHz")

        assert "TELEPHONE" in finding(call, tmp_path, "mp3").warnings


@pytest.mark.parametrize("kind", WELCOME)
def test_whispered_shouted_and_quiet_voices_are_heard(kind, tmp_path):
    refused = [name for name in NAMES if not finding(made(name, WELCOME[kind]), tmp_path).is_usable]

    assert not refused


def test_the_same_seed_makes_the_same_file():
    one, other = (broken.encoded(made("german-fear", broken.whispered), "flac") for _n in range(2))

    assert one == other


def test_a_clipped_clip_is_clipped_by_the_share_that_it_says():
    for seed in range(5):
        sound, name = broken.clipped(voice("german-anger"), np.random.default_rng(seed))
        share = np.mean(np.abs(sound.samples) >= broken.FULL_SCALE)

        assert 0.0119 < share < 0.21
        assert 100 * share <= float(name.split()[2]) + 0.01


def test_a_cut_clip_holds_a_pause_or_less_than_a_word():
    for seed in range(20):
        whole = voice("german-sadness")
        cut, way = broken.cut(whole, np.random.default_rng(seed))

        if way.startswith("40"):
            assert 0.03 < cut.seconds <= 0.151
        else:
            assert np.abs(cut.samples).max() < 0.05 * np.abs(whole.samples).max()


@pytest.mark.parametrize("snr_db", [10, 0])
def test_noise_lies_so_far_below_the_voice_as_it_says(snr_db):
    clean = voice("german-neutral")

    noisy = broken.over(clean, np.random.default_rng(1).standard_normal(len(clean.samples)), snr_db)

    gain = (noisy.samples @ clean.samples) / (clean.samples @ clean.samples)
    noise = noisy.samples - gain * clean.samples
    heard = 20 * np.log10(gain * broken.spoken_rms(clean) / noise.std())
    assert heard == pytest.approx(snr_db, abs=0.2)
    assert np.abs(noisy.samples).max() <= 0.9001


def test_a_telephone_passes_nothing_below_200_or_above_3900_hz():
    for seed in range(4):
        received, _way = broken.telephone(voice("german-disgust"), np.random.default_rng(seed))
        power = np.abs(np.fft.rfft(received.samples)) ** 2
        hertz = np.fft.rfftfreq(len(received.samples), 1 / received.rate_hz)

        assert power[(hertz < 200) | (hertz > 3_900)].sum() < 0.01 * power.sum()


def test_a_whisper_keeps_the_words_and_loses_the_voice():
    for name in NAMES:
        spoken, whisper = voice(name), made(name, broken.whispered)

        assert np.corrcoef(broken.levels_db(spoken), broken.levels_db(whisper))[0, 1] > 0.55
        # Narrow formants make even noise repeat itself a little.
        assert periodicity(whisper) < min(0.33, periodicity(spoken))


def periodicity(sound):
    """How far the loud frames repeat themselves at a pitch from 70 to 400 Hz: 1 a buzz, 0.2 noise."""
    frames = sound.samples[: len(sound.samples) // 480 * 480].reshape(-1, 480)
    loud = frames[frames.std(axis=1) > 0.1 * frames.std(axis=1).max()] * np.hanning(480)
    lags = np.fft.irfft(np.abs(np.fft.rfft(loud, 960, axis=1)) ** 2, axis=1)
    return np.median(lags[:, 40:228].max(axis=1) / lags[:, 0])


def test_a_shout_is_loud_and_bright_and_hardly_clipped():
    for name in NAMES:
        spoken, shout = voice(name), made(name, broken.shouted)

        assert np.mean(np.abs(shout.samples) >= 0.98) < 0.001
        assert broken.spoken_rms(shout) > 0.15
        assert brightness(shout) > brightness(spoken)


def brightness(sound):
    power = np.abs(np.fft.rfft(sound.samples)) ** 2
    return power[len(power) // 8 :].sum() / power.sum()


def test_a_quiet_clip_is_20_db_quieter():
    quiet = made("polish-fear", broken.quieter)

    assert 20 * np.log10(broken.spoken_rms(voice("polish-fear")) / broken.spoken_rms(quiet)) == pytest.approx(20)


def test_a_voice_that_is_very_quiet_is_still_speech_and_its_noise_is_not():
    """Calm and sad voices, far from a microphone that is turned down: the detector alone is deaf to some of them."""
    for name in NAMES:
        quiet = sounds.spoken(name) * np.float32(10 ** (-60 / 20))
        noise = np.random.default_rng(1).standard_normal(len(quiet)).astype(np.float32) * 10 ** (-70 / 20)

        assert speech.speech(quiet).seconds >= 0.4 * speech.speech(sounds.spoken(name)).seconds
        assert speech.speech(noise).seconds < 0.25
