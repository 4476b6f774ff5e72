"""All that happened to one clip on one page; whoever reads it listens to that clip no more, and learns no speaker."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions import self_reports
from contributions.leaving import withdrawal
from contributions.listening import labels, ratings, reports
from contributions.listening.ratings import Answer
from contributions.models import Clip, RatingTurn, RatingVoid, Release, ReleaseClip, Suggestion
from contributions.screening import verdicts
from contributions.screening.verdicts import Decision
from openempathic.accounts.models import Role
from openempathic.registry.models import Checkpoint
from tests import worlds

S = Clip.Status


@pytest.fixture
def mona(_stocked):
    return worlds.person("mona", Role.MODERATOR)


@pytest.fixture
def clip(vera):
    return worlds.screened_clip(vera)


def checkpoint(release_digest="b" * 64):
    return Checkpoint.objects.create(
        digest="a" * 64, status="CHAMPION", preset="nano", release_digest=release_digest, run_id=TURN, files={}
    )


TURN = "5e1f0000-0000-4000-8000-000000000000"


def page_of(browser, clip):
    return browser.get(reverse("moderate-history", args=[clip.pk]))


def words(answer):
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def rated(clip, by, **answer):
    kept = ratings.rate(worlds.heard(ratings.open_turn(by)), by=by, answer=Answer(**answer))
    clip.refresh_from_db()
    return kept


def lived(clip, vera, milo, mona, cleo, settings):
    """Everything that can happen to a clip has happened to it."""
    settings.RATINGS_REQUIRED = 2
    Clip.objects.filter(pk=clip.pk).update(intended_emotion="disgust")
    said = self_reports.Said(emotion="surprise", description="I thought of my neighbour Anna.")
    self_reports.say(clip, said, report_id=TURN, by=clip.contributor.actor)
    made = checkpoint()
    Suggestion.objects.create(
        clip=clip, checkpoint=made, scores={"fear": 0.75, "anger": 0.25}, emotion="fear", made_at=timezone.now()
    )
    rated(clip, milo, is_usable=True, emotion="sadness", valence=2, description="a tired voice at the end of a day")
    carelessly = rated(clip, mona, is_usable=False, unusable_reason="TOO_NOISY")
    assert clip.status == S.DISPUTED
    RatingVoid.objects.create(rating=carelessly, reason="CARELESS", note="in two seconds", voided_by=cleo)
    third = worlds.person("mila", Role.MODERATOR)
    verdicts.decide(clip, by=third, decision=Decision(S.ACCEPTED, note="clear"), seen=verdicts.mark_of(clip))
    reports.report(clip, by=milo, reason="OFFENSIVE", words="She insults somebody.")
    clip.refresh_from_db()
    refusal = Decision(S.REJECTED, reason="OFFENSIVE", answer="So she does.")
    verdicts.decide(clip, by=third, decision=refusal, seen=verdicts.mark_of(clip))
    labels.follow(clip)
    frozen = Release.objects.create(kind="TRAINING", digest="b" * 64, counts={})
    ReleaseClip.objects.create(release=frozen, clip=clip, key="k", split="train", taken_out_at=timezone.now())
    clip.refresh_from_db()


def test_the_page_tells_everything_in_order(client, clip, vera, milo, mona, cleo, settings):
    lived(clip, vera, milo, mona, cleo, settings)
    client.force_login(worlds.person("ines", Role.MODERATOR))
    told = words(page_of(client, clip))

    expected = [
        "The speaker · sent the clip",
        "A machine · moved it: waits for listeners",
        "Screening · found it usable",
        "The model · suggested a feeling checkpoint aaaaaaaaaaaa heard",
        "Listener 1 · answered blindly",
        "a tired voice at the end of a day",
        "Listener 2 · answered blindly counts no more The voice can hardly be heard over the noise.",
        "Listener 2 · moved it: listeners disagree",
        "A curator · took an answer out: Listener 2 Answered carelessly. in two seconds",
        "A moderator · decided: it is accepted clear",
        "Listener 1 · reported it It is hateful or degrading She insults somebody.",
        "Reports · moved it: set aside",
        "A moderator · decided: it is refused What is said is hateful or degrading.",
        "A moderator · answered the report So she does.",
        "A machine · put it into a release: For training, internal release bbbbbbbbbbbb part train",
        "A machine · took it out of the release",
    ]
    where = [told.find(each) for each in expected]
    assert -1 not in where, expected[where.index(-1)] + " in " + told
    assert where == sorted(where)
    for anywhere in ("asked for a feeling", "said how it was", "made a label of the answers", "was trained with it"):
        assert anywhere in told


def test_who_spoke_is_nowhere_and_who_listened_only_a_curator_reads(client, clip, vera, milo, mona, cleo, settings):
    lived(clip, vera, milo, mona, cleo, settings)
    client.force_login(worlds.person("ines", Role.MODERATOR))
    told = page_of(client, clip).content.decode().partition("<main")[2]
    for secret in ("vera@", "milo@", "mona@", "mila@", str(clip.contributor_id), "neighbour"):
        assert secret not in told, secret

    client.force_login(cleo)
    told = page_of(client, clip).content.decode().partition("<main")[2]
    assert "Listener 1 (milo@example.org)" in told
    for secret in ("vera@", str(clip.contributor_id), "neighbour"):
        assert secret not in told, secret


def test_whoever_reads_it_is_not_asked_to_listen_to_the_clip(client, clip, milo, mona):
    client.force_login(milo)
    assert page_of(client, clip).status_code == 200

    turn = RatingTurn.objects.get()
    assert (turn.rater, turn.clip) == (milo, clip)
    assert turn.revealed_at is not None
    assert ratings.open_turn(milo) is None
    assert ratings.open_turn(mona).clip == clip


def test_a_running_turn_is_blind_no_more_once_its_listener_has_read_it(client, clip, milo):
    turn = worlds.heard(ratings.open_turn(milo))
    client.force_login(milo)
    page_of(client, clip)

    assert ratings.open_turn(milo) is None
    try:
        rating = ratings.rate(
            RatingTurn.objects.get(pk=turn.pk), by=milo, answer=Answer(is_usable=True, emotion="fear")
        )
    except ratings.NotRateable:
        return
    assert rating.phase == "INFORMED"


def test_the_speaker_reads_no_history_of_their_own_clip(client, clip, vera):
    vera.role = Role.MODERATOR
    vera.save(update_fields=["role"])
    client.force_login(vera)

    assert page_of(client, clip).status_code == 404


def test_of_a_withdrawn_clip_only_its_way_is_told_and_to_a_curator_alone(
    client, clip, vera, milo, mona, cleo, settings
):
    lived(clip, vera, milo, mona, cleo, settings)
    withdrawal.withdraw(clip, by=vera)
    client.force_login(milo)
    assert page_of(client, clip).status_code == 404
    client.force_login(cleo)
    told = words(page_of(client, clip))

    assert "The speaker · moved it: taken back" in told
    assert "put it into a release" in told
    assert "published a checkpoint that was trained with it" in told
    for gone in ("answered blindly", "suggested a feeling", "Listener", "asked for", "insults", "clear", "label"):
        assert gone not in told, gone


def test_a_disputed_clips_page_tells_what_listeners_said_of_its_use_and_its_reader_listens_no_more(
    client, clip, milo, mona, settings
):
    settings.RATINGS_REQUIRED = 2
    rated(clip, milo, is_usable=True, emotion="sadness")
    rated(clip, mona, is_usable=False, unusable_reason="TOO_NOISY")
    third = worlds.person("mila", Role.MODERATOR)
    client.force_login(third)
    page = client.get(reverse("moderate-clip", args=[clip.pk]))

    assert "Listener 1 usable" in words(page)
    assert "Listener 2 not usable The voice can hardly be heard over the noise." in words(page)
    assert "sad" not in words(page)
    assert RatingTurn.objects.get(rater=third, clip=clip).revealed_at is not None


def test_a_clip_that_nobody_rated_may_still_be_listened_to_by_who_looked_at_it(client, clip, milo):
    Clip.objects.filter(pk=clip.pk).update(status=S.QUARANTINED)
    client.force_login(milo)

    assert client.get(reverse("moderate-clip", args=[clip.pk])).status_code == 200
    assert not RatingTurn.objects.exists()


def test_the_page_asks_the_database_as_often_for_a_long_history_as_for_a_short_one(
    client, clip, vera, milo, mona, cleo, settings, django_assert_max_num_queries
):
    lived(clip, vera, milo, mona, cleo, settings)
    client.force_login(cleo)
    page_of(client, clip)

    with django_assert_max_num_queries(36):
        page_of(client, clip)
