"""A label is a function of the ratings that stand, whatever was given, voided and undone before."""

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from contributions.listening import asking_again, labels
from contributions.models import Clip, ClipLabel, Rating, RatingVoid
from contributions.models.contributor import Split
from contributions.releasing import selection
from tests import crowds, harvest, worlds
from tests.contributions.listening import crowd
from tests.crowds import Crowd, Kind

pytestmark = pytest.mark.django_db

ANSWERS = ("anger", "fear", "sadness", "other", "cannot_tell", "")
# A listener answers, undoes their last answer, or somebody voids one of all that were given.
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), st.integers(0, 3), st.sampled_from(ANSWERS)),
        st.tuples(st.just("informed"), st.integers(0, 3), st.sampled_from(ANSWERS[:3])),
        st.tuples(st.just("void"), st.integers(0, 30), st.just("")),
    ),
    max_size=20,
)


def a_clip():
    """A clip that nobody has heard yet."""
    nobody_yet = Crowd(["anger"], [], [], [Kind.HONEST] * 4, ("anger",), "en")
    return crowds.stored(nobody_yet)


def answer(clip, rater, emotion, phase=Rating.Phase.BLIND):
    """One answer; no emotion means that the clip is no use."""
    before = Rating.objects.filter(clip=clip, rater=rater, phase=phase).count()
    said = {"is_usable": True, "emotion": emotion} if emotion else {"is_usable": False, "unusable_reason": "noisy"}
    return Rating.objects.create(clip=clip, rater=rater, phase=phase, round=before, **said)


def label_of(clip, method=labels.COUNTS):
    return ClipLabel.objects.filter(clip=clip, method=method).first()


def kept_of(clip):
    """What the label says, and of how many; nothing where there is none."""
    label = label_of(clip)
    return (label.probabilities, label.emotion, label.rating_count) if label else None


class LabelsFollow(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(acts=ACTS)
    def test_a_label_is_always_the_function_of_the_ratings_that_stand(self, acts):
        rows = a_clip()
        clip, ratings = rows.clips[0], []
        for act, number, emotion in acts:
            if act == "void":
                standing = [one for one in ratings if not one.voids.exists()]
                if standing:
                    RatingVoid.objects.create(rating=standing[number % len(standing)], reason="UNDONE")
            else:
                phase = Rating.Phase.BLIND if act == "answer" else Rating.Phase.INFORMED
                ratings.append(answer(clip, rows.raters[number], emotion, phase))
            labels.follow(clip)

            votes = [
                one.emotion
                for one in ratings
                if one.phase == Rating.Phase.BLIND and one.is_usable and not one.voids.exists()
            ]
            told = labels.counts(votes)
            assert kept_of(clip) == ((told, labels.most_likely(told), len(votes)) if votes else None)


@given(st.lists(st.sampled_from(ANSWERS[:-1]), min_size=1))
def test_shares_sum_to_one_in_whatever_order_the_votes_come(votes):
    shares = labels.counts(votes)

    assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
    assert shares == labels.counts(reversed(votes))
    assert all(shares[name] == pytest.approx(votes.count(name) / len(votes), abs=1e-6) for name in votes)


def test_other_and_cannot_tell_are_counted_and_taught_to_no_model():
    shares = labels.counts(["anger", "anger", "fear", "other", "cannot_tell"])

    assert shares["other"] == shares["cannot_tell"] == 0.2
    assert labels.learnable(shares) == {"anger": pytest.approx(2 / 3, abs=1e-5), "fear": pytest.approx(1 / 3, abs=1e-5)}
    assert labels.learnable(labels.counts(["other"])) == {}


def test_a_further_answer_erases_what_other_methods_made_of_the_ones_before():
    rows = a_clip()
    clip = rows.clips[0]
    answer(clip, rows.raters[0], "anger")
    labels.follow(clip)
    labels.keep([estimate(clip, {"anger": 1.0}, of=1)])

    answer(clip, rows.raters[1], "fear")
    labels.follow(clip)

    assert label_of(clip, labels.DAWID_SKENE) is None
    assert label_of(clip).probabilities == {"anger": 0.5, "fear": 0.5}


def estimate(clip, probabilities, *, of):
    return ClipLabel(
        clip=clip,
        method=labels.DAWID_SKENE,
        emotion=labels.most_likely(probabilities),
        probabilities=probabilities,
        rating_count=of,
        made_at=timezone.now(),
    )


def test_ratings_that_are_older_than_labels_get_them_and_nothing_is_left_to_do_then():
    rows = a_clip()
    answer(rows.clips[0], rows.raters[0], "anger")

    assert labels.recompute("en") == 1
    assert labels.recompute("en") == 0
    assert label_of(rows.clips[0]).probabilities == {"anger": 1.0}


def test_who_rated_since_is_told_by_language_and_a_void_tells_too():
    rows = a_clip()
    began = timezone.now()
    assert labels.languages_changed(began) == []

    rating = answer(rows.clips[0], rows.raters[0], "anger")
    rated = timezone.now()
    assert labels.languages_changed(began) == ["en"]
    assert labels.languages_changed(rated) == []

    RatingVoid.objects.create(rating=rating, reason="SPAM")
    assert labels.languages_changed(rated) == ["en"]


def test_a_clip_weighs_as_probably_as_one_of_its_listeners_is_right():
    known = {1: 0.8, 2: 0.5, 3: 0.0}

    assert labels.weight_of([1], known) == 0.8
    assert labels.weight_of([1, 2], known) == 0.9
    assert labels.weight_of([3], known) == labels.LEAST_WEIGHT
    assert labels.weight_of([None], known) == labels.weight_of([77], known) == pytest.approx(0.43)
    assert labels.weight_of([1], {}) == 1


class TestReleases:
    """What a release says of a clip."""

    @pytest.fixture
    def clip(self):
        worlds.stocked()
        return harvest.contributed("ada", side=Split.TRAIN, emotions=("anger",))[0]

    def labels_of(self, clip):
        return selection.labels_of([Clip.objects.get(pk=clip.pk)])[clip.pk]

    def test_a_voided_rating_is_in_no_release(self, clip):
        wrong = harvest.heard(clip, "fear")
        RatingVoid.objects.create(rating=wrong, reason="SPAM")

        assert self.labels_of(clip).emotions == {"anger": 1.0}

    def test_the_estimate_is_the_label_where_it_was_made_of_the_ratings_that_stand(self, clip):
        harvest.heard(clip, "fear")
        labels.keep([estimate(clip, {"anger": 0.9, "fear": 0.1}, of=2)])

        assert self.labels_of(clip).emotions == {"anger": 0.9, "fear": 0.1}
        assert self.labels_of(clip).method == labels.DAWID_SKENE

    def test_an_estimate_of_fewer_ratings_is_passed_over_for_their_counts(self, clip):
        labels.keep([estimate(clip, {"anger": 0.9, "fear": 0.1}, of=1)])
        harvest.heard(clip, "fear")

        assert self.labels_of(clip).emotions == {"anger": 0.5, "fear": 0.5}
        assert self.labels_of(clip).method == labels.COUNTS


class TestActs:
    """What listeners do, by the acts themselves."""

    def test_an_answer_makes_the_label_and_taking_it_back_takes_it_away(self):
        worlds.stocked()
        milo, mona = crowd.listeners("milo", "mona")
        (clip,) = crowd.clips_of("vera")

        crowd.answered(clip, milo, crowd.angry())
        assert kept_of(clip) == ({"anger": 1.0}, "anger", 1)
        crowd.answered(clip, mona, crowd.angry("fear"))
        assert kept_of(clip) == ({"anger": 0.5, "fear": 0.5}, "anger", 2)

        asking_again.undo(mona)
        assert kept_of(clip) == ({"anger": 1.0}, "anger", 1)
        asking_again.undo(milo)
        assert kept_of(clip) is None
