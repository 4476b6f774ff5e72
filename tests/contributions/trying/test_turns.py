"""So many tries an hour, each visitor by themselves."""

from contributions.trying import turns
from contributions.trying.turns import Turns


class Clock:
    """Seconds that pass when they are told to."""

    now = 0.0

    def __call__(self):
        return self.now


def test_an_hours_tries_are_counted_for_each_visitor_and_come_back():
    clock = Clock()
    counted = Turns(an_hour=2, clock=clock)

    assert [counted.take("gina"), counted.take("gina"), counted.take("gina")] == [True, True, False]
    assert not counted.has_one("gina")
    assert counted.take("vera")

    clock.now = 3600.0
    assert counted.has_one("gina")
    assert counted.take("gina")


def test_what_is_refused_is_not_counted():
    clock = Clock()
    counted = Turns(an_hour=1, clock=clock)
    counted.take("gina")
    clock.now = 3599.0
    counted.take("gina")
    clock.now = 3600.0

    assert counted.take("gina")


def test_a_crowd_of_visitors_takes_no_more_than_its_room(monkeypatch):
    monkeypatch.setattr(turns, "VISITORS_MAX", 3)
    counted = Turns(an_hour=1, clock=Clock())

    for visitor in "abcde":
        counted.take(visitor)

    assert len(counted._tries) == 3
    assert not counted.has_one("e")
