"""Answers that count no more: by whom, what follows from it, and that nothing is ever half done."""

from datetime import timedelta

import pytest
from django.utils import timezone

from contributions import permissions
from contributions.listening import labels, ratings, voids
from contributions.listening.ratings import Answer
from contributions.models import Clip, ClipLabel, ListeningNeed, Rating, RatingTurn, RatingVoid, VoidOrder
from openempathic.accounts.models import Role
from openempathic.audit.models import AuditEvent
from tests import worlds

WHY = {"reason": "SPAM", "note": "one answer to everything"}
S = Clip.Status


@pytest.fixture
def mona(_stocked):
    return worlds.person("mona", Role.MODERATOR)


@pytest.fixture
def clip(vera):
    return reviewable(vera)


def reviewable(someone):
    """A clip of theirs as screening leaves it, without the seconds that decoding takes."""
    made = worlds.stored_clip(someone, worlds.ANGER.read_bytes() + b"x" * Clip.objects.count())
    Clip.objects.filter(pk=made.pk).update(status=S.IN_REVIEW, duration_seconds=2.0, next_attempt_at=None)
    made.refresh_from_db()
    return made


def answered(clip, by, emotion="anger", *, is_usable=True):
    """Their blind answer, given as the queue gives turns, whichever clip it would have chosen."""
    turn = RatingTurn.objects.create(
        clip=clip, rater=by, lease_expires_at=timezone.now() + timedelta(minutes=5), heard_at=timezone.now()
    )
    said = Answer(is_usable=True, emotion=emotion) if is_usable else Answer(False, unusable_reason="TOO_NOISY")
    return ratings.rate(turn, by=by, answer=said)


def status_of(clip):
    return Clip.objects.get(pk=clip.pk).status


def label_of(clip):
    return ClipLabel.objects.filter(clip=clip, method=labels.COUNTS).values_list("emotion", flat=True).first()


def owed(order):
    """The order, a moment later: SQLite counts milliseconds."""
    VoidOrder.objects.filter(pk=order.pk).update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    return order


def test_a_voided_answer_stays_and_counts_no_more_and_the_clip_is_heard_again(clip, milo, cleo):
    rating = answered(clip, milo)
    assert status_of(clip) == S.ACCEPTED

    told = voids.void([rating], by=cleo, **WHY)

    assert (told.ratings, told.clips, told.back_in_review) == (1, 1, 1)
    assert status_of(clip) == S.IN_REVIEW
    assert Rating.objects.get(pk=rating.pk).emotion == "anger"
    assert not Rating.objects.counting().filter(clip=clip).exists()
    assert label_of(clip) is None
    assert ListeningNeed.objects.get(clip=clip).is_open
    assert AuditEvent.objects.get(act="rating.voided").facts["rating"] == str(rating.pk)


def test_the_label_is_what_the_others_say(clip, milo, mona, cleo):
    rating = answered(clip, milo, "sadness")
    answered(clip, mona, "anger")
    answered(clip, cleo, "anger")
    voids.void([Rating.objects.get(clip=clip, rater=mona)], by=cleo, **WHY)
    assert ClipLabel.objects.get(clip=clip, method=labels.COUNTS).probabilities == {"anger": 0.5, "sadness": 0.5}

    voids.void([rating], by=cleo, **WHY)

    assert label_of(clip) == "anger"
    assert status_of(clip) == S.ACCEPTED


def test_a_second_void_changes_nothing(clip, milo, cleo):
    rating = answered(clip, milo)
    voids.void([rating], by=cleo, **WHY)

    assert voids.void([rating], by=cleo, **WHY).ratings == 0
    assert RatingVoid.objects.count() == 1


def test_nobody_voids_their_own_answer_or_one_to_their_own_voice(clip, vera, milo, cleo):
    rating = answered(clip, milo)
    own = answered(reviewable(vera), cleo)
    vera.role = Role.CURATOR
    vera.save(update_fields=["role"])

    with pytest.raises(voids.OwnAnswer):
        voids.void([own], by=cleo, **WHY)
    with pytest.raises(voids.OwnVoice):
        voids.void([rating], by=vera, **WHY)
    assert not RatingVoid.objects.exists()


def test_a_moderator_voids_one_answer_in_their_language_and_no_more(clip, vera, otto, milo, mona):
    one, other = answered(clip, milo), answered(reviewable(vera), milo)

    with pytest.raises(voids.MayNotVoid):
        voids.void([one, other], by=mona, **WHY)
    with pytest.raises(voids.MayNotVoid):
        voids.void([one], by=otto, **WHY)
    mona.moderated_languages = ["pl"]
    with pytest.raises(voids.MayNotVoid):
        voids.void([one], by=mona, **WHY)
    mona.moderated_languages = ["en"]
    assert voids.void([one], by=mona, **WHY).ratings == 1


@pytest.mark.parametrize(
    "why", [{"reason": "UNDONE", "note": "x"}, {"reason": "SPAM", "note": " "}, {"reason": "", "note": "x"}]
)
def test_without_a_reason_and_a_word_nothing_is_voided(clip, milo, cleo, why):
    with pytest.raises(voids.NoReason):
        voids.void([answered(clip, milo)], by=cleo, **why)

    assert not RatingVoid.objects.exists()


def test_what_a_moderator_decided_stays_decided(clip, milo, cleo):
    rating = answered(clip, milo)
    clip.refresh_from_db()
    clip.verdicts.create(decided_by=cleo, from_status=S.DISPUTED, to_status=S.ACCEPTED)

    voids.void([rating], by=cleo, **WHY)

    assert status_of(clip) == S.ACCEPTED


def test_all_that_somebody_answered_is_foreseen_and_then_voided_by_a_worker(vera, milo, mona, cleo):
    alone, agreed, torn = (reviewable(vera) for _ in range(3))
    for each in (alone, agreed, torn):
        answered(each, milo, "anger")
    answered(agreed, mona, "anger")
    answered(torn, mona, "sadness")

    foreseen = voids.foresee(voids.theirs(milo))
    assert (foreseen.ratings, foreseen.clips, foreseen.back_in_review) == (3, 3, 1)
    assert foreseen.labels == {("anger", ""): 1, ("anger", "sadness"): 1}
    order = owed(voids.order(milo, by=cleo, **WHY))
    assert not RatingVoid.objects.exists()
    told = voids.carry_out_due(order.pk)

    assert (told.ratings, told.clips, told.back_in_review) == (3, 3, 1)
    assert [status_of(each) for each in (alone, agreed, torn)] == [S.IN_REVIEW, S.ACCEPTED, S.ACCEPTED]
    assert [label_of(each) for each in (alone, agreed, torn)] == [None, "anger", "sadness"]
    order.refresh_from_db()
    assert order.finished_at
    assert order.voided_count == 3
    assert voids.carry_out_due(order.pk) is None


def test_an_order_names_a_language_and_a_day_and_takes_nothing_that_comes_later(vera, milo, cleo):
    before, since, polish, later = (reviewable(vera) for _ in range(4))
    Clip.objects.filter(pk=polish.pk).update(language="pl")
    now = timezone.now()
    for each, at in ((before, -3), (since, -1), (polish, -1)):
        made = answered(Clip.objects.get(pk=each.pk), milo)
        Rating.objects.filter(pk=made.pk).update(rated_at=now + timedelta(days=at))
    order = owed(voids.order(milo, by=cleo, language="en", since=now - timedelta(days=2), **WHY))
    answered(later, milo)

    voids.carry_out_due(order.pk)

    assert {void.rating.clip_id for void in RatingVoid.objects.all()} == {since.pk}


def test_a_worker_that_died_leaves_whole_clips_and_the_next_one_goes_on(vera, milo, cleo, monkeypatch):
    clips = [reviewable(vera) for _ in range(3)]
    for each in clips:
        answered(each, milo)
    order = owed(voids.order(milo, by=cleo, **WHY))
    died = iter([False, True])

    def settled(clip, *, by, real=ratings.settle_again):
        if next(died, False):
            raise KeyboardInterrupt
        real(clip, by=by)

    monkeypatch.setattr(ratings, "settle_again", settled)
    with pytest.raises(KeyboardInterrupt):
        voids.carry_out_due(order.pk)
    half = {void.rating.clip_id for void in RatingVoid.objects.all()}
    assert len(half) == 1
    assert {each.pk for each in clips if status_of(each) == S.IN_REVIEW} == half
    VoidOrder.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    voids.carry_out_due(order.pk)

    assert RatingVoid.objects.count() == 3
    assert AuditEvent.objects.filter(act="rating.voided").count() == 3


def test_a_long_order_is_carried_out_in_stretches(vera, milo, cleo, monkeypatch):
    monkeypatch.setattr(voids, "CLIPS_AT_ONCE", 1)
    monkeypatch.setattr(voids, "BATCHES_A_CLAIM", 2)
    for _ in range(3):
        answered(reviewable(vera), milo)
    order = owed(voids.order(milo, by=cleo, **WHY))

    assert voids.carry_out_due(order.pk).ratings == 2
    assert VoidOrder.objects.get().finished_at is None
    assert voids.carry_out_due(owed(order).pk).ratings == 1
    assert VoidOrder.objects.get().finished_at


def test_answers_to_a_curators_own_voice_are_left_out_of_their_order(vera, milo, cleo):
    answered(reviewable(vera), milo)
    vera.role = Role.CURATOR
    vera.save(update_fields=["role"])

    assert voids.carry_out_due(owed(voids.order(milo, by=vera, **WHY)).pk).ratings == 0


def test_only_a_curator_orders_and_only_of_others_and_only_what_stands(clip, milo, mona, cleo):
    with pytest.raises(voids.NothingStands):
        voids.order(milo, by=cleo, **WHY)
    answered(clip, milo)
    with pytest.raises(voids.MayNotVoid):
        voids.order(milo, by=mona, **WHY)
    answered(clip, cleo)
    with pytest.raises(voids.OwnAnswer):
        voids.order(cleo, by=cleo, **WHY)


def test_who_was_asked_to_rest_listens_no_more_until_a_curator_lets_them_go_on(clip, milo, mona, cleo):
    with pytest.raises(voids.MayNotVoid):
        voids.pause(milo, by=mona, is_paused=True, note="answers without listening")
    voids.pause(milo, by=cleo, is_paused=True, note="answers without listening")
    with pytest.raises(ratings.MayNotListen):
        ratings.open_turn(milo)

    voids.pause(milo, by=cleo, is_paused=False, note="we spoke about it")

    assert permissions.may_listen(milo, "en")
    assert [event.act for event in AuditEvent.objects.filter(act__startswith="rater.")] == [
        "rater.paused",
        "rater.resumed",
    ]
