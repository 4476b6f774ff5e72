"""How sure a model is gets measured as it should, and a temperature from other voices mends what it can mend."""

from types import SimpleNamespace

import numpy as np
import pytest

from training.clara import ClaraConfig
from training.evaluation import calibration

NAMES = ["anger", "fear", "sadness"]


class Suggestions(SimpleNamespace):
    """What a model said of some clips."""

    def __len__(self):
        return len(self.truth)


def heard(*, clips, sharpness, seed):
    """Suggestions whose logits are true at sharpness 1; above it they boast."""
    random = np.random.default_rng(seed)
    logits = 1.5 * random.standard_normal((clips, 3))
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = [NAMES[random.choice(3, p=row)] for row in honest]
    said = np.exp(sharpness * logits)
    return Suggestions(
        probabilities=said / said.sum(axis=1, keepdims=True),
        truth=truth,
        speakers=[f"speaker{n % 10}" for n in range(clips)],
        clara=SimpleNamespace(labels=dict.fromkeys(NAMES, ())),
    )


def test_a_boaster_is_cooled_by_what_other_voices_taught():
    others, test = heard(clips=600, sharpness=3, seed=0), heard(clips=600, sharpness=3, seed=1)

    told = calibration.measure(others, test, name="dev", draws=100)

    assert told["temperature"] == pytest.approx(3, rel=0.25)
    assert told["at_temperature"]["value"] < 0.5 * told["raw"]["value"]
    assert told["raw"]["interval"]["low"] <= told["raw"]["value"] <= told["raw"]["interval"]["high"] + 0.05


def test_a_threshold_that_dev_voices_taught_keeps_its_promise_on_others():
    dev, test = heard(clips=2000, sharpness=3, seed=0), heard(clips=2000, sharpness=3, seed=1)

    told = calibration.measure(dev, test, name="dev", draws=20)["not_sure"]

    # Told to be wrong in a fifth of its answers at most; without a threshold it is so more often.
    assert 0 < told["sure_from"] < 1
    assert 0.1 < told["coverage"] < 0.95
    assert told["risk"] < told["highest_risk"] + 0.03
    always = (test.probabilities.argmax(axis=1) != calibration.columns_of(test.truth, NAMES)).mean()
    assert always > told["risk"] + 0.05


@pytest.mark.parametrize(
    ("clips", "voices", "name"), [(99, 10, "dev"), (600, 2, "dev"), (600, 10, "train")], ids=["few", "two", "its own"]
)
def test_too_few_dev_voices_or_its_own_teach_it_no_threshold(clips, voices, name):
    dev = heard(clips=clips, sharpness=3, seed=0)
    dev.speakers = [f"speaker{n % voices}" for n in range(clips)]

    told = calibration.measure(dev, heard(clips=100, sharpness=3, seed=1), name=name, draws=20)
    clara = SimpleNamespace(config=ClaraConfig.preset("nano"))
    calibration.serve(clara, {"calibration": told})

    assert "not_sure" not in told
    assert (clara.config.temperature, clara.config.sure_from) == (1.0, 0.0)


def test_the_error_is_what_counting_by_bins_gives():
    probabilities = np.array([[0.9, 0.1, 0.0], [0.92, 0.08, 0.0], [0.5, 0.3, 0.2], [0.1, 0.1, 0.8]])
    truth = np.array([0, 1, 1, 2])

    told = calibration.error(probabilities, truth, ["vera", "vera", "ada", "ada"], draws=20)

    # 0.9 and 0.92 share a bin, one of the two is right; 0.5 and 0.8 stand alone, wrong and right.
    assert told["value"] == pytest.approx((abs(1.82 - 1) + 0.5 + 0.2) / 4)


def test_the_reliability_table_counts_every_clip_once():
    told = calibration.reliability(np.array([[0.9, 0.1], [0.55, 0.45], [1.0, 0.0]]), np.array([0, 1, 0]))

    assert [one["clips"] for one in told] == [1, 1, 1]
    assert [one["right"] for one in told] == [0.0, 1.0, 1.0]
