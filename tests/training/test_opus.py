"""Sound that went through a voice call is as long as before, in its place, and has lost something."""

import numpy as np
import pytest

from tests.training.voices import voice
from training.evaluation.disturbances import disturbed
from training.evaluation.opus import opus_coded


@pytest.mark.parametrize("samples", [4_800, 23_456])
def test_a_call_keeps_the_voice_in_its_place(samples):
    spoken = voice(samples, pitch_hz=140).numpy()

    heard = opus_coded(spoken, bits_per_second=16_000)

    assert len(heard) == samples
    assert np.corrcoef(spoken, heard)[0, 1] > 0.9
    assert np.corrcoef(spoken[40:], heard[:-40])[0, 1] < 0.9


def test_fewer_bits_lose_more_and_a_clip_always_sounds_the_same():
    spoken = voice(32_000, pitch_hz=140).numpy()

    lost = [np.square(spoken - opus_coded(spoken, bits_per_second=bits)).mean() for bits in (8_000, 16_000, 64_000)]

    assert lost[0] > lost[1] > lost[2] > 0
    clip = (spoken * 32_768).astype(np.int16)
    assert (disturbed(clip, "vera/1", name="opus_16_kbps") == disturbed(clip, "vera/1", name="opus_16_kbps")).all()
