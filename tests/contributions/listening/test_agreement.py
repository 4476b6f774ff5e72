"""Agreement is Krippendorff's alpha, held against other people's code and against his own example."""

import numpy as np
import pandas as pd
import pytest
from crowdkit.metrics.data import alpha_krippendorff
from django.utils import timezone
from nltk.metrics import interval_distance

from contributions.consenting import consent
from contributions.listening import agreement
from contributions.models import Contributor, Figure, NativeSpeaker, Purpose, Rating, RatingVoid
from tests import crowds, worlds
from tests.crowds import Kind

MIXED = [Kind.HONEST] * 6 + [Kind.CARELESS] * 3 + [Kind.SPAMMER]

# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four observers, twelve units.
HIS_OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


@pytest.fixture
def his():
    answers = [(unit, value - 1) for values in HIS_OBSERVERS for unit, value in enumerate(values) if value is not None]
    return agreement.paired(answers, 5)


def random_answers(seed, values):
    """Answers of some who agree more or less: clip, rater, value."""
    rng = np.random.default_rng(seed)
    return [
        (clip, rater, int(value if rng.random() < 0.6 else rng.integers(values)))
        for clip, value in enumerate(rng.integers(values, size=40))
        for rater in rng.choice(9, size=rng.integers(1, 6), replace=False)
    ]


def frame(answers):
    """The answers as crowd-kit takes them."""
    rows = [(clip, rater, value) for clip, rater, value in answers]
    return pd.DataFrame(rows, columns=["task", "worker", "label"])


def alpha_of(answers, values, distance=agreement.nominal):
    pairs = agreement.paired([(clip, value) for clip, _rater, value in answers], values)
    return float(agreement.alpha(pairs.total(), distance))


@pytest.mark.parametrize(
    ("distance", "his_own"), [(agreement.nominal, 0.743), (agreement.ordinal, 0.815), (agreement.interval, 0.849)]
)
def test_his_own_example_gives_his_own_figures(his, distance, his_own):
    assert float(agreement.alpha(his.total(), distance)) == pytest.approx(his_own, abs=5e-4)


@pytest.mark.parametrize("seed", range(5))
def test_names_agree_as_crowd_kit_says(seed):
    answers = random_answers(seed, 5)

    assert alpha_of(answers, 5) == pytest.approx(alpha_krippendorff(frame(answers)), abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_numbers_agree_as_crowd_kit_says(seed):
    answers = random_answers(seed, 7)

    theirs = alpha_krippendorff(frame(answers), distance=interval_distance)

    assert alpha_of(answers, 7, agreement.interval) == pytest.approx(theirs, abs=1e-9)


def test_one_emotion_against_the_rest_is_the_alpha_of_that_question_alone():
    answers = random_answers(4, 5)
    pairs = agreement.paired([(clip, value) for clip, _rater, value in answers], 5)

    asked = [(clip, rater, int(value == 2)) for clip, rater, value in answers]

    assert float(agreement.alpha(agreement.one_against_the_rest(pairs.total(), 2))) == pytest.approx(alpha_of(asked, 2))


def test_all_of_one_mind_is_one_and_nothing_to_compare_is_nothing():
    assert alpha_of([(clip, rater, clip % 3) for clip in range(9) for rater in range(3)], 3) == 1
    assert np.isnan(alpha_of([(clip, rater, 1) for clip in range(9) for rater in range(3)], 3))
    assert np.isnan(alpha_of([(1, 1, 0)], 3))


def test_the_interval_holds_the_figure_and_narrows_with_more_clips():
    few = crowds.simulate(np.random.default_rng(1), clips=40, raters=MIXED, ratings_per_clip=3)
    many = crowds.simulate(np.random.default_rng(1), clips=400, raters=MIXED, ratings_per_clip=3)

    small, large = (agreement.agreement_of(heard(crowd), {})["overall"] for crowd in (few, many))

    assert small["low"] < small["alpha"] < small["high"]
    assert large["high"] - large["low"] < (small["high"] - small["low"]) / 2
    assert (large["clips"], large["ratings"]) == (400, 1200)


def heard(crowd):
    return [agreement.Heard(said.clip, said.rater, said.emotion) for said in crowd.answers]


def test_the_same_answers_give_the_same_interval():
    crowd = crowds.simulate(np.random.default_rng(2), clips=60, raters=MIXED, ratings_per_clip=3)

    assert agreement.agreement_of(heard(crowd), {}) == agreement.agreement_of(heard(crowd), {})


@pytest.mark.parametrize(("raters", "is_low"), [([Kind.HONEST] * 8, False), ([Kind.SPAMMER] * 8, True)])
def test_below_two_thirds_it_is_marked(raters, is_low):
    crowd = crowds.simulate(np.random.default_rng(3), clips=150, raters=raters, ratings_per_clip=3)

    assert agreement.agreement_of(heard(crowd), {})["overall"]["is_low"] is is_low


def test_a_group_of_four_is_left_out_and_one_of_five_is_told():
    crowd = crowds.simulate(np.random.default_rng(4), clips=100, raters=MIXED, ratings_per_clip=6)
    groups = {"gender": {"woman": {0, 1, 2, 3}, "man": {4, 5, 6, 7, 8}}}

    told = agreement.agreement_of(heard(crowd), groups)["by_background"]["gender"]

    assert list(told) == ["man"]


@pytest.mark.django_db
def test_the_figure_of_a_language_says_how_far_its_listeners_agree():
    crowd = crowds.simulate(np.random.default_rng(5), clips=60, raters=MIXED, ratings_per_clip=5)
    rows = crowds.stored(crowd)
    for place, listener in enumerate(rows.raters):
        if place < 5:
            NativeSpeaker.objects.create(person=listener, language="en")

    agreement.recompute("en", at=timezone.now())

    told = Figure.objects.get(name="agreement", language="en").content
    assert 0 < told["overall"]["low"] < told["overall"]["alpha"] < told["overall"]["high"] < 1
    assert told["overall"]["clips"] == 60
    assert set(told["by_emotion"]) == {said.emotion for said in crowd.answers}
    assert set(told["by_background"]["native"]) == {"declared", "not_declared"}
    assert told["by_dimension"]["valence"]["alpha"] is None


@pytest.mark.django_db
def test_what_is_voided_informed_or_gold_is_not_measured():
    rows = crowds.stored(crowds.simulate(np.random.default_rng(6), clips=10, raters=MIXED, ratings_per_clip=3))
    clip, listener = rows.clips[0], worlds.person("milo")
    RatingVoid.objects.create(rating=rows.ratings[0], reason=RatingVoid.Reason.SPAM)
    for phase, is_gold in ((Rating.Phase.INFORMED, False), (Rating.Phase.BLIND, True)):
        Rating.objects.create(clip=clip, rater=listener, phase=phase, is_usable=True, emotion="anger", is_gold=is_gold)

    assert len(agreement.answers_in("en")) == len(rows.ratings) - 1


@pytest.mark.django_db
def test_the_background_of_those_who_do_not_allow_it_is_not_looked_at():
    worlds.stocked()
    purposes = {"vera": (Purpose.STORE_AND_REVIEW, Purpose.DEMOGRAPHICS), "otto": (Purpose.STORE_AND_REVIEW,)}
    people = {name: worlds.volunteer(name, purposes=allowed) for name, allowed in purposes.items()}
    Contributor.objects.update(gender="woman", age_band="")

    groups = agreement.backgrounds_of({person.pk for person in people.values()}, "en")

    assert groups["gender"] == {"woman": {people["vera"].pk}}
    assert groups["age_band"] == {}
    assert consent.contributor_for(people["otto"]).gender == "woman"
