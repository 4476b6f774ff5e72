"""Of crowds whose ears are known, the truth is found again: better than by the majority, and with fewer answers."""

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from contributions.listening import aggregation, enough, labels
from tests import crowds
from tests.crowds import Kind

HONEST, CARELESS, OUTLIER = Kind.HONEST, Kind.CARELESS, Kind.OUTLIER
SPAMMER, CONSTANT, ADVERSARY = Kind.SPAMMER, Kind.CONSTANT, Kind.ADVERSARY
# As one hopes, as it may come, and as it must not.
GOOD = [HONEST] * 10 + [OUTLIER] * 2 + [CARELESS] * 2
MIXED = [HONEST] * 9 + [OUTLIER] * 2 + [CARELESS] * 4 + [SPAMMER] * 2 + [CONSTANT] * 1 + [ADVERSARY] * 1
BAD = [HONEST] * 6 + [CARELESS] * 3 + [SPAMMER] * 4 + [CONSTANT] * 2 + [ADVERSARY] * 2


def votes_of(crowd):
    """The crowd's answers as an aggregation takes them; accounts begin at 1."""
    return [aggregation.Vote(UUID(int=said.clip), said.rater + 1, said.emotion) for said in crowd.answers]


def by_majority(crowd):
    """Whether the most frequent answer is the truth, clip by clip."""
    heard = crowd.votes()
    return right(crowd, {clip: labels.most_likely(labels.counts(votes)) for clip, votes in heard.items()})


def by_estimate(crowd):
    """Whether the likeliest emotion of the estimate is the truth, clip by clip."""
    made = aggregation.aggregated(votes_of(crowd)).probabilities
    return right(crowd, {clip.int: labels.most_likely(shares) for clip, shares in made.items()})


def right(crowd, named):
    return np.array([named[clip] == truth for clip, truth in enumerate(crowd.truth)], dtype=float)


def interval(differences, rng):
    """The mean of differences by clip and its 95 % interval, clips drawn with replacement."""
    means = [differences[rng.integers(len(differences), size=len(differences))].mean() for _n in range(1000)]
    return differences.mean(), *np.percentile(means, [2.5, 97.5])


def without_the_useless(crowd, least=0.45):
    """The crowd as it goes on once a curator has voided those who are hardly ever right."""
    early = crowds.heard_until(crowd, lambda _votes: 3)
    found = aggregation.aggregated(votes_of(early)).reliabilities
    kept = [n for n, said in enumerate(crowd.answers) if found.get(said.rater + 1, 1.0) >= least]
    answers, seconds = [crowd.answers[n] for n in kept], [crowd.seconds[n] for n in kept]
    return replace(crowd, answers=answers, seconds=seconds)


@pytest.mark.parametrize(("raters", "language"), [(MIXED, "en"), (MIXED, "sw"), (BAD, "pl")])
def test_the_estimate_finds_more_of_the_truth_than_the_majority(raters, language):
    rng = np.random.default_rng(7)
    crowd = crowds.simulate(rng, clips=300, raters=raters, ratings_per_clip=5, language=language)

    gain, low, _high = interval(by_estimate(crowd) - by_majority(crowd), rng)

    assert gain > 0
    assert low > 0


def test_in_a_good_crowd_the_estimate_loses_nothing():
    rng = np.random.default_rng(8)
    crowd = crowds.simulate(rng, clips=300, raters=GOOD, ratings_per_clip=3)

    _gain, low, _high = interval(by_estimate(crowd) - by_majority(crowd), rng)

    assert low > -0.03


@pytest.mark.parametrize("raters", [GOOD, MIXED])
def test_asking_more_only_while_they_disagree_finds_the_same_truth_with_two_fifths_fewer_answers(raters):
    rng = np.random.default_rng(9)
    crowd = without_the_useless(crowds.simulate(rng, clips=400, raters=raters, ratings_per_clip=12))
    always, adaptive = (crowds.heard_until(crowd, rule) for rule in (lambda _votes: 7, enough.wanted))

    accuracy, low, _high = interval(by_estimate(always), rng)

    assert len(adaptive.answers) <= 0.6 * len(always.answers)
    assert accuracy > by_estimate(adaptive).mean() - 0.01
    assert by_estimate(adaptive).mean() >= low


def test_whom_to_believe_is_found_out():
    crowd = crowds.simulate(np.random.default_rng(10), clips=300, raters=MIXED, ratings_per_clip=5)

    found = aggregation.aggregated(votes_of(crowd)).reliabilities

    truths = [crowd.reliability(rater) for rater in range(len(MIXED))]
    errors = [found[rater + 1] - truth for rater, truth in enumerate(truths)]
    worst_honest = min(found[rater + 1] for rater, kind in enumerate(MIXED) if kind is HONEST)
    best_useless = max(found[rater + 1] for rater, kind in enumerate(MIXED) if kind in (SPAMMER, CONSTANT, ADVERSARY))
    # The useless are taken for somewhat better than they are, since everybody is, until shown otherwise.
    assert np.abs(errors).max() < 0.2
    assert np.corrcoef([found[rater + 1] for rater in range(len(MIXED))], truths)[0, 1] > 0.98
    assert best_useless < 0.45 < worst_honest
