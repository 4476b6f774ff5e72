"""Otto learns to listen: five examples, four within the band, three tries a day, and never more than one to hear."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions import corpora, permissions, states
from contributions.leaving import withdrawal
from contributions.listening import gold, queue, ratings, tutorial
from contributions.models import Clip, Contributor, GoldItem, ListenerPass, ListeningNeed, RatingTurn, TutorialAnswer
from contributions.models.consent import Immutable
from openempathic.audit.models import AuditEvent
from tests import worlds
from tests.contributions.listening.test_gold import Always, accepted, chosen, main_of

FELT = ("anger", "sadness", "fear", "happiness", "neutral", "surprise", "disgust")
PAGE, EXAMPLE = reverse("tutorial", args=["en"]), reverse("tutorial-example", args=["en"])


def examples(speaker, cleo, many=tutorial.EXAMPLES):
    """So many examples of the tutorial, each of another feeling as long as there are any."""
    return [
        chosen(accepted(speaker), by=cleo, emotions=[FELT[n % len(FELT)]], explanation=f"Why {n}", is_for_tutorial=True)
        for n in range(many)
    ]


def now():
    return timezone.now()


def progress(person):
    return tutorial.progress(person, "en", now=now())


def answer_next(person, *, rightly=True):
    """Answer the example that is asked now."""
    example = progress(person).example
    emotion = example.emotions[0] if rightly else "cannot_tell"
    return tutorial.answer(person, "en", clip_id=example.clip_id, emotion=emotion, now=now())


def attempt(person, *, right=tutorial.EXAMPLES):
    """Answer all of one try, so many of them within the band."""
    return [answer_next(person, rightly=n < right) for n in range(tutorial.EXAMPLES)]


def heard(client, clip_id):
    return client.get(reverse("clip-audio", args=[clip_id])).status_code


@pytest.fixture
def five(vera, cleo):
    return examples(vera, cleo)


@pytest.fixture
def otto_here(otto, client):
    client.force_login(otto)
    return client


# Passing


def test_four_of_five_pass_and_otto_may_listen(otto, five):
    assert not permissions.may_listen(otto, "en")
    attempt(otto, right=4)

    assert ListenerPass.objects.get().person == otto
    assert (permissions.may_listen(otto, "en"), permissions.may_listen(otto, "de")) == (True, False)
    assert (progress(otto).is_passed, progress(otto).example) == (True, None)
    assert AuditEvent.objects.filter(act="listener.passed", actor=otto).count() == 1


def test_three_of_five_do_not(otto, five):
    attempt(otto, right=3)

    assert not ListenerPass.objects.exists()
    found = progress(otto)
    assert (found.right, found.is_over, found.attempt, found.tries_left) == (3, True, 1, 2)


def test_every_emotion_of_the_band_is_right(otto, vera, cleo):
    for _ in range(5):
        chosen(accepted(vera), by=cleo, emotions=["anger", "fear"], is_for_tutorial=True)
    kept = [
        tutorial.answer(otto, "en", clip_id=progress(otto).example.clip_id, emotion=said, now=now())
        for said in ("anger", "fear", "sadness", "fear", "anger")
    ]

    assert [each.is_right for each in kept] == [True, True, False, True, True]
    assert ListenerPass.objects.exists()


def test_another_try_has_other_examples_where_there_are_any(otto, vera, cleo):
    examples(vera, cleo, many=8)
    first, second = ({each.gold_id for each in attempt(otto, right=0)} for _ in range(2))

    assert len(first) == len(second) == 5
    assert len(first | second) == 8


def test_a_try_asks_for_as_many_feelings_as_there_are(otto, vera, cleo):
    examples(vera, cleo, many=14)

    assert len({each.gold.emotions[0] for each in attempt(otto, right=0)}) == 5


def test_three_tries_a_day_and_not_one_more(otto, five):
    for _ in range(3):
        attempt(otto, right=0)
    found = progress(otto)
    assert (found.tries_left, found.example) == (0, None)
    assert timedelta(hours=23) < found.opens_at - now() < timedelta(hours=24)
    with pytest.raises(tutorial.AnotherExample):
        tutorial.answer(otto, "en", clip_id=five[0].clip_id, emotion="anger", now=now())

    TutorialAnswer.objects.filter(attempt=1).update(answered_at=now() - timedelta(hours=25))
    assert progress(otto).tries_left == 1
    attempt(otto, right=5)
    assert ListenerPass.objects.exists()


def test_a_try_that_was_begun_goes_on_another_day(otto, five):
    answer_next(otto)
    asked = progress(otto).example
    TutorialAnswer.objects.update(answered_at=now() - timedelta(days=9))

    assert progress(otto).example == asked
    assert (progress(otto).attempt, len(progress(otto).answers)) == (1, 1)


# What is refused


def test_only_the_example_that_is_asked_can_be_answered_and_once(otto, five):
    asked = progress(otto).example
    other = next(each for each in five if each != asked)
    for clip_id in (other.clip_id, uuid.uuid4()):
        with pytest.raises(tutorial.AnotherExample):
            tutorial.answer(otto, "en", clip_id=clip_id, emotion="anger", now=now())
    with pytest.raises(tutorial.NoSuchFeeling):
        tutorial.answer(otto, "en", clip_id=asked.clip_id, emotion="hunger", now=now())
    answer_next(otto)
    with pytest.raises(tutorial.AnotherExample):
        tutorial.answer(otto, "en", clip_id=asked.clip_id, emotion="anger", now=now())

    assert TutorialAnswer.objects.count() == 1


def test_what_was_answered_is_never_changed(otto, five):
    kept = answer_next(otto)
    kept.is_right = False
    with pytest.raises(Immutable):
        kept.save()


def test_vera_is_never_asked_for_her_own_voice(vera, five):
    assert (progress(vera).there, progress(vera).example) == (0, None)


def test_without_five_there_is_no_try_and_the_page_says_so(otto, otto_here, vera, cleo):
    examples(vera, cleo, many=4)

    assert progress(otto).example is None
    assert "Not possible yet: 4 of 5 examples" in otto_here.get(PAGE).content.decode()
    assert otto_here.get(EXAMPLE).status_code == 302


def test_an_example_that_is_taken_back_is_asked_no_more(otto, otto_here, vera, cleo):
    examples(vera, cleo, many=6)
    asked = progress(otto).example
    withdrawal.withdraw(asked.clip, by=vera)

    assert progress(otto).example != asked
    assert heard(otto_here, asked.clip_id) == 404
    with pytest.raises(tutorial.AnotherExample):
        tutorial.answer(otto, "en", clip_id=asked.clip_id, emotion="anger", now=now())


def test_a_corpus_is_enough_to_learn_from(otto, cleo):
    """Its clips have labels and no ratings: Cleo chooses them by hand."""
    licence = corpora.grant(
        "acted", licence="CC0-1.0", source="a shelf", source_sha256="0", purposes=["STORE_AND_REVIEW"], commercial=True
    )
    for n in range(5):
        speaker = Contributor.objects.create(licence=licence, corpus_speaker=str(n), split="train")
        clip = Clip.objects.create(
            contributor=speaker, licence=licence, language="en", status=Clip.Status.ACCEPTED, byte_count=1
        )
        chosen(clip, by=cleo, emotions=[FELT[n]], is_for_tutorial=True)
    assert progress(otto).is_possible

    withdrawal.end_licence(licence, by=cleo)
    assert progress(otto).there == 0


# What can be heard, and what is told


def test_otto_hears_the_one_example_that_is_asked_and_nothing_else(otto, otto_here, five):
    for _ in range(5):
        asked = progress(otto).example
        audible = [each for each in five if heard(otto_here, each.clip_id) == 200]
        assert audible == [asked]
        answer_next(otto)

    assert [heard(otto_here, each.clip_id) for each in five] == [404] * 5


def test_a_stranger_and_a_guest_hear_none_and_are_told_how_to_take_part(client, settings, five):
    page = client.get(PAGE).content.decode()
    assert reverse("account_signup") in page
    assert client.get(EXAMPLE).status_code == 302
    assert [heard(client, each.clip_id) for each in five] == [302] * 5

    session = client.session
    worlds.guests.enter(session, worlds.guest())
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    assert "You are here as a guest." in main_of(client.get(PAGE))
    assert [heard(client, each.clip_id) for each in five] == [404] * 5


def test_no_page_tells_what_is_heard_before_the_answer(otto, otto_here, five):
    for _ in range(5):
        item = progress(otto).example
        told = (item.explanation["en"], "Most people hear")
        before = [main_of(otto_here.get(page)) for page in (PAGE, EXAMPLE, reverse("tutorials"))]
        assert not any(word in page for word in told for page in before)

        sent = {"clip": item.clip_id, "emotion": "cannot_tell", "is_heard": "on"}
        after = main_of(otto_here.post(EXAMPLE, sent, follow=True))
        assert all(word in after for word in told)


def test_what_otto_learned_from_he_is_never_asked_to_rate(otto, five):
    known = {each.gold.clip_id for each in attempt(otto)}
    for clip in Clip.objects.filter(pk__in=known):
        queue.follow(clip)
    assert ListeningNeed.objects.filter(is_open=True).count() == 5

    assert ratings.open_turn(otto) is None
    assert gold.maybe_gold(otto, "en", chance=Always()) is None
    assert RatingTurn.objects.filter(rater=otto, revealed_at__isnull=False).count() == 5


def test_milo_may_listen_already_and_may_still_practise(milo, client, five):
    client.force_login(milo)

    page = main_of(client.get(PAGE))
    assert "As a moderator you may listen already." in page
    assert EXAMPLE in page


# The pages


def test_otto_goes_through_it_on_the_pages(otto_here, otto, five):
    assert "Begin" in main_of(otto_here.get(PAGE))
    for number in range(5):
        assert f"Example {number + 1} of 5" in main_of(otto_here.get(EXAMPLE))
        item = progress(otto).example
        sent = {"clip": item.clip_id, "emotion": item.emotions[0], "is_heard": "on"}
        page = main_of(otto_here.post(EXAMPLE, sent, follow=True))
        assert "You hear it as most people do." in page
        assert item.explanation["en"] in page
        assert ("Next example" in page) == (number < 4)

    assert "You heard 5 of 5" in main_of(otto_here.get(PAGE))
    assert "You may listen." in main_of(otto_here.get(reverse("tutorials")))


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        ({"emotion": "anger"}, "hear the example to its end"),
        ({"is_heard": "on"}, "say which feeling you heard"),
        ({"is_heard": "on", "emotion": "hunger"}, "say which feeling you heard"),
        ({"is_heard": "on", "emotion": "anger", "clip": "no id"}, "say which feeling you heard"),
    ],
)
def test_an_answer_that_lacks_something_is_refused_and_what_was_chosen_stays(otto, otto_here, five, sent, refusal):
    response = otto_here.post(EXAMPLE, {"clip": progress(otto).example.clip_id, **sent})

    assert response.status_code == 422
    assert refusal in main_of(response)
    assert ("checked" in main_of(response).partition('value="anger"')[2][:120]) == (sent.get("emotion") == "anger")
    assert not TutorialAnswer.objects.exists()


def test_a_stale_page_is_told_so_and_leads_to_the_example_that_is_asked(otto, otto_here, five):
    answered = answer_next(otto)
    sent = {"clip": answered.gold.clip_id, "emotion": "fear", "is_heard": "on"}
    page = otto_here.post(EXAMPLE, sent, follow=True)

    assert "This example is not asked any more." in main_of(page)
    assert str(progress(otto).example.clip_id) in main_of(page)


def test_an_answer_is_its_owners_alone(otto, vera, client, five):
    kept = answer_next(otto)
    client.force_login(vera)

    assert client.get(reverse("tutorial-answer", args=[kept.pk])).status_code == 404


def test_an_unexplained_band_that_was_lost_leaves_the_page_standing(otto, otto_here, five):
    kept = answer_next(otto)
    GoldItem.objects.update(emotions=[], explanation={})

    assert "They no longer agree." in main_of(otto_here.get(reverse("tutorial-answer", args=[kept.pk])))


def test_the_pages_ask_the_database_the_same_however_many_examples_there_are(
    otto, otto_here, vera, cleo, five, django_assert_max_num_queries
):
    states.move(accepted(vera), to=Clip.Status.DISPUTED, by="ratings")
    examples(vera, cleo, many=10)
    with django_assert_max_num_queries(16):
        otto_here.get(EXAMPLE)
