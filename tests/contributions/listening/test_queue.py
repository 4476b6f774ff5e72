"""What wants ears, how soon, and that nobody is offered what they must not hear."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.utils import timezone

from contributions import states
from contributions.consenting import consent
from contributions.leaving import withdrawal
from contributions.listening import queue, ratings, reveals
from contributions.models import (
    Clip,
    CoverageCount,
    Examination,
    ListenerPass,
    ListeningDecision,
    ListeningNeed,
    RatingTurn,
    Suggestion,
)
from contributions.models.contributor import Split
from openempathic.accounts.models import Role
from openempathic.registry.models import Checkpoint
from tests import harvest, worlds
from tests.contributions.listening.crowd import NOISY, angry, answered, clips_of, listeners, needs_as_reckoned

pytestmark = pytest.mark.usefixtures("_stocked")


@pytest.fixture(autouse=True)
def _shown(settings):
    """Nobody is in the hidden arm by chance."""
    settings.HIDDEN_ARM = 0


def need_of(clip):
    return ListeningNeed.objects.get(pk=clip.pk)


def offered(listener, **options):
    turn = ratings.open_turn(listener, **options)
    return turn and turn.clip


# How much


def test_a_clip_in_review_wants_as_many_as_the_site_asks_for(settings):
    settings.RATINGS_REQUIRED = 2
    (clip,) = clips_of("vera")

    assert (need_of(clip).wanted, need_of(clip).given, need_of(clip).is_open) == (2, 0, True)


def test_a_language_may_ask_for_more_than_the_site(settings):
    settings.RATINGS_REQUIRED = 1
    ListeningDecision.objects.create(language="en", ratings_required=3)
    ListeningDecision.objects.create(language="en", ratings_required=2)
    (english,), (german,) = clips_of("vera"), clips_of("nina", language="de")

    assert (need_of(english).wanted, need_of(german).wanted) == (2, 1)


def test_an_accepted_clip_goes_on_wanting_until_its_listeners_agree():
    (clip,) = clips_of("vera")
    seen = []
    for listener, emotion in zip(
        listeners("milo", "mona", "mira", "moe"), ("anger", "sadness", "anger", "anger"), strict=True
    ):
        answered(clip, listener, angry(emotion))
        need = need_of(clip)
        seen.append((need.wanted, need.given, need.is_open))

    assert seen == [(3, 1, True), (3, 2, True), (5, 3, True), (4, 4, False)]
    (molly,) = listeners("molly")
    assert offered(molly) is None


def test_on_the_test_side_five_are_wanted_at_least():
    (clip,) = clips_of("vera", side=Split.TEST)
    for listener in listeners("milo", "mona", "mira"):
        answered(clip, listener, angry())

    assert (need_of(clip).wanted, need_of(clip).given) == (5, 3)


def test_a_clip_that_a_moderator_sent_back_wants_one_more_than_it_has(settings):
    settings.RATINGS_REQUIRED = 2
    (clip,) = clips_of("vera")
    milo, mona = listeners("milo", "mona")
    answered(clip, milo, angry())
    answered(clip, mona, NOISY)
    assert clip.status == Clip.Status.DISPUTED
    assert not ListeningNeed.objects.exists()

    states.move(clip, to=Clip.Status.IN_REVIEW, by="test")
    assert (need_of(clip).wanted, need_of(clip).given, need_of(clip).is_open) == (3, 2, True)


def test_a_corpus_with_labels_of_its_own_wants_no_ears():
    harvest.corpus(sides={"ada": Split.TRAIN}, emotions=["anger"], clips_each=1)

    assert not ListeningNeed.objects.exists()


@pytest.mark.parametrize("status", ["UNUSABLE", "REJECTED", "QUARANTINED", "DISPUTED", "STORED"])
def test_what_is_set_aside_wants_no_ears_until_it_comes_back(status):
    (clip,) = clips_of("vera")
    Clip.objects.filter(pk=clip.pk).update(status=status)
    queue.follow(clip)
    assert not ListeningNeed.objects.exists()

    clip.refresh_from_db()
    if states.TABLE.allows(status, "IN_REVIEW"):
        states.move(clip, to=Clip.Status.IN_REVIEW, by="test")
        assert need_of(clip).is_open


# How soon


def checkpoint_that_says(clip, scores):
    heard, _is_new = Checkpoint.objects.get_or_create(
        digest="a" * 64,
        defaults={"status": "CHAMPION", "preset": "nano", "release_digest": "b" * 64, "run_id": clip.pk, "files": {}},
    )
    Suggestion.objects.create(clip=clip, checkpoint=heard, scores=scores, emotion="anger", made_at=timezone.now())
    queue.follow(clip)


def test_the_most_needed_is_heard_first(settings):
    settings.RATINGS_REQUIRED = 3
    (milo, mona, molly) = listeners("milo", "mona", "molly")
    CoverageCount.objects.create(
        part="en/fear", language="en", emotion="fear", voices=9, clips=9, accepted_voices=1, accepted_clips=1,
        counted_at=timezone.now(),
    )  # fmt: skip
    (test_side,) = clips_of("vera", side=Split.TEST)
    (disputed,) = clips_of("nina")
    answered(disputed, milo, angry("anger"))
    answered(disputed, mona, angry("sadness"))
    (unsure,) = clips_of("otto")
    checkpoint_that_says(unsure, {"anger": 0.26, "sadness": 0.25, "fear": 0.25, "neutral": 0.24})
    (gap,) = clips_of("olga", emotion="fear")
    (plain,) = clips_of("olga")
    checkpoint_that_says(plain, {"anger": 0.97, "sadness": 0.01, "fear": 0.01, "neutral": 0.01})
    settings.RATINGS_REQUIRED = 1
    (accepted,) = clips_of("paul")
    answered(accepted, milo, angry())

    order = []
    while clip := offered(molly):
        order.append(clip)
        ratings.rate(worlds.heard(RatingTurn.objects.get(clip=clip, rater=molly)), by=molly, answer=angry())
    assert order == [test_side, disputed, unsure, gap, plain, accepted]
    assert [need_of(clip).priority for clip in (gap, plain)] != [queue.REST, queue.REST]


def test_among_equals_the_lot_decides(monkeypatch):
    clips = clips_of("vera", count=4)
    for place, clip in enumerate(clips):
        ListeningNeed.objects.filter(pk=clip.pk).update(place=0.2 * place + 0.1)
    seen = []
    for number, draw in enumerate([0.05, 0.25, 0.45, 0.65, 0.95]):
        monkeypatch.setattr(queue, "by_lot", lambda draw=draw: draw)
        (listener,) = listeners(f"m{number}")
        seen.append(offered(listener))
        ListeningNeed.objects.update(held_by=None, held_until=None)

    # From the place that was drawn on, and round to the first.
    assert seen == [*clips, clips[0]]


def test_even_scores_are_all_doubt_and_certain_ones_none():
    assert queue.doubt([0.25] * 4) == pytest.approx(1)
    assert queue.doubt([1, 0, 0]) == 0
    assert 0 < queue.doubt([0.9, 0.1]) < queue.UNSURE_FROM < queue.doubt([0.5, 0.5])
    assert queue.doubt([]) == queue.doubt([1.0]) == 0


# To whom


def test_nobody_is_offered_their_own_voice_not_even_one_they_gave_as_a_guest():
    (milo,) = listeners("milo")
    consent.contributor_for(milo)
    gina = worlds.guest()
    clip = harvest.in_review(gina, emotion="anger", language="en")
    assert offered(milo) == clip
    RatingTurn.objects.all().delete()

    gina.claimed_by = milo
    gina.save(update_fields=["claimed_by"])
    assert offered(milo) is None


def test_nobody_is_offered_what_is_like_one_of_theirs():
    (milo,) = listeners("milo")
    consent.contributor_for(milo)
    own = harvest.in_review(worlds.voice_of(milo), emotion="anger", language="en")
    (again,) = clips_of("vera")
    Examination.objects.create(
        clip=again, agent="duplicates", version="1", fence=1, is_usable=False, reason="SAME_SOUND", twin=own
    )

    assert offered(milo) is None


def test_nobody_is_offered_what_they_rated_decided_or_know_more_of():
    (milo, mona) = listeners("milo", "mona")
    rated, seen, free = clips_of("vera", count=3)
    answered(rated, milo, angry())
    reveals.reveal(seen, to=milo)

    assert {offered(milo), offered(milo)} == {free}
    assert offered(mona, language="en") in (rated, seen)


def test_a_clip_without_leave_is_offered_to_nobody():
    (milo,) = listeners("milo")
    grant = harvest.corpus(sides={"ada": Split.TRAIN}, emotions=["anger"], clips_each=1)
    clip = Clip.objects.get()
    Clip.objects.filter(pk=clip.pk).update(status=Clip.Status.IN_REVIEW)
    queue.follow(clip)
    assert need_of(clip).is_open

    grant.ended_at = timezone.now()
    grant.save(update_fields=["ended_at"])
    assert offered(milo) is None
    grant.ended_at = None
    grant.save(update_fields=["ended_at"])
    withdrawal.end_licence(grant, by="test")
    assert not ListeningNeed.objects.exists()


def test_a_withdrawn_clip_is_gone_from_the_queue_in_the_same_moment():
    (milo,) = listeners("milo")
    (clip,) = clips_of("vera")
    withdrawal.withdraw(clip, by=clip.contributor.actor)

    assert not ListeningNeed.objects.exists()
    assert offered(milo) is None


# Languages


def test_a_listener_hears_the_languages_they_passed_and_no_other():
    clips_of("vera", language="de")
    (english,) = clips_of("nina", language="en")
    otto = worlds.volunteer("otto")
    with pytest.raises(ratings.MayNotListen):
        ratings.open_turn(otto)
    ListenerPass.objects.create(person=otto, language="en")

    assert offered(otto) == english
    with pytest.raises(ratings.OtherLanguage):
        ratings.open_turn(otto, language="de")


def test_a_moderator_of_some_languages_hears_these_and_what_they_passed():
    (german,), (polish,), (spanish,) = (
        clips_of(name, language=tag) for name, tag in (("vera", "de"), ("nina", "pl"), ("olga", "es"))
    )
    milo = worlds.person("milo", Role.MODERATOR)
    milo.moderated_languages = ["de"]
    milo.save(update_fields=["moderated_languages"])
    ListenerPass.objects.create(person=milo, language="pl")

    assert {offered(milo, language="de"), offered(milo, language="pl")} == {german, polish}
    with pytest.raises(ratings.OtherLanguage):
        ratings.open_turn(milo, language="es")
    for clip in (german, polish):
        answered_in_turn = worlds.heard(RatingTurn.objects.get(clip=clip, rater=milo))
        ratings.rate(answered_in_turn, by=milo, answer=angry())
    assert offered(milo) is None
    assert need_of(spanish).is_open


def test_a_variety_is_heard_by_those_who_hear_its_language():
    (clip,) = clips_of("vera", language="pt-BR")
    otto = worlds.volunteer("otto")
    ListenerPass.objects.create(person=otto, language="pt")

    assert need_of(clip).language == "pt"
    assert offered(otto) == clip


# One at a time


def test_one_listener_holds_it_until_it_runs_out_and_nobody_else():
    (milo, mona) = listeners("milo", "mona")
    (clip,) = clips_of("vera")
    soon = timezone.now() + timedelta(minutes=1)

    assert queue.hold(clip.pk, by=milo, until=soon)
    assert not queue.hold(clip.pk, by=mona, until=soon)
    assert queue.hold(clip.pk, by=milo, until=soon)
    ListeningNeed.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert queue.hold(clip.pk, by=mona, until=soon)
    assert queue.is_held_by_another(clip.pk, milo)
    queue.let_go(clip.pk, by=milo)
    assert need_of(clip).held_by == mona
    queue.let_go(clip.pk, by=mona)
    assert need_of(clip).held_by is None


def test_what_somebody_took_a_moment_before_is_not_offered_and_the_next_is(monkeypatch):
    (milo, mona) = listeners("milo", "mona")
    first, second = clips_of("vera", count=2)
    found = queue.found
    is_first = []

    def found_and_then_taken(*args):
        clip_id = found(*args)
        if not is_first:
            is_first.append(clip_id)
            assert queue.hold(clip_id, by=mona, until=timezone.now() + timedelta(minutes=1))
        return clip_id

    monkeypatch.setattr(queue, "found", found_and_then_taken)

    clip = offered(milo)
    assert clip in (first, second)
    assert clip.pk != is_first[0]


def test_needs_are_as_reckoned_after_every_act_of_this_file():
    clips = clips_of("vera", count=2)
    (milo,) = listeners("milo")
    answered(clips[0], milo, angry())

    needs_as_reckoned(clips)


def test_the_clips_that_were_there_before_there_were_needs_get_theirs(monkeypatch):
    milo, mona = listeners("milo", "mona")
    clips = [
        *clips_of("vera", count=3),
        *clips_of("otto", side=Split.TEST, count=2),
        *clips_of("nina", language="pt-BR"),
    ]
    for clip in clips[:4]:
        answered(clip, milo, angry())
    answered(clips[0], mona, angry("fear"))
    answered(clips[1], mona, NOISY)
    harvest.corpus(sides={"ada": Split.TRAIN}, emotions=["anger"], clips_each=1)
    before = import_module("contributions.migrations.0012_needs")
    monkeypatch.setattr(before, "AT_ONCE", 2)
    before.unmake(apps, None)
    assert not ListeningNeed.objects.exists()

    for _time in range(2):
        before.make(apps, None)
        needs_as_reckoned(Clip.objects.all())
        assert ListeningNeed.objects.count() == 5


def test_however_much_they_heard_already_the_one_that_is_left_is_found(monkeypatch):
    monkeypatch.setattr(queue, "LOOKED_AT", 2)
    (milo,) = listeners("milo")
    *heard, left = clips_of("vera", count=12)
    for clip in heard:
        reveals.reveal(clip, to=milo)

    assert offered(milo) == left
