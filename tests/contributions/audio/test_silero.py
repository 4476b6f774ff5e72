"""A second opinion on where Vera speaks."""

import subprocess
import sys

import numpy as np
import pytest

from contributions.audio import silero

from .sounds import RATE_HZ, SOUNDS, spoken, tone

VOICES = sorted(path.stem for path in SOUNDS.glob("*.wav"))


@pytest.fixture
def without(monkeypatch):
    """Hides an installed package."""

    def hide(package):
        found = silero.find_spec
        monkeypatch.setattr(silero, "find_spec", lambda name: None if name == package else found(name))
        silero._session.cache_clear()

    yield hide
    silero._session.cache_clear()


@pytest.mark.parametrize("voice", VOICES)
def test_every_acted_voice_is_heard(voice):
    assert silero.speech_seconds(spoken(voice)) > 0.25  # of polish-anger, one shouted word, no more than that


def test_a_voice_between_silences_is_found_where_it_is():
    voice = spoken("german-sadness")
    heard = silero.spoken_frames(np.concatenate([np.zeros(RATE_HZ, np.float32), voice, np.zeros(RATE_HZ, np.float32)]))

    spoken_at = np.flatnonzero(heard >= silero.SPOKEN) * silero.FRAME_SECONDS

    assert spoken_at[0] == pytest.approx(1.0, abs=0.3)
    assert spoken_at[-1] == pytest.approx(1.0 + len(voice) / RATE_HZ, abs=0.5)


@pytest.mark.parametrize("sound", [tone(seconds=3, hertz=50), tone(seconds=3, hertz=440), tone(seconds=3, hertz=1_000)])
def test_hum_and_tones_are_no_speech_to_it(sound):
    assert silero.speech_seconds(sound) == 0


def test_one_frame_follows_another_until_the_end():
    frames = [len(silero.spoken_frames(np.zeros(length, np.float32))) for length in (0, 1, 512, 513, RATE_HZ)]

    assert frames == [0, 1, 1, 2, 32]


def test_never_more_speech_than_clip():
    cut = spoken("german-anger")[RATE_HZ // 2 : RATE_HZ + 100]

    assert 0 < silero.speech_seconds(cut) <= len(cut) / RATE_HZ


def test_what_was_heard_before_is_forgotten():
    voice = spoken("polish-fear")
    first = silero.spoken_frames(voice)
    silero.spoken_frames(tone(seconds=2))

    np.testing.assert_array_equal(silero.spoken_frames(voice), first)


def test_the_model_is_loaded_once_a_process(monkeypatch):
    silero.spoken_frames(np.zeros(512, np.float32))
    monkeypatch.setattr(silero, "load", None)

    assert silero.speech_seconds(spoken("polish-anger")) > 0


@pytest.mark.parametrize("package", ["onnxruntime", "silero_vad"])
def test_without_a_part_there_is_no_second_opinion(without, package):
    without(package)

    assert silero.speech_seconds(spoken("polish-anger")) is None
    assert silero.spoken_frames(spoken("polish-anger")) is None
    assert not silero.is_available()


def test_listening_imports_neither_the_package_nor_torch():
    program = (
        "import sys, numpy; from contributions.audio import silero;"
        "assert silero.speech_seconds(numpy.zeros(16_000, numpy.float32)) == 0;"
        "assert not {'torch', 'torchaudio', 'silero_vad'} & set(sys.modules), 'imported'"
    )

    subprocess.run([sys.executable, "-c", program], check=True)
