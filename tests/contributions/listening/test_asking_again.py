"""After the blind answer: the step, the second answer, and the first one taken back."""

import pytest
from django.utils import timezone

from contributions import states
from contributions.leaving import withdrawal
from contributions.listening import ratings, reveals, settling
from contributions.models import Arm, Clip, ListeningNeed, Rating, RatingTurn, RatingVoid, Suggestion, Verdict
from openempathic.registry.models import Checkpoint
from tests import worlds
from tests.contributions.listening.crowd import NOISY, angry, answered, clips_of, listeners, needs_as_reckoned

pytestmark = pytest.mark.usefixtures("_stocked")
S = Clip.Status


@pytest.fixture(autouse=True)
def _shown(settings):
    """Nobody is in the hidden arm by chance."""
    settings.HIDDEN_ARM = 0


@pytest.fixture
def milo():
    return listeners("milo")[0]


@pytest.fixture
def clip():
    return clips_of("vera")[0]


def suggested(clip, emotion="sadness"):
    checkpoint, _is_new = Checkpoint.objects.get_or_create(
        digest="a" * 64,
        defaults={"status": "CHAMPION", "preset": "nano", "release_digest": "b" * 64, "run_id": clip.pk, "files": {}},
    )
    return Suggestion.objects.create(
        clip=clip, checkpoint=checkpoint, scores={emotion: 1.0}, emotion=emotion, made_at=timezone.now()
    )


# The step


def test_what_the_model_heard_comes_after_the_answer_and_that_it_was_shown_is_noted_first(clip, milo):
    made = suggested(clip)
    rating = answered(clip, milo, angry())
    assert RatingTurn.objects.get().revealed_at is None

    step = ratings.step_after(rating)
    assert (step.arm, step.suggestion) == (Arm.SHOWN, made)
    assert RatingTurn.objects.get().revealed_at is not None


def test_in_the_hidden_arm_the_step_is_the_same_without_it(clip, milo, settings):
    settings.HIDDEN_ARM = 1
    suggested(clip)
    rating = answered(clip, milo, angry())

    assert ratings.step_after(rating) == ratings.Step(Arm.HIDDEN, None)
    assert RatingTurn.objects.get().revealed_at is None
    second = ratings.reconsider(rating, by=milo, emotion="sadness")
    assert (second.phase, second.arm, second.suggestion) == ("INFORMED", "HIDDEN", None)


def test_without_a_suggestion_or_with_an_unusable_clip_there_is_no_step(clip, milo):
    assert ratings.step_after(answered(clip, milo, angry())) is None
    (another,) = clips_of("nina")
    suggested(another)

    assert ratings.step_after(answered(another, milo, NOISY)) is None


def test_the_step_is_taken_once(clip, milo):
    suggested(clip)
    rating = answered(clip, milo, angry())
    second = ratings.reconsider(rating, by=milo, emotion="anger")

    assert (second.arm, second.suggestion_id is not None) == ("SHOWN", True)
    assert ratings.step_after(rating) is None
    assert ratings.step_after(second) is None
    with pytest.raises(ratings.AlreadyRated):
        ratings.reconsider(rating, by=milo, emotion="sadness")


def test_nobody_takes_it_for_somebody_else_nor_with_a_word_that_we_do_not_know(clip, milo):
    suggested(clip)
    rating = answered(clip, milo, angry())

    with pytest.raises(ratings.NotYourTurn):
        ratings.reconsider(rating, by=listeners("mona")[0], emotion="sadness")
    with pytest.raises(ratings.IncompleteAnswer):
        ratings.reconsider(rating, by=milo, emotion="wrath-of-khan")


def test_a_clip_withdrawn_before_the_step_has_none(clip, milo):
    suggested(clip)
    rating = answered(clip, milo, angry())
    withdrawal.withdraw(clip, by=clip.contributor.actor)

    assert ratings.step_after(rating) is None
    assert RatingTurn.objects.get().revealed_at is None


# Undone


def test_an_answer_taken_back_counts_no_more_and_is_there_to_be_mended(clip, milo):
    said = angry(intensity=2, valence=1, styles=("whisper",), description="low and slow", secondary_emotions=("fear",))
    rating = answered(clip, milo, said)
    assert clip.status == S.ACCEPTED

    turn = ratings.undo(milo)
    clip.refresh_from_db()
    assert clip.status == S.IN_REVIEW
    assert not Rating.objects.counting().exists()
    assert RatingVoid.objects.get().rating == rating
    assert ratings.undone_answer(turn) == said
    assert ratings.open_turn(milo) == turn
    # It was heard already: only the answer is given anew.
    again = ratings.rate(turn, by=milo, answer=angry("fear"))
    clip.refresh_from_db()
    assert (again.phase, again.round, clip.status) == ("BLIND", 1, S.ACCEPTED)
    assert ratings.undone_answer(turn) is None
    assert Rating.objects.get(pk=rating.pk).emotion == "anger"
    needs_as_reckoned([clip])


def test_after_the_suggestion_was_seen_what_is_answered_anew_is_informed_and_counts_for_nothing(clip, milo):
    suggested(clip)
    rating = answered(clip, milo, angry())
    ratings.step_after(rating)
    ratings.reconsider(rating, by=milo, emotion="sadness")

    turn = ratings.undo(milo)
    assert ratings.undone_answer(turn).emotion == "anger"
    again = ratings.rate(turn, by=milo, answer=angry("sadness"))
    clip.refresh_from_db()
    assert (again.phase, again.arm, again.round) == ("INFORMED", "", 1)
    assert not Rating.objects.counting().exists()
    assert RatingVoid.objects.count() == 2
    assert clip.status == S.IN_REVIEW
    assert ListeningNeed.objects.get().is_open
    assert ratings.step_after(again) is None
    # And that one may be taken back too.
    assert ratings.undone_answer(ratings.undo(milo)).emotion == "sadness"


def test_whoever_reads_its_history_while_it_is_theirs_to_answer_is_not_blind_any_more(clip, milo):
    turn = ratings.open_turn(milo)
    reveals.reveal(clip, to=milo)
    rating = ratings.rate(worlds.heard(turn), by=milo, answer=angry())
    clip.refresh_from_db()

    assert rating.phase == "INFORMED"
    assert clip.status == S.IN_REVIEW


def test_the_newest_is_taken_back_first_and_no_more_than_ten(milo):
    clips = clips_of("vera", count=12)
    for clip in clips:
        answered(clip, milo, angry())

    undone = [ratings.undo(milo).clip_id for _time in range(10)]
    assert undone == [clip.pk for clip in reversed(clips[2:])]
    with pytest.raises(ratings.NothingToUndo):
        ratings.undo(milo)


def test_nobody_undoes_what_somebody_else_said(clip, milo):
    answered(clip, milo, angry())

    with pytest.raises(ratings.NothingToUndo):
        ratings.undo(listeners("mona")[0])
    assert Rating.objects.counting().count() == 1


def test_a_clip_that_is_gone_or_was_decided_about_is_passed_over(milo):
    kept, decided, gone = clips_of("vera", count=3)
    answered(kept, milo, angry())
    answered(decided, milo, NOISY)
    answered(gone, milo, angry())
    Verdict.objects.create(clip=decided, from_status="REJECTED", to_status="REJECTED", reason="TOO_NOISY")
    withdrawal.withdraw(gone, by=gone.contributor.actor)

    assert ratings.undo(milo).clip_id == kept.pk


def test_an_answer_that_a_curator_voided_is_neither_undone_nor_asked_again(clip, milo):
    rating = answered(clip, milo, angry())
    RatingVoid.objects.create(rating=rating, reason="SPAM")
    ratings.settle_again(clip, by="test")
    clip.refresh_from_db()

    assert clip.status == S.IN_REVIEW
    with pytest.raises(ratings.NothingToUndo):
        ratings.undo(milo)
    assert ratings.open_turn(milo) is None
    with pytest.raises(ratings.AlreadyRated):
        ratings.rate(RatingTurn.objects.get(), by=milo, answer=angry())


# The status is a function of the answers


@pytest.mark.parametrize(
    ("usable", "required", "status"),
    [
        ("", 1, "IN_REVIEW"),
        ("u", 1, "ACCEPTED"),
        ("n", 1, "REJECTED"),
        ("u", 2, "IN_REVIEW"),
        ("uu", 2, "ACCEPTED"),
        ("un", 1, "DISPUTED"),
        ("nn", 2, "REJECTED"),
        ("uun", 2, "ACCEPTED"),
        ("unn", 2, "REJECTED"),
        ("uunn", 2, "DISPUTED"),
        ("uuunn", 2, "DISPUTED"),
        ("uuuunn", 2, "ACCEPTED"),
    ],
)
def test_two_thirds_settle_it(usable, required, status):
    assert settling.outcome([each == "u" for each in usable], required=required) == status


def test_an_accepted_clip_that_the_next_listener_finds_unusable_goes_to_a_moderator(clip, milo):
    answered(clip, milo, angry())
    answered(clip, listeners("mona")[0], NOISY)

    assert clip.status == S.DISPUTED
    assert not ListeningNeed.objects.exists()


def test_one_in_many_does_not_unsettle_it(clip):
    for listener, emotion in zip(listeners("milo", "mona"), ("anger", "fear"), strict=True):
        answered(clip, listener, angry(emotion))
    answered(clip, listeners("mira")[0], NOISY)

    assert clip.status == S.ACCEPTED


@pytest.mark.parametrize("reason", ["MINOR", "PERSONAL_DATA"])
def test_what_one_listener_heard_of_a_child_or_a_name_no_majority_outvotes(clip, reason):
    *crowd, mona = listeners("milo", "mira", "moe", "mona")
    for listener, emotion in zip(crowd, ("anger", "fear", "sadness"), strict=True):
        answered(clip, listener, angry(emotion))
    assert clip.status == S.ACCEPTED
    answered(clip, mona, ratings.Answer(is_usable=False, unusable_reason=reason))
    assert clip.status == S.DISPUTED

    # Two moderators agreed that it may be used: what was heard before is settled.
    proposal = Verdict.objects.create(clip=clip, from_status=S.DISPUTED, to_status=S.ACCEPTED, is_proposal=True)
    Verdict.objects.create(clip=clip, from_status=S.DISPUTED, to_status=S.ACCEPTED, proposal=proposal)
    states.move(clip, to=S.ACCEPTED, by="test")
    answered(clip, listeners("molly")[0], angry())
    assert clip.status == S.ACCEPTED


def test_a_moderators_word_on_something_else_does_not_hide_a_child(clip, milo):
    states.move(clip, to=S.QUARANTINED, by="test")
    Verdict.objects.create(clip=clip, from_status="QUARANTINED", to_status="ACCEPTED", reason="")
    states.move(clip, to=S.ACCEPTED, by="test")
    answered(clip, milo, ratings.Answer(is_usable=False, unusable_reason="MINOR"))

    assert clip.status == S.DISPUTED


def test_listeners_do_not_overrule_a_moderator(clip, milo):
    states.move(clip, to=S.QUARANTINED, by="test")
    Verdict.objects.create(clip=clip, from_status="QUARANTINED", to_status="ACCEPTED", reason="")
    states.move(clip, to=S.ACCEPTED, by="test")
    rating = answered(clip, milo, NOISY)
    assert clip.status == S.ACCEPTED
    RatingVoid.objects.create(rating=rating, reason="SPAM")
    ratings.settle_again(clip, by="test")
    clip.refresh_from_db()

    assert clip.status == S.ACCEPTED


def test_a_disputed_clip_whose_one_dissenter_was_a_spammer_is_settled_by_the_others(clip, settings):
    settings.RATINGS_REQUIRED = 2
    milo, mona, mira = listeners("milo", "mona", "mira")
    answered(clip, milo, angry())
    spam = answered(clip, mona, NOISY)
    assert clip.status == S.DISPUTED
    RatingVoid.objects.create(rating=spam, reason="SPAM")
    ratings.settle_again(clip, by="test")
    clip.refresh_from_db()
    assert clip.status == S.IN_REVIEW

    answered(clip, mira, angry())
    assert clip.status == S.ACCEPTED


def test_a_rejected_clip_whose_other_answers_say_usable_is_accepted_at_once(clip, settings):
    settings.RATINGS_REQUIRED = 3
    crowd = listeners("milo", "mona", "mira")
    answered(clip, crowd[0], angry())
    spam = [answered(clip, each, NOISY) for each in crowd[1:]]
    assert clip.status == S.REJECTED
    settings.RATINGS_REQUIRED = 1
    for each in spam:
        RatingVoid.objects.create(rating=each, reason="SPAM")
    ratings.settle_again(clip, by="test")
    clip.refresh_from_db()

    assert clip.status == S.ACCEPTED
    needs_as_reckoned([clip])
