"""What a machine would say of Vera's recording, for Milo's eye only."""

import numpy as np
import pytest

from contributions.audio import dnsmos, silero

from .sounds import RATE_HZ, spoken


def noisy(voice, snr_db):
    noise = np.random.default_rng(3).normal(scale=np.sqrt(np.mean(voice**2)), size=len(voice))
    return (voice + noise * 10 ** (-snr_db / 20)).astype(np.float32)


def test_noise_lowers_the_opinion():
    voice = spoken("german-anger")

    opinions = [dnsmos.overall(sound) for sound in (voice, noisy(voice, 10), noisy(voice, 0))]

    assert opinions == sorted(opinions, reverse=True)
    assert all(1 <= opinion <= 5 for opinion in opinions)
    assert opinions[0] > 2 > opinions[2]


def test_of_its_three_opinions_the_overall_one_is_told_on_the_scale_of_listeners():
    assert dnsmos.overall(spoken("german-anger")) == pytest.approx(2.99, abs=0.03)  # of the voice alone it says 3.26


@pytest.mark.parametrize("waveform", [np.zeros(0, np.float32), spoken("polish-fear")[:7_000], np.zeros(RATE_HZ)])
def test_of_a_syllable_and_of_silence_it_has_none(waveform):
    assert dnsmos.overall(waveform) is None


def test_a_float_recording_over_full_scale_has_one():
    assert 1 <= dnsmos.overall(spoken("german-fear") * 3) <= 5


@pytest.fixture
def no_model(monkeypatch):
    found = silero.find_spec
    monkeypatch.setattr(silero, "find_spec", lambda name: None if name == "speechmos" else found(name))
    dnsmos._session.cache_clear()
    yield
    dnsmos._session.cache_clear()


@pytest.mark.usefixtures("no_model")
def test_without_its_model_there_is_none():
    assert dnsmos.overall(spoken("german-anger")) is None
