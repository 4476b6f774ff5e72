"""Milo sees what Vera said."""

import io

import av
import numpy as np
import pytest

from contributions.audio.spectrogram import COLUMNS, ROWS, picture

from .sounds import RATE_HZ, spoken, tone


def seen(png: bytes) -> np.ndarray:
    """The brightness of each point, as (rows, columns), by the library's own reader of pictures."""
    with av.open(io.BytesIO(png), format="png_pipe") as container:
        return next(container.decode(video=0)).to_ndarray(format="gray").astype(int)


def test_a_tone_is_a_bright_line_at_its_height():
    drawn = seen(picture(tone(seconds=2, hertz=2_000)))

    assert drawn.shape == (ROWS, 197)
    assert drawn.mean(axis=1).argmax() == pytest.approx(ROWS * (1 - 2_000 / 8_000), abs=1)
    assert drawn.max() > 200 > 30 > np.median(drawn)


def test_silence_before_a_voice_is_dark_and_the_voice_is_not():
    drawn = seen(picture(np.concatenate([np.zeros(RATE_HZ, np.float32), spoken("german-anger")])))

    assert drawn[:, :90].max() < 30
    assert drawn[:, 110:].max() > 200


def test_the_same_sound_is_the_same_picture_to_the_byte():
    assert picture(spoken("german-fear")) == picture(spoken("german-fear").copy())


@pytest.mark.parametrize("seconds", [15, 60])
@pytest.mark.parametrize("kind", ["noise", "voices"])
def test_a_long_clip_is_still_a_small_picture(seconds, kind):
    noise = np.random.default_rng(1).normal(scale=0.1, size=seconds * RATE_HZ).astype(np.float32)
    voices = np.resize(np.concatenate([spoken("german-anger"), spoken("german-sadness")]), seconds * RATE_HZ)

    png = picture(noise if kind == "noise" else voices)

    assert len(png) < 40_000
    assert seen(png).shape == (ROWS, COLUMNS)


def test_a_moment_in_a_long_clip_is_not_lost():
    clip = np.zeros(60 * RATE_HZ, np.float32)
    clip[30 * RATE_HZ + 800 : 30 * RATE_HZ + 960] = tone(seconds=0.01, hertz=1_000)

    assert seen(picture(clip)).max() > 200


@pytest.mark.parametrize("length", [0, 1, 511, 513])
def test_a_clip_of_almost_nothing_has_a_picture_too(length):
    assert seen(picture(np.full(length, 0.1, np.float32))).shape == (ROWS, 1)


def test_rounding_is_not_stretched_into_a_picture():
    rounding = np.random.default_rng(1).integers(-1, 2, RATE_HZ).astype(np.float32) / 32_768 / 50

    assert seen(picture(rounding)).max() < 60
