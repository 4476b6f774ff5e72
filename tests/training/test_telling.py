"""What a run tells of its way: a curve that is thinned and never cut, and the newest of everything else."""

from itertools import pairwise

from training import telling


def curve_of(steps):
    progress = {}
    for step in steps:
        telling.hear(progress, {"stage": "training", "step": step, "steps": 10_000, "loss": 100 / step, "at": "t"})
    return progress["curve"]


def test_a_long_run_keeps_a_curve_that_spans_it_evenly():
    curve = curve_of(range(10, 10_001, 10))

    gaps = [other["step"] - one["step"] for one, other in pairwise(curve)]
    assert telling.CURVE_MAX / 2 <= len(curve) <= telling.CURVE_MAX
    assert curve[-1]["step"] == 10_000
    assert max(gaps) <= 4 * min(gap for gap in gaps if gap > 10)
    assert [point["loss"] for point in curve] == sorted((point["loss"] for point in curve), reverse=True)


def test_two_points_become_one_with_their_mean_and_the_newest_recall():
    curve = [{"step": 10, "loss": 4.0, "recall": 0.2}, {"step": 20, "loss": 2.0, "recall": 0.4}]

    joined = telling.with_point(curve, {"step": 40, "loss": 1.0}, most=2)

    assert joined == [{"step": 20, "loss": 3.0, "recall": 0.4}, {"step": 40, "loss": 1.0}]


def test_steps_that_are_taken_again_are_told_anew():
    curve = curve_of([10, 20, 30, 40, 20])

    assert [point["step"] for point in curve] == [10, 20]


def test_the_time_left_is_forgotten_with_the_moment():
    progress = {}
    telling.hear(progress, {"stage": "training", "step": 1, "eta_seconds": 60.0, "clips_per_second": 9.5})
    telling.hear(progress, {"stage": "evaluating", "step": 2})

    assert "eta_seconds" not in progress
    assert (progress["clips_per_second"], progress["stage"]) == (9.5, "evaluating")


def test_what_happened_is_noted_in_order_and_the_oldest_goes_first():
    progress = {}
    telling.hear(progress, {"stage": "training", "step": 4, "resumed": True, "at": "t"})
    telling.hear(progress, {"stage": "training", "step": 6, "dropped": ["a", "b"], "at": "u"})

    assert progress["happened"] == [
        {"at": "t", "what": "resumed", "step": 4},
        {"at": "u", "what": "dropped", "clips": 2},
    ]
    for attempt in range(telling.HAPPENINGS_MAX):
        telling.happened(progress, "attempt", attempt=attempt)
    assert [note["what"] for note in progress["happened"]] == ["attempt"] * telling.HAPPENINGS_MAX
