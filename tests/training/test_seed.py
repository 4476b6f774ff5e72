"""The seed head: how sure it may be, and that it is made of what it says."""

import numpy as np
import pytest

from training.seed import calibration


def believed(hit_rate: float, confidence: float, clips: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores of three emotions that are all as confident, and right as often as said."""
    random = np.random.default_rng(seed)
    truth = random.integers(3, size=clips)
    named = np.where(random.random(clips) < hit_rate, truth, (truth + 1) % 3)
    probabilities = np.full((clips, 3), (1 - confidence) / 2)
    probabilities[np.arange(clips), named] = confidence
    return probabilities, truth


def test_a_model_that_believes_itself_too_much_is_softened_until_it_is_right_as_often_as_it_says():
    probabilities, truth = believed(0.6, 0.95, 4000)

    temperature = calibration.fitted_temperature(probabilities, truth)
    softened = calibration.softened(probabilities, temperature)

    assert temperature > 1.5
    assert calibration.calibration_error(probabilities, truth) == pytest.approx(0.35, abs=0.03)
    assert calibration.calibration_error(softened, truth) < 0.05
    assert softened.sum(axis=1) == pytest.approx(1)
    assert (softened.argmax(axis=1) == probabilities.argmax(axis=1)).all()


def test_a_model_that_is_as_sure_as_it_is_right_is_left_alone():
    probabilities, truth = believed(0.7, 0.7, 4000)

    assert calibration.fitted_temperature(probabilities, truth) == pytest.approx(1, abs=0.3)


def test_it_is_sure_only_from_where_its_answers_are_wrong_seldom_enough():
    sure, sure_truth = believed(0.95, 0.9, 1000)
    unsure, unsure_truth = believed(0.4, 0.5, 1000, seed=1)
    curve = calibration.risk_coverage(np.concatenate([sure, unsure]), np.concatenate([sure_truth, unsure_truth]))

    chosen = calibration.sure_from(curve, highest_risk=0.1)

    assert 0.5 < chosen.sure_from <= 0.9
    assert chosen.coverage == pytest.approx(0.5)
    assert chosen.risk < 0.1


def test_a_lucky_dip_in_the_risk_does_not_make_it_bold():
    curve = [
        calibration.Answered(sure_from=0.1, coverage=1.0, risk=0.05),
        calibration.Answered(sure_from=0.5, coverage=0.6, risk=0.3),
        calibration.Answered(sure_from=0.8, coverage=0.2, risk=0.05),
    ]

    assert calibration.sure_from(curve, highest_risk=0.1).sure_from == 0.8
