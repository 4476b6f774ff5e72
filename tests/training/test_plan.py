"""How long a run learns, by what there is to learn from."""

import pytest

from training.plan import FitPlan, UnusablePlan


def test_a_larger_release_gets_more_steps_and_a_small_one_no_fewer_than_the_plan_says():
    plan = FitPlan.of({"steps": 100, "passes": 2, "batch_seconds": 10})

    assert plan.suited_to(60).steps == 100
    assert plan.suited_to(1001).steps == 201
    assert plan.suited_to(1001) == plan.suited_to(1001).suited_to(1001)


def test_whoever_says_how_many_steps_gets_so_many():
    assert FitPlan.of({"preset": "site", "steps": 7}).suited_to(1e6).steps == 7
    assert FitPlan.of({"preset": "site"}).suited_to(1e6).steps > FitPlan.of({"preset": "site"}).steps
    assert FitPlan.of({}).suited_to(1e6) == FitPlan.of({})


def test_fewer_passes_than_none_are_refused():
    with pytest.raises(UnusablePlan, match="passes"):
        FitPlan.of({"passes": -1})
