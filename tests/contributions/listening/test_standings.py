"""How somebody hears beside the others: reckoned of what stands, of everybody, and no more often than it changes."""

import random
from datetime import timedelta

import numpy as np
import pytest
from django.db.models import QuerySet
from django.utils import timezone

from contributions import tasks
from contributions.listening import standings, voids
from contributions.models import Figure, GoldItem, RaterStanding, Rating
from openempathic.accounts.models import Role
from tests import crowds, worlds
from tests.crowds import Kind

pytestmark = pytest.mark.django_db
KINDS = [Kind.HONEST] * 6 + [Kind.OUTLIER, Kind.SPAMMER, Kind.CONSTANT]


@pytest.fixture
def crowd(_stocked):
    """Nine listeners and eighty clips, each heard by seven."""
    made = crowds.simulate(np.random.default_rng(3), clips=80, raters=KINDS)
    return crowds.stored(made)


def standing_of(rater):
    return RaterStanding.objects.get(rater=rater, language="en")


def test_everybody_has_a_row_and_only_those_who_spoil_show_a_pattern(crowd):
    assert standings.reckon("en") == len(KINDS)

    shown = {kind: set(standing_of(rater).patterns) for kind, rater in zip(KINDS, crowd.raters, strict=True)}
    assert shown[Kind.HONEST] == shown[Kind.OUTLIER] == set()
    assert "AT_RANDOM" in shown[Kind.SPAMMER]
    assert "SAME_ANSWER" in shown[Kind.CONSTANT]


def test_agreement_leaves_ones_own_answer_out(crowd):
    standings.reckon("en")
    honest = crowd.raters[0]
    mine = [rating for rating in crowd.ratings if rating.rater_id == honest.pk]
    shares = []
    for rating in mine:
        others = [each for each in crowd.ratings if each.clip_id == rating.clip_id and each.rater_id != honest.pk]
        shares.append(sum(each.emotion == rating.emotion for each in others) / len(others))

    told = standing_of(honest).measures["agreement"]
    assert told["items"] == len(mine)
    assert told["share"] == pytest.approx(sum(shares) / len(shares))
    assert told["low"] < told["share"] < told["high"]


def test_voided_answers_are_neither_counted_nor_looked_at(crowd, cleo):
    spammer = crowd.raters[KINDS.index(Kind.SPAMMER)]
    rating = Rating.objects.filter(rater=spammer).first()
    standings.reckon("en")
    before = standing_of(spammer)
    voids.void([rating], by=cleo, reason="SPAM", note="by lot")
    standings.reckon("en")

    after = standing_of(spammer)
    assert after.rating_count == before.rating_count - 1
    assert after.measures["looked_at"] == before.measures["looked_at"] - 1
    assert (before.measures["voided"], after.measures["voided"]) == (0, 1)


def test_who_did_nothing_new_is_reckoned_once_a_day(crowd):
    standings.reckon("en")
    assert standings.reckon("en") == 0

    RaterStanding.objects.update(reckoned_at=timezone.now() - timedelta(days=2))
    assert standings.reckon("en") == len(KINDS)
    RaterStanding.objects.update(reckoned_at=timezone.now() - timedelta(days=2))
    Rating.objects.update(rated_at=timezone.now() - timedelta(days=90))
    assert standings.reckon("en") == 0


def test_the_same_answers_give_the_same_row(crowd):
    standings.reckon("en")
    rater = crowd.raters[0].pk
    before = standing_of(rater)
    random.seed(5)
    again = standings.write(rater, "en", reliability=before.reliability, usual=standings.usually("en"))

    assert (again.measures, again.patterns) == (before.measures, before.patterns)


def test_gold_seconds_and_weeks_are_told(crowd):
    rater = crowd.raters[0]
    mine = list(Rating.objects.filter(rater=rater).order_by("rated_at")[:2])
    for rating, emotions in zip(mine, ([mine[0].emotion], ["calm"]), strict=True):
        # Past the rule that no answer is changed: here it should have been one to gold from the start.
        QuerySet.update(Rating.objects.filter(pk=rating.pk), is_gold=True)
        GoldItem.objects.create(clip=rating.clip, language="en", emotions=emotions)
    standings.reckon("en")

    told = standing_of(rater).measures
    assert (told["gold"]["count"], told["gold"]["of"]) == (1, 2)
    assert 5 < told["seconds"] < 40
    assert sum(week["answers"] for week in told["weeks"]) == told["looked_at"]


def test_the_word_is_the_same_every_time_another_for_another_and_tells_no_number(settings):
    words = {standings.known_as(number) for number in range(200)}

    assert len(words) == 200
    assert standings.known_as(7) == standings.known_as(7)
    before = standings.known_as(7)
    settings.SIGNING_KEY = "another key of another site, long enough"
    assert standings.known_as(7) != before


def test_a_listener_who_left_leaves_no_row(crowd):
    standings.reckon("en")
    crowd.raters[0].delete()

    assert RaterStanding.objects.count() == len(KINDS) - 1
    assert standings.reckon("en") == 0


def test_a_moderators_condition_holds_varieties(_stocked):
    milo = worlds.person("milo", Role.MODERATOR)
    for language in ("es", "es-MX", "pl", "est"):
        RaterStanding.objects.create(
            rater=milo, language=language, method="x", rating_count=1, reckoned_at=timezone.now()
        )

    seen = RaterStanding.objects.filter(standings.of_languages(["es"]))
    assert sorted(seen.values_list("language", flat=True)) == ["es", "es-MX"]


def test_a_worker_reckons_every_language_and_what_suggestions_do(crowd):
    tasks.reckon_standings()

    assert RaterStanding.objects.count() == len(KINDS)
    assert Figure.objects.filter(name="assistance", language="").exists()
