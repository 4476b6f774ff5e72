"""A child killed before each change of a file in its run's folder, one after another, and taken up each time."""

import itertools
import shutil

import pytest

from tests.training.interrupted import dies_and_is_taken_up
from tests.training.test_fit import PLAN, fit, run_folder, weights

pytestmark = pytest.mark.soak
SHORT = PLAN | {"steps": 6, "warmup_steps": 2, "steps_per_state": 2, "steps_per_progress": 2, "batch_seconds": 6}


def test_a_child_killed_at_every_file_of_its_folder_ends_with_the_same_weights(tmp_path):
    undisturbed = run_folder(tmp_path / "undisturbed", SHORT)
    fit(undisturbed)
    for place in itertools.count():
        folder = run_folder(tmp_path / "run", SHORT)
        died = dies_and_is_taken_up(folder, place)

        assert weights(folder) == weights(undisturbed), f"killed before change {place}"
        shutil.rmtree(folder)
        if not died:
            break
    assert place > 30
