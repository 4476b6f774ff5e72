"""Everything screening measures about Vera's clip, at once."""

import json
import math

import numpy as np
import pytest

from contributions.audio import examiner
from contributions.audio.decode import Decoded, decode

from .sounds import RATE_HZ, SOUNDS, encoded, spoken

MEASURES = {
    "container", "codec", "sample_rate_hz", "channels", "duration_seconds", "speech_seconds", "speech_ratio",
    "leading_silence_seconds", "trailing_silence_seconds", "peak_dbfs", "rms_dbfs", "clipped_ratio", "flattened_ratio",
    "dc_offset", "integrated_lufs", "snr_db", "bandwidth_hz", "band_ratio", "hum_db", "tone_ratio",
    "silero_speech_seconds", "dnsmos_overall",
}  # fmt: skip


def decoded(waveform: np.ndarray) -> Decoded:
    """As the decoder would give it, at 16 kHz."""
    original = np.clip(np.round(waveform * 32_768), -32_768, 32_767).astype(np.int16)
    return Decoded(waveform=waveform.astype(np.float32), original=original, sample_rate_hz=RATE_HZ, channels=1,
                   container="wav", codec="pcm_s16le", duration_seconds=len(waveform) / RATE_HZ)  # fmt: skip


@pytest.mark.parametrize("voice", sorted(path.stem for path in SOUNDS.glob("*.wav")))
def test_every_measure_of_a_real_clip_is_a_plain_number_that_can_be_kept(voice):
    measures = examiner.measure(decoded(spoken(voice)), second_opinion=True, advice=True)

    assert set(measures) == MEASURES
    assert {type(value) for value in measures.values()} <= {int, float, str, type(None)}
    assert json.loads(json.dumps(measures, allow_nan=False)) == measures
    assert {name for name, value in measures.items() if value is None} <= {"tone_ratio"}


@pytest.mark.parametrize("length", [0, 1, 479, 5_000, RATE_HZ])
def test_of_a_silence_nothing_is_made_up(length):
    measures = examiner.measure(decoded(np.zeros(length)), second_opinion=True, advice=True)

    assert set(measures) == MEASURES
    assert all(math.isfinite(value) for value in measures.values() if isinstance(value, float))
    assert measures["speech_seconds"] == measures["speech_ratio"] == measures["silero_speech_seconds"] == 0
    assert {measures[name] for name in ("integrated_lufs", "snr_db", "bandwidth_hz", "band_ratio", "hum_db",
                                        "tone_ratio", "dnsmos_overall")} == {None}  # fmt: skip


def test_opinions_are_asked_only_where_they_are_wanted():
    measures = examiner.measure(decoded(spoken("german-anger")))

    assert measures["silero_speech_seconds"] is None
    assert measures["dnsmos_overall"] is None


def test_a_clip_is_measured_as_its_archive_holds_it_and_not_as_resampling_left_it(tmp_path):
    path = tmp_path / "clip"
    path.write_bytes(encoded(np.clip(3 * spoken("german-disgust"), -1, 1), "wav"))

    clip = decode(path, longest_seconds=20)
    measures = examiner.measure(clip)

    assert measures["sample_rate_hz"] == 48_000
    assert measures["clipped_ratio"] == pytest.approx(np.mean(np.abs(clip.original / 32_768) >= 0.98))
    assert measures["clipped_ratio"] > 0.03


@pytest.mark.parametrize("voice", ["german-anger", "german-sadness", "polish-fear"])
def test_a_softer_take_differs_in_level_alone(voice):
    loud, soft = (examiner.measure(decoded(spoken(voice) * gain)) for gain in (1, 0.1))

    assert soft["peak_dbfs"] == pytest.approx(loud["peak_dbfs"] - 20, abs=0.1)
    assert soft["integrated_lufs"] == pytest.approx(loud["integrated_lufs"] - 20, abs=0.1)
    assert 0.3 <= soft["speech_seconds"] <= 1.2 * loud["speech_seconds"]
    for name in ("snr_db", "bandwidth_hz", "hum_db"):
        assert soft[name] == pytest.approx(loud[name], abs=1)
