"""The pages about listeners: what a moderator reads, what one reads of oneself, and what nobody may read."""

import re
from datetime import timedelta

import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone

from contributions.listening import standings, voids
from contributions.models import Clip, RaterPause, RaterStanding, Rating, RatingTurn, RatingVoid, VoidOrder
from openempathic.accounts.models import Role
from tests import crowds, worlds
from tests.crowds import Kind

KINDS = [Kind.HONEST] * 6 + [Kind.OUTLIER, Kind.SPAMMER, Kind.CONSTANT]
WHY = {"reason": "SPAM", "note": "by lot"}


@pytest.fixture
def crowd(_stocked):
    made = crowds.stored(crowds.simulate(np.random.default_rng(3), clips=80, raters=KINDS))
    standings.reckon("en")
    return made


@pytest.fixture
def spammer(crowd):
    return crowd.raters[KINDS.index(Kind.SPAMMER)]


@pytest.fixture
def milos(client, milo):
    """Milo's browser."""
    client.force_login(milo)
    return client


@pytest.fixture
def cleos(client, cleo):
    """Cleo's browser."""
    client.force_login(cleo)
    return client


def words(answer):
    """What a page says, without its marks, in one line."""
    text = re.sub(r"(?s)<(script|style).*?</\1>|<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", text)


def answered_by(person, rating, emotion="anger"):
    """The person's own blind answer to the same clip, in a turn of theirs."""
    RatingTurn.objects.create(clip=rating.clip, rater=person, lease_expires_at=timezone.now(), closed_at=timezone.now())
    return Rating.objects.create(clip=rating.clip, rater=person, phase="BLIND", is_usable=True, emotion=emotion)


def test_who_needs_a_look_comes_first_and_has_a_word_for_a_name(milos, crowd):
    told = words(milos.get(reverse("raters")))
    spoilers = [standings.known_as(rater.pk) for rater in crowd.raters[-2:]]
    honest = standings.known_as(crowd.raters[0].pk)

    assert max(told.index(word) for word in spoilers) < told.index(honest)
    assert "Answers that do not depend on the clip" in told
    assert "@example.org" not in told


def test_a_curator_reads_the_address_too(cleos, spammer):
    assert spammer.email in words(cleos.get(reverse("raters")))
    assert spammer.email in words(cleos.get(reverse("rater", args=[spammer.pk])))


def test_the_list_is_sieved_by_pattern_and_language(milos, crowd, spammer):
    told = words(milos.get(reverse("raters"), {"pattern": "SAME_ANSWER"}))
    assert standings.known_as(crowd.raters[-1].pk) in told
    assert standings.known_as(spammer.pk) not in told

    assert standings.known_as(spammer.pk) in words(milos.get(reverse("raters"), {"pattern": "any", "language": "en"}))
    assert "No listener of this kind" in words(milos.get(reverse("raters"), {"pattern": "TOO_FAST"}))


def test_a_moderator_of_another_language_finds_nobody(milos, milo, spammer):
    milo.moderated_languages = ["pl"]
    milo.save(update_fields=["moderated_languages"])

    assert standings.known_as(spammer.pk) not in words(milos.get(reverse("raters")))
    assert milos.get(reverse("rater", args=[spammer.pk])).status_code == 404
    assert milos.get(reverse("rater-answers", args=[spammer.pk])).status_code == 404


def test_a_listeners_page_tells_the_numbers_and_the_proof_of_each_pattern(milos, spammer):
    told = words(milos.get(reverse("rater", args=[spammer.pk])))

    for part in ("Answers that do not depend on the clip.", "by chance it would be", "Week by week", "Reliability"):
        assert part in told
    assert spammer.email not in told
    assert "Void many answers" not in told


def test_every_pattern_has_words_and_its_proof_is_a_sentence(milos, spammer):
    numbers = dict.fromkeys(
        ("share", "chance", "usual", "expected", "early", "late", "unseen", "p", "items", "times", "of", "right"), 0.5
    )
    names = list(standings.patterns.Name)
    row = RaterStanding.objects.get(rater=spammer)
    row.measures["evidence"] = {str(name): numbers for name in names}
    row.patterns = [str(name) for name in names]
    row.save(update_fields=["measures", "patterns"])

    told = words(milos.get(reverse("rater", args=[spammer.pk])))
    assert not any(str(name) in told for name in names)
    assert told.count("%") > 10


def test_no_page_about_a_listener_names_an_answer_to_a_clip_that_its_reader_has_not_answered(milos, crowd, spammer):
    for door in ("rater", "rater-answers"):
        page = milos.get(reverse(door, args=[spammer.pk])).content.decode()

        assert not any(str(clip.pk) in page for clip in crowd.clips)
        assert not any(str(rating.pk) in page for rating in crowd.ratings)
    assert "no clip yet that both of you" in words(milos.get(reverse("rater-answers", args=[spammer.pk])))


def test_who_reads_a_single_answer_to_a_clip_answers_it_blindly_no_more(milos, milo, spammer):
    rating = Rating.objects.filter(rater=spammer).first()
    answered_by(milo, rating)

    page = milos.get(reverse("rater-answers", args=[spammer.pk]))

    assert reverse("answer-voiding", args=[spammer.pk, rating.pk]) in page.content.decode()
    assert RatingTurn.objects.get(rater=milo).revealed_at


def test_milo_voids_a_single_answer_after_he_saw_what_follows(milos, milo, spammer):
    rating = Rating.objects.filter(rater=spammer).first()
    door = reverse("answer-voiding", args=[spammer.pk, rating.pk])
    assert milos.get(door).status_code == milos.post(door, WHY).status_code == 404
    answered_by(milo, rating)

    assert "1 answer counts no more" in words(milos.get(door))
    refused = milos.post(door, {"reason": "", "note": "kept words"})
    assert refused.status_code == 422
    assert "kept words" in refused.content.decode()
    assert milos.post(door, WHY).url == reverse("rater-answers", args=[spammer.pk])
    assert RatingVoid.objects.get().rating == rating
    assert "by lot" in words(milos.get(reverse("rater", args=[spammer.pk])))


def test_cleo_sees_what_follows_from_voiding_all_and_orders_it(cleos, cleo, spammer):
    door = reverse("rater-voiding", args=[spammer.pk])
    count = Rating.objects.filter(rater=spammer).count()
    assert f"{count} answers count no more" in words(cleos.get(door))
    assert "0 answers count no more" in words(
        cleos.get(door, {"since": (timezone.now() + timedelta(days=2)).date().isoformat()})
    )

    assert cleos.post(door, {"note": "x"}).status_code == 422
    assert cleos.post(door, WHY).url == reverse("rater", args=[spammer.pk])
    order = VoidOrder.objects.get()
    assert (order.ordered_by, order.reason) == (cleo, "SPAM")
    assert "An order is being carried out" in words(cleos.get(reverse("rater", args=[spammer.pk])))
    VoidOrder.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    voids.carry_out_due(order.pk)
    assert not Rating.objects.counting().filter(rater=spammer).exists()


def test_cleo_asks_somebody_to_rest_and_they_are_told(cleos, spammer, client):
    door = reverse("rater-pause", args=[spammer.pk])
    cleos.post(door, {"is_paused": "yes"})
    assert not RaterPause.objects.exists()

    cleos.post(door, {"is_paused": "yes", "note": "answers by lot"})
    assert "Asked to rest" in words(cleos.get(reverse("rater", args=[spammer.pk])))
    client.force_login(spammer)
    assert "asked you to rest" in words(client.get(reverse("listen-me")))


def test_ones_own_page_is_friendly_and_names_no_pattern_and_no_rank(client, spammer):
    client.force_login(spammer)
    told = words(client.get(reverse("listen-me")))

    assert "Thank you for lending your ears" in told
    assert "Answers that do not depend" not in told
    assert standings.known_as(spammer.pk) not in told


def test_too_few_clips_tell_no_agreement(client, vera, milo):
    clip = worlds.stored_clip(vera)
    Clip.objects.filter(pk=clip.pk).update(status="ACCEPTED")
    Rating.objects.create(clip=clip, rater=milo, phase="BLIND", is_usable=True, emotion="anger")
    standings.reckon("en")
    client.force_login(milo)

    assert "told from 20 clips" in words(client.get(reverse("listen-me")))


def test_a_moderators_own_numbers_are_on_their_own_page(milos, milo, crowd):
    milo.role = Role.MODERATOR
    answered_by(milo, crowd.ratings[0])
    standings.reckon("en")

    assert milos.get(reverse("rater", args=[milo.pk])).url == reverse("listen-me")
    assert standings.known_as(milo.pk) not in words(milos.get(reverse("raters")))
