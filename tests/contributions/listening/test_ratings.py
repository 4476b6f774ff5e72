"""Milo listens blind; the suggestion comes after; nobody judges their own voice."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from contributions import permissions
from contributions.leaving import withdrawal
from contributions.listening import ratings, refusals
from contributions.listening.ratings import Answer
from contributions.models import Clip, ListenerPass, ListeningNeed, Rating, RatingTurn, Suggestion
from contributions.models.consent import Immutable
from openempathic.accounts.models import Role
from openempathic.registry.models import Checkpoint
from tests import worlds

ANGRY = Answer(is_usable=True, emotion="anger", intensity=2)
NOISY = Answer(is_usable=False, unusable_reason="TOO_NOISY")


def run_out():
    """Every turn and every hold is over."""
    RatingTurn.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    ListeningNeed.objects.update(held_until=timezone.now() - timedelta(seconds=1))


@pytest.fixture(autouse=True)
def _shown(settings):
    """Nobody is in the hidden arm by chance."""
    settings.HIDDEN_ARM = 0


@pytest.fixture
def clip(vera):
    return worlds.screened_clip(vera)


@pytest.fixture
def suggestion(clip):
    checkpoint = Checkpoint.objects.create(
        digest="a" * 64, status="CHAMPION", preset="nano", release_digest="b" * 64, run_id=clip.pk, files={}
    )
    scores = {"sadness": 0.7, "anger": 0.3}
    return Suggestion.objects.create(
        clip=clip, checkpoint=checkpoint, scores=scores, emotion="sadness", made_at=timezone.now()
    )


def test_milos_answer_settles_the_clip(clip, milo):
    rating = ratings.rate(worlds.heard(ratings.open_turn(milo)), by=milo, answer=ANGRY)
    clip.refresh_from_db()

    assert clip.status == Clip.Status.ACCEPTED
    assert (rating.phase, rating.emotion, rating.intensity) == ("BLIND", "anger", 2)


def test_an_unusable_clip_is_rejected_with_the_reason(clip, milo):
    ratings.rate(worlds.heard(ratings.open_turn(milo)), by=milo, answer=NOISY)
    clip.refresh_from_db()

    assert (clip.status, clip.status_reason) == (Clip.Status.REJECTED, "TOO_NOISY")


def test_where_two_are_required_one_answer_settles_nothing_and_disagreement_is_kept(clip, milo, cleo, settings):
    settings.RATINGS_REQUIRED = 2
    ratings.rate(worlds.heard(ratings.open_turn(milo)), by=milo, answer=ANGRY)
    clip.refresh_from_db()
    assert clip.status == Clip.Status.IN_REVIEW

    ratings.rate(worlds.heard(ratings.open_turn(cleo)), by=cleo, answer=NOISY)
    clip.refresh_from_db()
    assert clip.status == Clip.Status.DISPUTED


def test_ones_own_voice_is_never_offered_nor_rateable(vera, clip):
    vera.role = Role.MODERATOR
    vera.save(update_fields=["role"])
    assert ratings.open_turn(vera) is None

    forged = RatingTurn.objects.create(clip=clip, rater=vera, lease_expires_at=timezone.now() + timedelta(minutes=1))
    with pytest.raises(ratings.OwnClip):
        ratings.rate(forged, by=vera, answer=ANGRY)


def test_otto_may_not_listen(clip, otto):
    with pytest.raises(ratings.MayNotListen):
        ratings.open_turn(otto)


def test_milo_cannot_answer_in_cleos_turn(clip, milo, cleo):
    turn = ratings.open_turn(cleo)

    with pytest.raises(ratings.NotYourTurn):
        ratings.rate(worlds.heard(turn), by=milo, answer=ANGRY)


def test_a_clip_is_offered_to_one_listener_at_a_time(clip, milo, cleo):
    turn = ratings.open_turn(milo)

    assert ratings.open_turn(cleo) is None
    assert ratings.open_turn(milo) == turn


def test_a_turn_that_ran_out_goes_to_somebody_else(clip, milo, cleo):
    turn = ratings.open_turn(milo)
    run_out()
    turn.refresh_from_db()
    assert ratings.open_turn(cleo).clip == clip

    with pytest.raises(ratings.TurnExpired):
        ratings.rate(worlds.heard(turn), by=milo, answer=ANGRY)
    assert not Rating.objects.exists()


def test_a_turn_that_ran_out_unnoticed_loses_no_answer(clip, milo):
    turn = ratings.open_turn(milo)
    run_out()
    turn.refresh_from_db()

    assert ratings.rate(worlds.heard(turn), by=milo, answer=ANGRY)


def test_nobody_answers_twice(clip, milo):
    turn = ratings.open_turn(milo)
    ratings.rate(worlds.heard(turn), by=milo, answer=ANGRY)

    with pytest.raises(ratings.AlreadyRated):
        ratings.rate(worlds.heard(turn), by=milo, answer=NOISY)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(is_usable=True),
        Answer(is_usable=True, emotion="wrath-of-khan"),
        Answer(is_usable=False),
        Answer(is_usable=False, unusable_reason="BORING"),
        Answer(is_usable=True, emotion="anger", secondary_emotions=("nonsense",)),
        Answer(is_usable=True, emotion="anger", styles=("yodel",)),
    ],
)
def test_half_an_answer_is_sent_back(clip, milo, answer):
    with pytest.raises(ratings.IncompleteAnswer):
        ratings.rate(worlds.heard(ratings.open_turn(milo)), by=milo, answer=answer)

    assert not Rating.objects.exists()


def test_a_withdrawn_clip_is_neither_offered_nor_rateable(clip, milo):
    turn = ratings.open_turn(milo)
    Clip.objects.update(status=Clip.Status.WITHDRAWN)

    assert ratings.open_turn(milo) is None
    with pytest.raises(ratings.NoLongerRateable):
        ratings.rate(worlds.heard(turn), by=milo, answer=ANGRY)


def test_the_suggestion_comes_after_the_blind_answer_and_a_change_is_a_second_rating(clip, milo, suggestion):
    blind = ratings.rate(worlds.heard(ratings.open_turn(milo)), by=milo, answer=ANGRY)
    assert ratings.suggestion_for(blind) == suggestion

    informed = ratings.reconsider(blind, by=milo, emotion="sadness")
    assert (informed.phase, informed.suggestion) == ("INFORMED", suggestion)
    assert Rating.objects.get(phase="BLIND").emotion == "anger"
    assert ratings.suggestion_for(informed) is None


def test_without_a_champion_review_goes_on(clip, milo):
    blind = ratings.rate(worlds.heard(ratings.open_turn(milo)), by=milo, answer=ANGRY)

    assert ratings.suggestion_for(blind) is None


def test_an_informed_answer_does_not_settle_a_clip(clip, milo, suggestion, settings):
    settings.RATINGS_REQUIRED = 2
    blind = ratings.rate(worlds.heard(ratings.open_turn(milo)), by=milo, answer=ANGRY)
    ratings.reconsider(blind, by=milo, emotion="anger")
    clip.refresh_from_db()

    assert clip.status == Clip.Status.IN_REVIEW


def test_a_clip_withdrawn_after_the_answer_shows_no_suggestion_and_takes_no_second(clip, vera, milo, suggestion):
    blind = ratings.rate(worlds.heard(ratings.open_turn(milo)), by=milo, answer=ANGRY)
    withdrawal.withdraw(Clip.objects.get(pk=clip.pk), by=vera)

    assert ratings.suggestion_for(blind) is None
    with pytest.raises(ratings.NoLongerRateable):
        ratings.reconsider(blind, by=milo, emotion="sadness")


@pytest.mark.parametrize(
    "beyond",
    [{"intensity": 4}, {"intensity": -1}, {"valence": 0}, {"valence": 8}, {"arousal": 0}, {"dominance": 8}],
)
def test_a_value_beyond_its_scale_is_sent_back(clip, milo, beyond):
    with pytest.raises(ratings.OutOfRange):
        ratings.rate(worlds.heard(ratings.open_turn(milo)), by=milo, answer=Answer(True, emotion="anger", **beyond))

    assert not Rating.objects.exists()
    assert ratings.rate(ratings.open_turn(milo), by=milo, answer=ANGRY)


def test_more_words_than_can_be_kept_are_sent_back(clip, milo):
    turn = worlds.heard(ratings.open_turn(milo))

    for wordy in ({"other_word": "w" * 61}, {"description": "w" * 2001}):
        with pytest.raises(ratings.TooManyWords):
            ratings.rate(turn, by=milo, answer=Answer(is_usable=True, emotion="other", **wordy))
    assert not Rating.objects.exists()


def test_all_that_a_listener_may_say_is_kept_and_what_they_left_alone_stays_empty(clip, milo):
    said = Answer(
        is_usable=True,
        emotion="other",
        secondary_emotions=("sadness", "other", "sadness"),
        other_word="homesick",
        intensity=0,
        valence=2,
        dominance=7,
        styles=("whisper", "tremble"),
        description="as if somebody stood behind the door",
    )
    kept = ratings.rate(worlds.heard(ratings.open_turn(milo)), by=milo, answer=said)
    kept = Rating.objects.get(pk=kept.pk)

    assert (kept.emotion, kept.other_word, kept.secondary_emotions) == ("other", "homesick", ["sadness"])
    assert (kept.intensity, kept.valence, kept.arousal, kept.dominance) == (0, 2, None, 7)
    assert (kept.styles, kept.description) == (["whisper", "tremble"], said.description)
    assert kept.seconds > 0


def test_of_an_unusable_clip_no_feeling_is_kept(clip, milo):
    said = Answer(
        False, "TOO_NOISY", emotion="anger", intensity=2, valence=3, styles=("whisper",), description="a tram"
    )
    kept = ratings.rate(worlds.heard(ratings.open_turn(milo)), by=milo, answer=said)

    assert (kept.emotion, kept.intensity, kept.valence, kept.styles, kept.description) == ("", None, None, [], "a tram")


def test_a_turn_on_a_clip_of_another_language_takes_no_answer(clip, otto):
    ListenerPass.objects.create(person=otto, language="de")
    forged = RatingTurn.objects.create(clip=clip, rater=otto, lease_expires_at=timezone.now() + timedelta(minutes=1))

    with pytest.raises(ratings.OtherLanguage):
        ratings.rate(worlds.heard(forged), by=otto, answer=ANGRY)
    assert not Rating.objects.exists()


def test_whoever_lost_their_language_meanwhile_is_told(clip, otto):
    ListenerPass.objects.create(person=otto, language="en")
    turn = worlds.heard(ratings.open_turn(otto))
    ListenerPass.objects.all().delete()

    with pytest.raises(ratings.MayNotListen):
        ratings.rate(turn, by=otto, answer=ANGRY)


def test_every_refusal_says_why_in_words_of_its_own():
    refused = [each for each in vars(refusals).values() if isinstance(each, type)]

    assert len(refused) == len({each.text for each in refused}) > 10
    assert all(each().message == each.text for each in refused)


def test_what_was_said_is_neither_changed_nor_deleted_by_any_way_of_ours(clip, milo):
    rating = worlds.rated(clip, by=milo)
    rating.emotion = "fear"

    for change in (
        rating.save,
        rating.delete,
        Rating.objects.all().delete,
        Rating.objects.filter(pk=rating.pk).delete,
        clip.ratings.all().delete,
        partial(Rating.objects.update, emotion="fear"),
        partial(clip.ratings.update, is_usable=False),
        partial(milo.ratings.update, rater=None),
        partial(Rating.objects.bulk_update, [rating], ["emotion"]),
    ):
        with pytest.raises(Immutable), transaction.atomic():
            change()
    assert Rating.objects.get().emotion == "anger"


def test_who_leaves_takes_their_name_from_what_they_said_and_nothing_else(clip, milo):
    rating = worlds.rated(clip, by=milo)
    milo.delete()

    kept = Rating.objects.get(pk=rating.pk)
    assert (kept.rater, kept.emotion) == (None, "anger")


# What a listener may hear


def test_a_listener_hears_the_clip_of_their_turn_while_it_lasts(clip, otto):
    voices = [worlds.voice_of(otto)]
    ListenerPass.objects.create(person=otto, language="en")
    assert not permissions.audible_to(otto, voices).exists()
    ratings.open_turn(otto)
    assert list(permissions.audible_to(otto, voices)) == [clip]

    run_out()
    assert not permissions.audible_to(otto, voices).exists()


def test_a_moderator_judges_the_languages_they_were_given_and_a_curator_all(clip, milo, cleo):
    Clip.objects.update(status=Clip.Status.DISPUTED)
    for languages, sees in (([], True), (["en"], True), (["de"], False), (["de", "en"], True)):
        milo.moderated_languages = cleo.moderated_languages = languages
        assert permissions.may_moderate_in(milo, "en") == permissions.decidable_by(milo).exists() == sees
        assert permissions.may_moderate_in(cleo, "en")
        assert permissions.decidable_by(cleo).exists()


def test_a_moderator_of_a_language_judges_its_varieties_too_and_nobody_else_does(clip, milo, otto):
    Clip.objects.update(language="pt-BR", status=Clip.Status.DISPUTED)
    for languages, sees in ((["pt"], True), (["pt-BR"], True), (["pt-PT"], False), (["p"], False)):
        milo.moderated_languages = languages
        assert permissions.may_moderate_in(milo, "pt-BR") == permissions.may_listen(milo, "pt-BR") == sees
        assert permissions.decidable_by(milo).exists() == sees
    assert not permissions.may_moderate_in(otto, "pt")
    assert not permissions.decidable_by(otto).exists()
