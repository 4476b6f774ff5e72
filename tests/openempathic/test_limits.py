"""How often somebody may try: exactly so often, whoever tries at the same moment, and anew once the wait is over."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import RequestFactory

from openempathic.accounts import adapter, limited_doors, limits
from openempathic.accounts.models import Allowance
from openempathic.accounts.second_factor import codes

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
THRICE = limits.Limit("thrice", count=3, seconds=60, longest_seconds=200)


def passed(count, *, at=NOW, whom="otto"):
    """How many of so many tries were counted."""
    done = 0
    for _ in range(count):
        try:
            limits.take(THRICE, whom, at=at)
        except limits.TooMany:
            continue
        done += 1
    return done


def test_three_of_ten_pass_and_three_more_after_the_wait(db):
    assert passed(10) == 3
    assert passed(10, at=NOW + timedelta(seconds=59)) == 0
    assert passed(10, whom="vera") == 3
    assert passed(10, at=NOW + timedelta(seconds=60)) == 3


def test_who_goes_on_waits_twice_as_long_each_time_up_to_the_longest(db):
    waits, at = [], NOW
    for _ in range(5):
        assert passed(5, at=at) == 3
        with pytest.raises(limits.TooMany) as refusal:
            limits.take(THRICE, "otto", at=at)
        waits.append((refusal.value.until - at).total_seconds())
        at = refusal.value.until

    assert waits == [60, 120, 200, 200, 200]


def test_a_day_without_a_spent_one_begins_anew(db):
    passed(3)
    passed(3, at=NOW + timedelta(minutes=1))
    tomorrow = NOW + timedelta(days=1, minutes=4)

    assert passed(3, at=tomorrow) == 3
    with pytest.raises(limits.TooMany) as refusal:
        limits.take(THRICE, "otto", at=tomorrow)
    assert refusal.value.until - tomorrow == timedelta(seconds=60)


def test_what_one_limit_refuses_the_others_do_not_count(db):
    once = limits.Limit("once", count=1, seconds=60)
    limits.take(once, "otto", at=NOW)
    for _ in range(5):
        with pytest.raises(limits.TooMany):
            limits.take_all([(THRICE, "otto"), (once, "otto")], at=NOW)

    assert passed(10) == 3


def test_a_right_try_is_given_back_and_a_proof_forgets_them_all(db):
    passed(3)
    limits.give_back(THRICE, "otto")
    assert passed(10) == 1
    limits.forget(THRICE, "otto")
    assert passed(10) == 3


def every_limit():
    """All that are counted anywhere."""
    doors = [*limited_doors.BY_ADDRESS.values(), *limited_doors.BY_ACCOUNT.values()]
    return [adapter.PAIR, adapter.ADDRESS, adapter.ACCOUNT, adapter.LETTERS, *codes.LIMITS, *doors]


def test_nothing_kept_names_anybody_and_it_is_erased_after_two_days(db):
    assert max(each.wait(99) for each in every_limit()) <= timedelta(days=1)
    limits.take(limits.Limit("a-day", count=3, seconds=86_400), "198.51.100.7", at=NOW)
    row = Allowance.objects.get()

    assert "198.51" not in row.key
    assert len(row.key) == 64
    assert limits.forget_old(now=NOW + timedelta(hours=45)) == 0
    assert limits.forget_old(now=NOW + timedelta(hours=47)) == 1


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "198.51.100.7"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "192.0.2.1, 203.0.113.9", "203.0.113.9"),
        (2, "192.0.2.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", ""),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "what a liar writes", ""),
        (1, "", ""),
    ],
)
def test_only_what_our_own_proxies_wrote_tells_where_somebody_is(settings, proxies, forwarded, address):
    settings.PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="198.51.100.7", HTTP_X_FORWARDED_FOR=forwarded)

    assert limits.address_of(request) == address
