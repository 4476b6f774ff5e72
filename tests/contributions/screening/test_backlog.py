"""What waits and when it may be done: right when work flows, when it stands still, and when nothing ever happened."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contributions.listening import prelabelling
from contributions.models import Clip, Examination, Suggestion, Verdict
from contributions.screening import backlog, verdicts
from contributions.screening.backlog import ACTS_LOOKED_AT, WINDOWS
from contributions.views import backlog as page
from openempathic.registry.models import Checkpoint
from tests import worlds
from tests.contributions.screening.test_moderating import SILENCE, words

MINUTES_5, HOUR, DAY = WINDOWS


def queues(now=None):
    return {each.name: each for each in backlog.queues(now=now or timezone.now())}


def test_on_a_new_site_nothing_waits_and_nothing_breaks(client, cleo):
    client.force_login(cleo)
    told = words(client.get(reverse("backlog")))

    assert told.count("nothing waits") == 4
    assert {(each.waiting, each.minutes_left, each.oldest_at) for each in queues().values()} == {(0, None, None)}


def test_each_queue_counts_its_own(vera, milo):
    worlds.stored_clip(vera)
    worlds.stored_clip(vera)
    silent = worlds.screened_clip(vera, SILENCE)
    refused = worlds.screened_clip(vera, SILENCE)
    Clip.objects.filter(pk=refused.pk).update(status="REJECTED")
    heard = worlds.screened_clip(vera)
    Checkpoint.objects.create(
        digest="a" * 64, status="CHAMPION", preset="nano", release_digest="b" * 64, run_id=heard.pk, files={}
    )
    prelabelling.owe(heard)
    found = queues()

    assert {name: each.waiting for name, each in found.items()} == {
        "screening": 2,
        "suggestions": 1,
        "ears": 1,
        "moderators": 1,
    }
    assert found["moderators"].oldest_at == silent.stored_at
    assert found["ears"].minutes_left is None
    assert found["screening"].minutes_left is not None


def test_three_a_minute_for_a_minute_are_done_with_nine_in_three(vera):
    now = timezone.now()
    moments = [now - timedelta(seconds=20 * place) for place in range(1, 4)]
    for _each in range(9):
        worlds.stored_clip(vera)
    queue = backlog.queue("screening", backlog.owed_clips(), "stored_at", moments, now=now)

    assert queue.minutes_left == pytest.approx(3)
    assert [pace.per_minute for pace in queue.paces] == pytest.approx([3 / 5, 3 / 60, 3 / 1440])
    assert queue.last_done_at == moments[0]


def test_two_answers_a_clip_take_twice_as_long(vera):
    now = timezone.now()
    worlds.stored_clip(vera)
    moments = [now - timedelta(minutes=1)]
    once, twice = (
        backlog.queue("ears", backlog.owed_clips(), "stored_at", moments, now=now, acts_each=acts) for acts in (1, 2)
    )

    assert (once.minutes_left, twice.minutes_left) == pytest.approx((1, 2))


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        (timedelta(0), 1.0),
        (timedelta(minutes=4), 1 / 4),
        (timedelta(minutes=30), 1 / 30),
        (timedelta(hours=20), 1 / 1200),
    ],
)
def test_the_shortest_stretch_in_which_anything_was_done_tells_the_speed(ago, expected):
    now = timezone.now()

    assert backlog.lately([now - ago], now=now) == pytest.approx(expected)


@pytest.mark.parametrize("moments", [[], [timedelta(days=2)]])
def test_where_nothing_was_done_in_a_day_nobody_says_when(moments):
    now = timezone.now()

    assert backlog.lately([now - ago for ago in moments], now=now) is None


def test_more_acts_than_are_looked_at_tell_their_pace_from_the_time_they_took():
    now = timezone.now()
    fast = [now - timedelta(seconds=place * 0.03) for place in range(ACTS_LOOKED_AT)]

    assert backlog.per_minute(fast, window=HOUR, now=now) == pytest.approx(2000, rel=0.01)
    assert backlog.per_minute(fast, window=MINUTES_5, now=now) == pytest.approx(2000, rel=0.01)


def test_no_more_is_counted_than_is_told(vera, monkeypatch):
    monkeypatch.setattr(backlog, "COUNTED_MAX", 2)
    for _each in range(4):
        worlds.stored_clip(vera)
    queue = queues()["screening"]

    assert (queue.waiting, queue.is_more) == (2, True)
    assert page.left_in_words(queue).startswith("nobody can say")


def test_it_asks_as_often_for_many_clips_as_for_one(vera, django_assert_num_queries):
    worlds.stored_clip(vera)
    with django_assert_num_queries(15) as first:
        backlog.queues(now=timezone.now())
        backlog.workers(now=timezone.now())
    for _each in range(5):
        worlds.stored_clip(vera)

    with django_assert_num_queries(len(first)):
        backlog.queues(now=timezone.now())
        backlog.workers(now=timezone.now())


def test_who_holds_a_clip_is_seen_without_the_word_of_the_claim(vera):
    clip = worlds.stored_clip(vera)
    until = timezone.now() + timedelta(minutes=1)
    Clip.objects.filter(pk=clip.pk).update(lease_owner="screening@host:7:0123abcd", lease_expires_at=until)

    assert backlog.workers(now=timezone.now()) == backlog.Workers(("screening@host:7",), are_stalled=False)
    assert backlog.workers(now=until + timedelta(seconds=1)).busy == ()


def test_work_that_nobody_takes_up_is_said(vera, client, milo):
    clip = worlds.stored_clip(vera)
    client.force_login(milo)
    assert "no worker takes it up" not in words(client.get(reverse("backlog")))

    Clip.objects.filter(pk=clip.pk).update(next_attempt_at=timezone.now() - timedelta(minutes=2))
    assert "no worker takes it up" in words(client.get(reverse("backlog")))

    Examination.objects.create(clip=worlds.stored_clip(vera), agent="screening", version="1", fence=1, is_usable=True)
    assert "no worker takes it up" not in words(client.get(reverse("backlog")))


def test_verdicts_and_suggestions_have_a_pace_of_their_own(vera, milo):
    silent = worlds.screened_clip(vera, SILENCE)
    verdicts.decide(
        silent, by=milo, decision=verdicts.Decision("REJECTED", reason="SILENT"), seen=verdicts.mark_of(silent)
    )
    champion = Checkpoint.objects.create(
        digest="a" * 64, status="CHAMPION", preset="nano", release_digest="b" * 64, run_id=silent.pk, files={}
    )
    Suggestion.objects.create(clip=silent, checkpoint=champion, scores={"fear": 1.0}, made_at=timezone.now())
    found = queues()

    assert found["moderators"].last_done_at == Verdict.objects.get().decided_at
    assert found["suggestions"].paces[0].per_minute == pytest.approx(1 / 5)
    assert found["ears"].last_done_at is None


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        (0.2, "less than a minute"),
        (1, "about 1 minute"),
        (3.2, "about 3 minutes"),
        (89, "about 89 minutes"),
        (91, "about 2 hours"),
        (60 * 40, "about 40 hours"),
        (60 * 24 * 3, "about 3 days"),
    ],
)
def test_a_time_is_told_as_one_would_say_it(minutes, told):
    assert page.about(minutes) == told


@pytest.mark.parametrize(
    ("per_minute", "told"),
    [(0, "0 a day"), (400, "400 a minute"), (1.44, "1.4 a minute"), (0.05, "3 an hour"), (0.001, "1.4 a day")],
)
def test_a_pace_is_told_in_a_unit_that_tells_something(per_minute, told):
    assert page.speed(backlog.Pace(DAY, per_minute)) == told
