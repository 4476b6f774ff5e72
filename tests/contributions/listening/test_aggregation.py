"""The estimate of a language: made in the background of exactly what stands, and believed as far as it has grounds."""

import random
from uuid import UUID

import numpy as np
import pytest
from django.utils import timezone

from contributions import tasks
from contributions.listening import aggregation, labels
from contributions.listening.aggregation import Vote
from contributions.models import Clip, ClipLabel, Figure, Rating, RatingVoid
from contributions.releasing import selection
from tests import crowds
from tests.crowds import Kind

pytestmark = pytest.mark.django_db

GOOD = [Kind.HONEST] * 8 + [Kind.SPAMMER]


def crowd_of(raters=GOOD, *, clips=80, ratings_per_clip=3, seed=1, **how):
    return crowds.simulate(
        np.random.default_rng(seed), clips=clips, raters=raters, ratings_per_clip=ratings_per_clip, **how
    )


def votes_of(crowd):
    return [Vote(UUID(int=said.clip), said.rater + 1, said.emotion) for said in crowd.answers]


def estimates():
    return ClipLabel.objects.filter(method=labels.DAWID_SKENE)


def reckoned(rows):
    """Labels as the background leaves them."""
    labels.recompute(rows.clips[0].language)
    return aggregation.recompute(rows.clips[0].language, at=timezone.now())


def test_the_order_of_the_answers_changes_nothing():
    votes = votes_of(crowd_of())
    shuffled = random.Random(1).sample(votes, len(votes))

    assert aggregation.aggregated(votes) == aggregation.aggregated(shuffled)


def test_probabilities_sum_to_one_and_reliabilities_lie_between_nought_and_one():
    made = aggregation.aggregated(votes_of(crowd_of()))

    assert all(sum(shares.values()) == pytest.approx(1, abs=1e-3) for shares in made.probabilities.values())
    assert all(0 <= share <= 1 for share in made.reliabilities.values())


def test_a_listener_of_five_answers_swings_nothing():
    crowd = crowd_of(clips=120)
    plain = aggregation.aggregated(votes_of(crowd))
    wrong = {clip: next(emotion for emotion in crowd.emotions if emotion != crowd.truth[clip]) for clip in range(5)}

    five = aggregation.aggregated(votes_of(crowd) + [Vote(UUID(int=clip), 99, word) for clip, word in wrong.items()])

    for clip in range(5, 120):
        before, after = plain.probabilities[UUID(int=clip)], five.probabilities[UUID(int=clip)]
        assert labels.most_likely(before) == labels.most_likely(after)
        assert max(abs(after.get(name, 0) - share) for name, share in before.items()) < 0.15
    # All five were wrong, and still it is not taken for certain that they always are.
    assert 0.2 < five.reliabilities[99] < plain.reliabilities[1]


@pytest.mark.parametrize(
    ("clips", "raters", "is_enough"),
    [
        (70, [Kind.HONEST] * 4, True),
        (60, [Kind.HONEST] * 4, False),
        (150, [Kind.HONEST] * 2, False),
    ],
)
def test_there_is_enough_from_two_hundred_answers_of_three_people(clips, raters, is_enough):
    crowd = crowd_of(raters, clips=clips, ratings_per_clip=min(3, len(raters)))

    assert aggregation.is_enough(votes_of(crowd)) is is_enough


def test_clips_that_one_person_heard_say_nothing_of_whom_to_believe():
    crowd = crowd_of(clips=400, ratings_per_clip=1)

    assert not aggregation.is_enough(votes_of(crowd))


def test_every_clip_gets_an_estimate_and_every_listener_a_reliability():
    rows = crowds.stored(crowd_of())

    assert reckoned(rows) == 80
    assert estimates().count() == 80
    assert labels.reliabilities("en").keys() == {rater.pk for rater in rows.raters}
    assert min(labels.reliabilities("en"), key=labels.reliabilities("en").get) == rows.raters[-1].pk


def test_where_too_much_was_voided_the_counts_are_all_there_is():
    rows = crowds.stored(crowd_of())
    reckoned(rows)
    RatingVoid.objects.bulk_create([RatingVoid(rating=rating, reason="SPAM") for rating in rows.ratings[:100]])

    assert reckoned(rows) == 0
    assert not estimates().exists()
    assert labels.reliabilities("en") == {}


def test_voided_informed_and_wordless_answers_and_withdrawn_clips_are_left_out():
    rows = crowds.stored(crowd_of(clips=4, ratings_per_clip=2))
    RatingVoid.objects.create(rating=rows.ratings[0], reason="SPAM")
    spare = next(rater for rater in rows.raters if not Rating.objects.filter(rater=rater, clip=rows.clips[1]).exists())
    said = {"clip": rows.clips[1], "rater": spare, "is_usable": True}
    Rating.objects.create(**said, phase=Rating.Phase.INFORMED, emotion="anger")
    Rating.objects.create(**said, phase=Rating.Phase.BLIND, emotion="cannot_tell")
    Clip.objects.filter(pk=rows.clips[2].pk).update(status=Clip.Status.WITHDRAWN)

    votes = aggregation.votes_in("en")

    gone = {rows.ratings[0].pk, *(one.pk for one in rows.ratings if one.clip_id == rows.clips[2].pk)}
    assert len(votes) == len(rows.ratings) - len(gone)


def test_those_whose_account_is_gone_listen_on_as_one():
    rows = crowds.stored(crowd_of())
    rows.raters[0].delete()

    reckoned(rows)

    assert estimates().count() == 80
    assert set(labels.reliabilities("en")) == {rater.pk for rater in rows.raters[1:]}


def test_an_answer_given_while_the_estimate_is_made_leaves_that_clip_to_its_counts(monkeypatch):
    rows = crowds.stored(crowd_of())
    labels.recompute("en")
    aggregate = aggregation.aggregated

    def meanwhile(votes):
        made = aggregate(votes)
        Rating.objects.create(
            clip=rows.clips[0], rater=None, phase=Rating.Phase.BLIND, is_usable=True, emotion="sadness"
        )
        labels.follow(rows.clips[0])
        return made

    monkeypatch.setattr(aggregation, "aggregated", meanwhile)

    assert aggregation.recompute("en", at=timezone.now()) == 79
    assert not estimates().filter(clip=rows.clips[0]).exists()


def test_only_languages_in_which_somebody_rated_since_are_reckoned_again():
    english = crowds.stored(crowd_of(language="en"))
    crowds.stored(crowd_of(language="pl"))
    assert labels.catch_up(now=timezone.now()) == ["en", "pl"]
    assert labels.catch_up(now=timezone.now() + labels.OVERLAP) == []

    RatingVoid.objects.create(rating=english.ratings[0], reason="SPAM")

    assert labels.catch_up(now=timezone.now() + labels.OVERLAP) == ["en"]
    assert Figure.objects.filter(name="agreement").count() == 2


def test_whoever_leaves_is_known_no_more_though_nobody_rates_any_more():
    rows = crowds.stored(crowd_of())
    labels.catch_up(now=timezone.now())
    gone = rows.raters[0].pk

    rows.raters[0].delete()
    labels.catch_up(now=timezone.now() + labels.OVERLAP)

    assert gone not in labels.reliabilities("en")
    assert len(labels.reliabilities("en")) == len(rows.raters) - 1


def test_the_beat_reckons_labels():
    rows = crowds.stored(crowd_of())

    tasks.reckon_labels()

    assert estimates().count() == len(rows.clips)


def test_a_release_carries_the_estimate_and_says_how_much_each_label_should_teach():
    rows = crowds.stored(crowd_of())
    reckoned(rows)

    told = selection.labels_of(list(Clip.objects.all()))

    known = labels.reliabilities("en")
    for clip in rows.clips:
        heard = [rating.rater_id for rating in rows.ratings if rating.clip_id == clip.pk]
        assert told[clip.pk].method == labels.DAWID_SKENE
        assert told[clip.pk].weight == labels.weight_of(heard, known)
        assert told[clip.pk].emotions == labels.learnable(estimates().get(clip=clip).probabilities)


def test_a_spammers_word_moves_a_release_less_than_a_reliable_listeners():
    rows = crowds.stored(crowd_of(clips=120))
    reckoned(rows)
    spammer, honest = rows.raters[-1], rows.raters[0]
    by_spammer, by_honest = alone(rows.clips[0], spammer, "fear"), alone(rows.clips[1], honest, "fear")
    reckoned(rows)

    told = selection.labels_of([by_spammer, by_honest])

    assert told[by_spammer.pk].weight < told[by_honest.pk].weight / 1.5
    assert told[by_spammer.pk].emotions.get("fear", 0) < told[by_honest.pk].emotions["fear"] / 1.5


def alone(clip, rater, emotion):
    """The clip as if this listener's were the only answer to it."""
    others = Rating.objects.filter(clip=clip)
    RatingVoid.objects.bulk_create([RatingVoid(rating=rating, reason="OTHER") for rating in others])
    Rating.objects.create(clip=clip, rater=rater, phase=Rating.Phase.BLIND, is_usable=True, emotion=emotion, round=9)
    labels.follow(clip)
    return clip
