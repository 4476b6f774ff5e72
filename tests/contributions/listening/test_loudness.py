"""How loud a clip is played: all alike, as far as the loudest moment has room."""

import pytest

from contributions.listening import loudness


@pytest.mark.parametrize(
    ("lufs", "peak", "gain"),
    [
        (-35.0, -20.0, 12.0),
        # Its loudest moment has no more room than that.
        (-35.0, -6.0, 5.0),
        (-10.0, -0.5, -13.0),
        (-23.0, -8.0, 0.0),
        # A clip that would have to be louder than its peak allows is played softer, never clipped.
        (-23.0, 0.0, -1.0),
    ],
)
def test_a_clip_is_brought_to_one_level_and_never_over_the_top(lufs, peak, gain):
    assert loudness.gain_db({"integrated_lufs": lufs, "peak_dbfs": peak}) == pytest.approx(gain)


@pytest.mark.parametrize("measures", [{}, {"integrated_lufs": None, "peak_dbfs": -3.0}, {"integrated_lufs": -20.0}])
def test_what_was_not_measured_is_played_as_it_is(measures):
    assert loudness.factor(measures) == 1.0


def test_six_decibels_are_twice_as_much():
    assert loudness.factor({"integrated_lufs": -29.0206, "peak_dbfs": -20.0}) == pytest.approx(2.0, abs=1e-3)
