"""Patterns in answers: what is found, in how few answers, and above all of whom nothing is."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from contributions.listening import intervals, patterns
from contributions.listening.patterns import Heard, Name, Second, Usual
from tests import crowds
from tests.benchmarks import test_patterns as simulated

CORE = crowds.CORE
BEGAN_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


def answers(count, *, seed=1, right=0.8, answer=None, **facts):
    """So many answers to clips that four others heard, all right about as often as the listener."""
    chance = random.Random(seed)
    made = []
    for place in range(count):
        truth = chance.choice(CORE)
        said = answer(place, truth, chance) if answer else heard(truth, chance, right)
        others = tuple(heard(truth, chance, 0.8) for _ in range(4))
        more = {name: value(place, chance) for name, value in facts.items()}
        made.append(Heard(said, others, BEGAN_AT + timedelta(minutes=place), **more))
    return made


def heard(truth, chance, right):
    """The emotion, or by chance another."""
    return truth if chance.random() < right else chance.choice(CORE)


def found(made, usual=None):
    return {each.name for each in patterns.find(made, usual=usual or Usual(), chance=random.Random(1))}


def test_an_honest_listener_shows_nothing():
    assert found(answers(50)) == set()


def test_somebody_who_answers_by_lot_is_at_random():
    assert found(answers(50, answer=lambda place, truth, chance: chance.choice(CORE))) == {Name.AT_RANDOM}


def test_one_answer_to_everything_is_the_same_answer():
    assert Name.SAME_ANSWER in found(answers(50, answer=lambda *_: "neutral"))


def test_half_of_one_and_then_half_of_another_is_a_run():
    told = patterns.find(
        answers(50, answer=lambda place, *_: "anger" if place < 25 else "fear"), usual=Usual(), chance=random.Random(1)
    )

    assert {each.name: each for each in told}[Name.SAME_ANSWER].evidence["run"] >= 24


def test_clips_that_are_all_alike_make_nobody_a_spammer():
    same = [Heard("neutral", ("neutral",) * 4, BEGAN_AT + timedelta(minutes=place)) for place in range(50)]

    assert found(same) == set()


def test_the_next_word_for_every_word_is_against_the_others():
    words = dict(zip(CORE, CORE[1:] + CORE[:1], strict=True))

    assert found(answers(50, answer=lambda place, truth, chance: words[truth])) == {Name.AGAINST}


def test_somebody_for_whom_three_words_mean_another_is_welcome():
    words = {"fear": "surprise", "surprise": "happiness", "happiness": "fear"}

    assert found(answers(50, answer=lambda place, truth, chance: words.get(truth, truth))) == set()


def test_somebody_who_hears_everything_weaker_is_welcome():
    weaker = answers(50, answer=lambda place, truth, chance: truth if chance.random() < 0.5 else "neutral")

    assert found(weaker) == set()


def test_where_the_others_do_not_agree_either_nobody_can_be_told_apart():
    chance = random.Random(1)
    torn = [
        Heard(chance.choice(CORE), tuple(chance.choice(CORE) for _ in range(4)), BEGAN_AT + timedelta(minutes=place))
        for place in range(50)
    ]

    assert found(torn) == set()


def test_few_answers_say_nothing():
    assert found(answers(patterns.FEWEST - 1, answer=lambda place, truth, chance: chance.choice(CORE))) == set()


def test_somebody_who_changed_is_found_by_the_newest_answers():
    honest, careless = answers(200), answers(50, seed=2, answer=lambda place, truth, chance: chance.choice(CORE))

    assert found(honest) == set()
    assert Name.AT_RANDOM in found(honest + careless)


def timed(share):
    return lambda place, chance: 2.0 if chance.random() < share else 9.0


def test_answers_before_the_sound_has_ended_are_too_fast_and_a_few_of_them_are_not():
    lasts = {"duration_seconds": lambda *_: 3.0}

    assert found(answers(50, seconds=timed(0.4), **lasts)) == {Name.TOO_FAST}
    assert found(answers(50, seconds=timed(0.04), **lasts)) == set()


def steps(follows, shown=0.9):
    """Steps after each answer, with a suggestion that is another one."""

    def second(place, chance):
        is_shown = chance.random() < shown
        moved = is_shown and chance.random() < follows
        return Second(is_shown, "suggested", "suggested" if moved else "kept")

    return second


def test_somebody_who_takes_over_every_suggestion_is_a_rubber_stamp_and_somebody_open_to_them_is_not():
    usual = Usual(toward_shown=0.3, toward_hidden=0.05)

    assert found(answers(50, second=steps(0.95)), usual) == {Name.RUBBER_STAMP}
    assert found(answers(50, second=steps(0.5)), usual) == set()


def test_a_suggestion_that_was_their_own_answer_anyway_proves_nothing():
    same = [
        Heard(
            each.answer, each.others, each.at, second=Second(is_shown=True, suggested=each.answer, emotion=each.answer)
        )
        for each in answers(50)
    ]

    assert found(same, Usual(toward_shown=0.3)) == set()


def test_gold_that_is_missed_more_often_than_not_is_found_and_half_of_it_is_not():
    def marked(right):
        return [
            Heard(each.answer, each.others, each.at, is_right=place % 2 < right if place % 5 == 0 else None)
            for place, each in enumerate(answers(100))
        ]

    assert found(marked(0)) == {Name.GOLD_FAILED}
    assert found(marked(1)) == set()


def test_agreement_that_falls_within_every_session_is_drift_and_a_bad_day_is_none():
    def tired(place, truth, chance):
        return heard(truth, chance, 0.9 if place % 40 < 20 else 0.2)

    def sessions(made):
        return [
            Heard(each.answer, each.others, BEGAN_AT + timedelta(days=place // 40, minutes=place % 40))
            for place, each in enumerate(made)
        ]

    assert Name.DRIFT in found(sessions(answers(160, answer=tired)))
    assert Name.DRIFT not in found(sessions(answers(160)))
    assert patterns.drift(sessions(answers(15))) is None


def test_cannot_tell_is_no_disagreement():
    doubtful = answers(90, answer=lambda place, truth, chance: truth if chance.random() < 0.6 else "cannot_tell")

    assert patterns.concord(doubtful).share > 0.75
    assert found(doubtful) == set()


def test_a_crowds_spoilers_are_found_within_fifty_answers_and_its_outliers_are_not():
    told = simulated.rates(range(2), per_clip=5)
    spoilers = [told[kind][:2] for kind in simulated.SPOILERS]
    others = [told[kind][:2] for kind in (*simulated.OUTLIERS, "HONEST")]

    assert sum(caught for caught, _ in spoilers) >= 0.95 * sum(of for _, of in spoilers) > 100
    assert sum(caught for caught, _ in others) <= 0.02 * sum(of for _, of in others)


# Intervals, held against the books


@pytest.mark.parametrize(
    ("one", "bounds"),
    [((56, 70, 48, 80), (0.0524, 0.3339)), ((9, 10, 3, 10), (0.1705, 0.8090)), ((10, 10, 0, 10), (0.6075, 1.0))],
)
def test_newcombes_bounds_are_those_of_his_table(one, bounds):
    assert intervals.newcombe(*one) == pytest.approx(bounds, abs=5e-4)


def test_wilsons_bounds_stay_within_nought_and_one():
    assert intervals.share(0, 10).low == pytest.approx(0, abs=1e-9)
    assert intervals.share(10, 10).high == pytest.approx(1)
    assert (intervals.share(8, 10).low, intervals.share(8, 10).high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert intervals.share(0, 0).share is None


def test_tails_and_students_points_are_those_of_the_tables():
    assert intervals.at_least(9, 10, 0.5) == pytest.approx(11 / 1024)
    assert intervals.at_most(1, 10, 0.5) == pytest.approx(11 / 1024)
    assert [intervals.student(each) for each in (1, 5, 6, 10, 30)] == pytest.approx(
        [12.706, 2.571, 2.447, 2.228, 2.042], rel=0.005
    )
    assert intervals.above(1.6449) == pytest.approx(0.05, abs=1e-4)
