"""The child as its parent sees it, and the lease that is held meanwhile."""

import threading

import pytest
from django.db import DatabaseError

from openempathic import holding, leases
from training import child
from training.models import TrainingRun


class Beats:
    """Heartbeats that answer as told, and say when they were asked for the last of them."""

    def __init__(self, monkeypatch, *answers):
        self.answers, self.all_asked = list(answers), threading.Event()
        monkeypatch.setattr(leases, "heartbeat", self)

    def __call__(self, held):
        answer = self.answers.pop(0) if self.answers else None
        if not self.answers:
            self.all_asked.set()
        if answer:
            raise answer


def quick_holding():
    """A lease of a minute that is renewed a hundred times a second."""
    held = holding.Holding(leases.Claim(model=TrainingRun, pk=1, owner="trainer", fence=1, seconds=60))
    held.beat_seconds = 0.01
    return held


def test_a_lost_lease_is_noticed_by_the_heartbeat(monkeypatch):
    beats = Beats(monkeypatch, None, leases.LeaseLost("taken"))

    with quick_holding() as held:
        assert beats.all_asked.wait(60)

    with pytest.raises(leases.LeaseLost):
        held.check()


def test_a_database_that_is_away_for_a_moment_takes_no_lease(monkeypatch):
    beats = Beats(monkeypatch, DatabaseError("away"), None)

    with quick_holding() as held:
        assert beats.all_asked.wait(60)

    held.check()


def test_a_database_that_stays_away_does(monkeypatch):
    beats = Beats(monkeypatch, DatabaseError("away"))
    moments = iter([0.0, 61.0])
    monkeypatch.setattr(holding, "monotonic", lambda: next(moments))

    with quick_holding() as held:
        assert beats.all_asked.wait(60)

    with pytest.raises(leases.LeaseLost):
        held.check()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("OSError: /home/vera/runs/1/packed/index.json is gone", "OSError: index.json is gone"),
        ("CorruptCheckpoint: config.json and/or labels", "CorruptCheckpoint: config.json and/or labels"),
        ("no such file: '/srv/a b'", "no such file: 'a b'"),
    ],
)
def test_a_reason_names_no_folder(said, told):
    assert child.without_folders(said) == told


def test_a_line_that_a_kill_cut_short_is_passed_over(tmp_path):
    path = tmp_path / "progress.jsonl"
    path.write_text('{"stage": "old"}\n')
    tail = child.Tail(path)
    with path.open("a") as file:
        file.write('{"stage": "tra\n{"stage": "training", "step": 1}\n{"stage": "half')

    assert tail.lines() == [{"stage": "training", "step": 1}]
    assert tail.lines() == []
    with path.open("a") as file:
        file.write('"}\n')
    assert tail.lines() == [{"stage": "half"}]
