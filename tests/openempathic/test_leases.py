"""A lease is held by one worker at a time, and what outlives it writes nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models.functions import Now
from django.utils import timezone

from contributions.models import Clip
from openempathic import leases
from tests import worlds


@pytest.fixture
def clip(vera):
    return worlds.stored_clip(vera)


def take(clip, seconds=60):
    return leases.claim(Clip.objects.all(), clip.pk, owner="worker", seconds=seconds)


def test_a_free_row_is_claimed_once(clip):
    first, second = take(clip), take(clip)

    assert first is not None
    assert second is None


def test_a_lease_that_ran_out_is_taken_over_and_its_owner_fenced_off(clip):
    first = take(clip, seconds=-1)
    second = take(clip)

    assert second.fence == first.fence + 1
    assert not leases.fenced(first).exists()
    assert leases.fenced(second).exists()
    with pytest.raises(leases.LeaseLost):
        leases.heartbeat(first)


def test_a_heartbeat_lengthens_the_lease(clip):
    held = take(clip, seconds=1)
    before = Clip.objects.get(pk=clip.pk).lease_expires_at
    leases.heartbeat(leases.Claim(**{**held.__dict__, "seconds": 600}))

    assert Clip.objects.get(pk=clip.pk).lease_expires_at > before + timedelta(seconds=500)


def test_a_row_given_back_is_free_and_due_again(clip):
    held = take(clip)
    leases.give_back(held, retry_in_seconds=0)

    assert take(clip) is not None


def test_a_zombie_cannot_give_back_what_another_holds(clip):
    zombie = take(clip, seconds=-1)
    take(clip)
    leases.give_back(zombie, retry_in_seconds=0)

    assert take(clip) is None


def test_a_due_row_is_promised_to_one_sweep(clip):
    due = Clip.objects.filter(status="STORED")

    assert leases.due(due, at_most=10) == [clip.pk]
    assert leases.due(due, at_most=10) == []


def test_a_row_that_somebody_holds_is_due_the_moment_its_lease_has_run_out(clip):
    held = take(clip)
    assert leases.due(Clip.objects.all(), at_most=10) == []
    leases.fenced(held).update(lease_expires_at=timezone.now() - timedelta(seconds=1))

    assert leases.due(Clip.objects.all(), at_most=10) == [clip.pk]


def test_a_row_whose_moment_has_not_come_is_left_alone(clip):
    Clip.objects.update(next_attempt_at=timezone.now() + timedelta(hours=1))

    assert leases.due(Clip.objects.all(), at_most=10) == []


@pytest.mark.django_db(transaction=True)
def test_of_eight_racing_workers_one_gets_the_row():
    worlds.stocked()
    clip = worlds.stored_clip(worlds.volunteer("vera"))

    def race(_number):
        try:
            return take(clip)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        held = [claim for claim in pool.map(race, range(8)) if claim]

    assert len(held) == 1
    assert Clip.objects.filter(pk=clip.pk, attempts=1, lease_expires_at__gt=Now()).exists()
