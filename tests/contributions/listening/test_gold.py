"""Gold: made by many who hear alike or by Cleo's hand, gone with its clip, and one turn in ten."""

import random
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions import states, tasks
from contributions.leaving import withdrawal
from contributions.listening import gold, ratings
from contributions.models import Clip, GoldItem, Purpose, Rating, RatingTurn, RatingVoid, TutorialAnswer, Verdict
from openempathic import storage
from openempathic.accounts.models import Role
from openempathic.audit.models import AuditEvent
from tests import worlds

ALIKE = ["anger"] * 4 + ["fear"]


def accepted(someone):
    """A clip of theirs as listeners leave it, without the seconds that decoding takes."""
    clip = worlds.stored_clip(someone)
    storage.put(clip.archive, b"fLaC" + bytes(1000))
    for status in (Clip.Status.IN_REVIEW, Clip.Status.ACCEPTED):
        states.move(clip, to=status, by="worker:screening")
    return clip


def voted(clip, emotions, *, phase=Rating.Phase.BLIND):
    """Blind answers of as many listeners."""
    many = Rating.objects.count()
    for number, emotion in enumerate(emotions, start=many):
        rater = worlds.person(f"ear-{number}", Role.MODERATOR)
        Rating.objects.create(clip=clip, rater=rater, phase=phase, is_usable=True, emotion=emotion)


def chosen(clip, *, by, emotions=("anger",), explanation="It is loud.", is_for_tutorial=False):
    return gold.choose(
        clip, by=by, emotions=emotions, explanation=explanation, reader="en", is_for_tutorial=is_for_tutorial
    )


def main_of(response):
    """The page without its head and foot, whose picture is made of feelings."""
    return response.content.decode().partition("<main")[2].partition("</main>")[0]


class Always(random.Random):
    """A lot that always falls on gold."""

    def randrange(self, *_bounds):
        return 0

    def randint(self, first, last):
        return first + int(self.random() * (last - first + 1))


class First(Always):
    """And that begins at the first of all."""

    def randint(self, first, last):
        return first


@pytest.fixture
def clip(vera):
    return accepted(vera)


@pytest.fixture
def item(clip, cleo):
    return chosen(clip, by=cleo)


# The band


@pytest.mark.parametrize(
    ("votes", "band"),
    [
        (["anger"] * 5, ["anger"]),
        (ALIKE, ["anger", "fear"]),
        (["anger"] * 9 + ["fear"], ["anger"]),
        (["anger"] * 8 + ["fear", "sadness"], ["anger"]),
        (["anger"] * 4 + ["cannot_tell"], ["anger"]),
        (["anger"] * 4, []),
        (["anger"] * 3 + ["fear"] * 2, []),
        (["cannot_tell"] * 5, []),
        (["other"] * 5, []),
        ([], []),
    ],
)
def test_a_band_is_what_a_fifth_hears_where_four_fifths_hear_the_same(votes, band):
    assert gold.band(votes) == band


def test_an_answer_is_within_the_band_or_not(item):
    item.emotions = ["anger", "fear"]

    assert [gold.is_within(item, said) for said in ("anger", "fear", "sadness", "cannot_tell")] == [1, 1, 0, 0]


# What the ratings make


def test_five_who_hear_alike_make_gold_once_and_the_log_knows(clip):
    voted(clip, ALIKE)

    assert [gold.propose("en"), gold.propose("en"), gold.propose("de")] == [1, 0, 0]
    made = GoldItem.objects.get()
    assert (made.clip, made.language, made.emotions, made.chosen_by) == (clip, "en", ["anger", "fear"], None)
    assert (made.is_active, made.is_for_tutorial) == (True, False)
    assert AuditEvent.objects.filter(act="gold.proposed", agent="worker:gold").count() == 1


def test_the_worker_proposes_in_every_language(clip):
    voted(clip, ALIKE)
    tasks.propose_gold()

    assert GoldItem.objects.count() == 1


def test_four_are_too_few_and_informed_or_voided_answers_are_none(clip):
    voted(clip, ["anger"] * 4)
    voted(clip, ["anger"], phase=Rating.Phase.INFORMED)
    assert gold.propose("en") == 0

    voted(clip, ["anger"])
    RatingVoid.objects.create(rating=Rating.objects.filter(phase="BLIND").last(), reason="SPAM")
    assert gold.propose("en") == 0


def test_a_clip_that_is_not_accepted_or_not_covered_becomes_none(vera, clip):
    voted(clip, ALIKE)
    states.move(clip, to=Clip.Status.DISPUTED, by="ratings")
    assert gold.propose("en") == 0

    states.move(clip, to=Clip.Status.ACCEPTED, by="ratings")
    withdrawal.withdraw(clip, by=vera)
    assert gold.propose("en") == 0


def test_what_the_ratings_made_loses_its_band_with_them_and_gets_it_back(clip):
    voted(clip, ALIKE)
    gold.propose("en")
    RatingVoid.objects.create(rating=Rating.objects.filter(emotion="anger").first(), reason="SPAM")
    gold.follow(clip)
    assert GoldItem.objects.get().emotions == []
    assert not gold.usable().exists()

    voted(clip, ["anger"])
    gold.propose("en")
    assert GoldItem.objects.get().emotions == ["anger", "fear"]
    assert gold.usable().exists()


def test_what_cleo_chose_no_rating_changes_even_when_she_has_left(clip, cleo, item):
    voted(clip, ["sadness"] * 4)
    GoldItem.objects.update(chosen_by=None)
    gold.follow(clip)

    assert GoldItem.objects.get().emotions == ["anger"]


def test_what_is_retired_no_rating_brings_back(clip, cleo):
    voted(clip, ALIKE)
    gold.propose("en")
    for _ in range(2):
        gold.retire(GoldItem.objects.get(), by=cleo)
    voted(clip, ["anger"])
    gold.propose("en")
    assert not gold.usable().exists()
    assert AuditEvent.objects.filter(act="gold.retired", actor=cleo).count() == 1

    gold.restore(GoldItem.objects.get(), by=cleo)
    assert gold.usable().exists()


# What Cleo chooses


def test_cleo_changes_what_the_ratings_made_and_from_then_on_it_is_hers(clip, cleo):
    voted(clip, ALIKE)
    gold.propose("en")
    chosen(clip, by=cleo, emotions=["anger", "fear"])
    assert GoldItem.objects.get().chosen_by is None

    chosen(clip, by=cleo, emotions=["fear"])
    assert GoldItem.objects.get().chosen_by == cleo


def test_an_explanation_in_one_language_leaves_those_in_others(clip, cleo, item):
    gold.choose(clip, by=cleo, emotions=["anger"], explanation=" laut ", reader="de", is_for_tutorial=True)

    assert GoldItem.objects.get().explanation == {"en": "It is loud.", "de": "laut"}


def test_cleo_cannot_choose_what_is_waiting_her_own_or_heard_in_no_way(vera, clip, cleo):
    worlds.consent.contributor_for(cleo)
    waiting, own = worlds.stored_clip(vera), accepted(worlds.volunteer("carla"))
    own.contributor.user.role = Role.CURATOR
    for wrong, by, emotions in (
        (waiting, cleo, ["anger"]),
        (own, own.contributor.user, ["anger"]),
        (clip, cleo, []),
        (clip, cleo, ["hunger"]),
        (clip, cleo, ["anger", "fear", "sadness", "happiness"]),
    ):
        with pytest.raises(gold.NotGold):
            chosen(wrong, by=by, emotions=emotions)
    with pytest.raises(gold.NotGold):
        chosen(clip, by=cleo, explanation=" ", is_for_tutorial=True)
    assert not GoldItem.objects.exists()


def test_whoever_chose_it_is_never_asked_for_it_blindly(clip, cleo, item):
    assert RatingTurn.objects.get(clip=clip, rater=cleo).revealed_at is not None


# Who is given it, and who is not


def test_milo_gets_it_one_turn_in_ten(milo, item):
    chance = random.Random(7)
    found = [gold.maybe_gold(milo, "en", chance=chance) for _ in range(1000)]

    assert 70 < sum(each is not None for each in found) < 130


def test_in_every_variety_of_its_language_and_in_no_other(milo, item):
    assert gold.maybe_gold(milo, "en-GB", chance=Always()) == item
    assert gold.maybe_gold(milo, "de", chance=Always()) is None


def test_never_what_is_ones_own_or_chosen_by_oneself(vera, cleo, item):
    vera.role = Role.MODERATOR
    RatingTurn.objects.all().delete()

    assert [gold.maybe_gold(person, "en", chance=Always()) for person in (vera, cleo)] == [None, None]


@pytest.mark.parametrize("met", ["turn", "rating", "verdict", "lesson"])
def test_never_what_he_has_met_before(milo, clip, item, met):
    assert gold.maybe_gold(milo, "en", chance=Always()) == item
    if met == "turn":
        RatingTurn.objects.create(clip=clip, rater=milo, lease_expires_at=timezone.now() - timedelta(days=1))
    elif met == "rating":
        Rating.objects.create(clip=clip, rater=milo, phase="BLIND", is_usable=True, emotion="anger")
    elif met == "verdict":
        Verdict.objects.create(clip=clip, decided_by=milo, from_status="DISPUTED", to_status="ACCEPTED")
    else:
        facts = {"language": "en", "attempt": 1, "emotion": "anger", "is_right": True}
        TutorialAnswer.objects.create(person=milo, gold=item, **facts)

    assert gold.maybe_gold(milo, "en", chance=Always()) is None


def test_to_find_one_costs_the_same_however_many_there_are(vera, milo, cleo, django_assert_num_queries):
    for many in (1, 4):
        for _ in range(many):
            chosen(accepted(vera), by=cleo)
        with django_assert_num_queries(4):
            assert gold.maybe_gold(milo, "en", chance=First()) is not None


def test_whoever_has_met_the_first_ones_gets_a_later_one(vera, milo, cleo, monkeypatch):
    monkeypatch.setattr(gold, "LOOKED_AT", (1, 1, 1))
    items = [chosen(accepted(vera), by=cleo) for _ in range(3)]
    for item in items[:2]:
        RatingTurn.objects.create(clip=item.clip, rater=milo, lease_expires_at=timezone.now())

    assert {gold.maybe_gold(milo, "en", chance=Always(seed)) for seed in range(9)} == {items[2]}


def test_never_what_the_tutorial_shows(milo, cleo, clip):
    chosen(clip, by=cleo, is_for_tutorial=True)

    assert gold.maybe_gold(milo, "en", chance=Always()) is None


@pytest.mark.parametrize("loss", ["clip", "permission", "acceptance"])
def test_with_the_clip_or_its_leave_it_is_gone_at_once(vera, milo, clip, item, loss):
    assert gold.maybe_gold(milo, "en", chance=Always()) == item
    if loss == "clip":
        withdrawal.withdraw(clip, by=vera)
    elif loss == "permission":
        worlds.consent.withdraw(worlds.voice_of(vera), Purpose.STORE_AND_REVIEW, by=vera, locale="en")
    else:
        states.move(clip, to=Clip.Status.QUARANTINED, by="reports")

    assert gold.maybe_gold(milo, "en", chance=Always()) is None


def test_of_a_purged_clip_no_word_stays(vera, clip, item, settings):
    withdrawal.withdraw(clip, by=vera)
    withdrawal.purge_due(clip.pk)

    kept = GoldItem.objects.get()
    assert (kept.is_active, kept.emotions, kept.explanation) == (False, [], {})


def test_a_turn_on_gold_is_rated_like_any_other(vera, milo, item, monkeypatch):
    waiting = worlds.stored_clip(vera)
    states.move(waiting, to=Clip.Status.IN_REVIEW, by="worker:screening")
    monkeypatch.setattr(gold.random, "Random", Always)
    rating = ratings.rate(
        worlds.heard(ratings.open_turn(milo)), by=milo, answer=ratings.Answer(is_usable=True, emotion="fear")
    )

    assert (rating.clip_id, rating.is_gold, rating.phase) == (item.clip_id, True, "BLIND")


# The page


def test_cleos_page_tells_no_band_until_she_asks_for_it(client, cleo, clip):
    voted(clip, ["sadness"] * 5)
    gold.propose("en")
    client.force_login(cleo)
    page = reverse("gold-item", args=[clip.pk])
    blind = [main_of(client.get(page)), main_of(client.get(reverse("gold"), {"kept": "gold"}))]
    assert all("sadness" not in said and "5 listeners" not in said for said in blind)
    assert str(clip.pk) in blind[1]
    assert not RatingTurn.objects.filter(rater=cleo).exists()

    seen = client.post(reverse("gold-opening", args=[clip.pk]), follow=True).content.decode()
    assert "5 listeners" in seen
    assert RatingTurn.objects.get(rater=cleo).revealed_at is not None


def test_cleo_chooses_changes_and_retires_on_the_page(client, cleo, clip):
    client.force_login(cleo)
    page = reverse("gold-item", args=[clip.pk])
    refused = client.post(page, {"explanation": "It is loud."})
    assert refused.status_code == 422
    assert "It is loud." in refused.content.decode()

    said = {"leading": "anger", "close": ["fear", "anger"], "explanation": "It is loud.", "is_for_tutorial": "on"}
    assert "Kept as an example." in client.post(page, said, follow=True).content.decode()
    made = GoldItem.objects.get()
    assert (made.emotions, made.is_for_tutorial, made.chosen_by) == (["anger", "fear"], True, cleo)

    client.post(reverse("gold-state", args=[clip.pk]), {"is_active": "no"})
    assert str(clip.pk) in client.get(reverse("gold"), {"kept": "resting"}).content.decode()
    assert str(clip.pk) not in client.get(reverse("gold")).content.decode()
    client.post(reverse("gold-state", args=[clip.pk]), {"is_active": "yes"})
    assert str(clip.pk) in client.get(reverse("gold"), {"language": "en"}).content.decode()


def test_the_page_lists_what_may_be_chosen_and_what_each_language_lacks(client, cleo, vera, clip):
    client.force_login(cleo)
    assert "0 of 5 examples" in client.get(reverse("gold")).content.decode()
    candidates = client.get(reverse("gold"), {"kept": "candidates", "page": "1"}).content.decode()
    assert str(clip.pk) in candidates

    withdrawal.withdraw(clip, by=vera)
    assert str(clip.pk) not in client.get(reverse("gold"), {"kept": "candidates"}).content.decode()
