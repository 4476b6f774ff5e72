"""Whatever listeners, speakers, moderators and a model do one after the other: what must always hold, holds."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contributions import states
from contributions.leaving import withdrawal
from contributions.listening import labels, queue, ratings, settling, turns
from contributions.models import (
    Clip,
    ClipLabel,
    Contributor,
    ListeningNeed,
    Rating,
    RatingTurn,
    RatingVoid,
    Suggestion,
    Verdict,
)
from contributions.models.contributor import Split
from openempathic import moves
from openempathic.registry.models import Checkpoint
from tests import harvest, worlds
from tests.contributions.listening.crowd import NOISY, angry, clips_of, listeners, needs_as_reckoned

S = Clip.Status
JUDGED = (S.IN_REVIEW, S.ACCEPTED, S.REJECTED, S.DISPUTED)
ANSWERS = {"anger": angry("anger"), "fear": angry("fear"), "noise": NOISY}
picks = st.integers(0, 11)
STEP = st.one_of(
    st.tuples(st.just("answers"), picks, st.sampled_from(sorted(ANSWERS))),
    st.tuples(st.just("opens"), picks, st.booleans()),
    st.tuples(st.just("answers_late"), picks, st.sampled_from(sorted(ANSWERS))),
    st.tuples(st.just("undoes"), picks, st.none()),
    st.tuples(st.just("takes_the_step"), picks, st.sampled_from(["anger", "fear"])),
    st.tuples(st.just("is_voided"), picks, st.none()),
    st.tuples(st.just("is_moved"), picks, st.sampled_from([*JUDGED, S.QUARANTINED])),
    st.tuples(st.just("is_heard_by_a_model"), picks, st.booleans()),
    st.tuples(st.just("is_withdrawn"), picks, st.none()),
    st.tuples(st.just("runs_out"), picks, st.none()),
)


class Told:
    """One history, and what it remembers to hold against the tables."""

    def __init__(self, clips, people):
        self.clips, self.people = clips, people
        self.ratings = {}

    def clip(self, pick):
        return Clip.objects.get(pk=self.clips[pick % len(self.clips)].pk)

    def person(self, pick):
        return self.people[pick % len(self.people)]

    def answers(self, pick, answer):
        turn = ratings.open_turn(self.person(pick))
        if turn:
            with pytest.raises(ratings.NotRateable):
                self.unheard(turn, answer)
            ratings.rate(worlds.heard(turn), by=turn.rater, answer=ANSWERS[answer])

    def unheard(self, turn, answer):
        if turn.heard_at:
            # Of one that was taken back: it was heard before.
            raise ratings.NotHeard
        ratings.rate(turn, by=turn.rater, answer=ANSWERS[answer])

    def opens(self, pick, is_ahead):
        turn = ratings.open_turn(self.person(pick))
        if turn and is_ahead:
            ahead = ratings.open_turn(turn.rater, besides=turn)
            assert ahead is None or ahead.clip_id != turn.clip_id

    def answers_late(self, pick, answer):
        """To any turn that they ever had, as an old page would."""
        turn = RatingTurn.objects.filter(rater=self.person(pick)).order_by("opened_at").first()
        if turn:
            try:
                ratings.rate(worlds.heard(turn), by=turn.rater, answer=ANSWERS[answer])
            except ratings.NotRateable:
                return

    def undoes(self, pick, _none):
        try:
            turn = ratings.undo(self.person(pick))
        except ratings.NothingToUndo:
            return
        assert ratings.undone_answer(turn) is not None

    def takes_the_step(self, pick, emotion):
        rating = Rating.objects.filter(rater=self.person(pick)).order_by("-rated_at").first()
        if rating and ratings.step_after(rating):
            ratings.reconsider(rating, by=rating.rater, emotion=emotion)

    def is_voided(self, pick, _none):
        standing = list(Rating.objects.counting().order_by("rated_at"))
        if standing:
            rating = standing[pick % len(standing)]
            RatingVoid.objects.create(rating=rating, reason="SPAM")
            ratings.settle_again(rating.clip, by="history")

    def is_moved(self, pick, to):
        clip = self.clip(pick)
        source = clip.status
        try:
            with transaction.atomic():
                states.move(clip, to=to, by="history")
        except moves.IllegalMove:
            return
        Verdict.objects.create(clip=clip, from_status=source, to_status=to, reason="")

    def is_heard_by_a_model(self, pick, is_sure):
        clip = self.clip(pick)
        scores = {"anger": 0.9, "fear": 0.1} if is_sure else {"anger": 0.5, "fear": 0.5}
        Suggestion.objects.filter(clip=clip).delete()
        checkpoint, _is_new = Checkpoint.objects.get_or_create(
            digest="a" * 64, defaults={"preset": "nano", "release_digest": "b" * 64, "run_id": clip.pk, "files": {}}
        )
        Suggestion.objects.create(
            clip=clip, checkpoint=checkpoint, scores=scores, emotion="anger", made_at=timezone.now()
        )
        queue.follow(clip)

    def is_withdrawn(self, pick, _none):
        withdrawal.end(self.clip(pick), by="history")

    def runs_out(self, _pick, _none):
        past = timezone.now() - timedelta(seconds=1)
        RatingTurn.objects.update(lease_expires_at=past)
        ListeningNeed.objects.update(held_until=past)

    def holds(self):
        """What must always be true."""
        needs_as_reckoned(self.clips)
        self.nothing_that_was_said_has_changed()
        assert not Rating.objects.filter(clip__contributor__user=self.people[0], rater=self.people[0]).exists()
        for clip in Clip.objects.filter(pk__in=[each.pk for each in self.clips]):
            self.is_function_of_its_answers(clip)
            self.is_held_by_one(clip)

    def nothing_that_was_said_has_changed(self):
        now = {row["id"]: row for row in Rating.objects.values()}
        assert {pk: now[pk] for pk in self.ratings} == self.ratings
        self.ratings = now

    def is_function_of_its_answers(self, clip):
        votes = labels.heard_in(clip)
        label = ClipLabel.objects.filter(clip=clip, method=labels.COUNTS).first()
        assert (label.probabilities if label else {}) == labels.counts(votes)
        if clip.status in JUDGED and settling.is_settled_by_ratings(clip) and not clip.verdicts.exists():
            assert clip.status in (settling.outcome_of(clip), S.DISPUTED)

    def is_held_by_one(self, clip):
        """Whoever listens, but for those who mend an answer of theirs, holds the need; and there is one of it."""
        running = RatingTurn.objects.filter(clip=clip, closed_at=None, lease_expires_at__gt=timezone.now())
        first = [turn for turn in running if not Rating.objects.filter(clip=clip, rater=turn.rater).exists()]
        need = ListeningNeed.objects.filter(pk=clip.pk, is_open=True).first()
        if need:
            assert {turn.rater_id for turn in first} <= {need.held_by_id}


@pytest.fixture(params=[1, 2])
def required(request, settings):
    """How many answers settle a clip."""
    settings.RATINGS_REQUIRED = request.param


@pytest.fixture
def world(_stocked, required):
    """Four clips, one on the test side and one of a listener's own, and four who listen."""
    people = listeners("milo", "mona", "mira", "moe")
    worlds.consent.contributor_for(people[0])
    own = worlds.voice_of(people[0])
    Contributor.objects.filter(pk=own.pk).update(split=Split.TRAIN)
    worlds.consent.decide(
        own,
        given={"STORE_AND_REVIEW"},
        shown=worlds.consent.texts("en"),
        locale="en",
        is_adult=True,
        by=people[0],
    )
    own.refresh_from_db()
    clips = [*clips_of("vera", count=2), *clips_of("otto", side=Split.TEST)]
    return [*clips, harvest.in_review(own, emotion="fear", language="en")], people


def test_needs_status_and_labels_follow_whatever_happens(world, monkeypatch):
    monkeypatch.setattr(turns, "left_today", lambda _rater: 1)
    run = given(st.lists(STEP, min_size=3, max_size=16))(lambda steps: told(world, steps))
    checked(run)()


def checked(run):
    """Few histories in every test run, the same each time; the suite's own profile may ask for more."""
    return settings(
        max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
    )(run)


def told(world, steps):
    with transaction.atomic():
        history = Told(*world)
        history.holds()
        for act, pick, detail in steps:
            getattr(history, act)(pick, detail)
            history.holds()
        transaction.set_rollback(True)
