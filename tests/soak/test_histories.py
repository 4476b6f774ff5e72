"""Random histories of people, purposes, clips, releases, runs and time: at no moment is a clip used without leave.

`./run soak` tells 10,000 of them (OE_HISTORIES); `./run test` a few. The memory beside the site is a handful of sets.
"""

import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, run_state_machine_as_test

from contributions.audio import decode
from contributions.listening import prelabelling
from contributions.releasing import shards
from tests.soak.beginning import Beginning
from tests.soak.disasters import Disasters
from tests.soak.fate import Fate
from tests.soak.forgery import Forgery
from tests.soak.stage import SILENCE, Scene
from tests.soak.truths import Truths
from training.gate import wholeness

HISTORIES = int(os.environ.get("OE_HISTORIES", "20"))
STEPS = 20


class Histories(Disasters, Forgery, Truths, RuleBasedStateMachine):
    """What may be done in any order, and what must be true after each act; forgotten at its end."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.history = transaction.atomic()
        self.history.__enter__()
        self.has_begun = False

    @initialize(seed=st.integers(0, 2**32 - 1))
    def it_begins(self, seed):
        self.memory, self.page = self.scene.set(seed), self.scene.page
        self.is_taken_over()
        self.the_database_is_copied()
        self.has_begun = True

    def teardown(self) -> None:
        """Look at everything once more, and forget this history."""
        try:
            # A history that has found a fault is not asked for another.
            if self.has_begun and sys.exc_info()[0] is None:
                self.everything_holds()
        finally:
            transaction.set_rollback(True)
            self.history.__exit__(None, None, None)


@pytest.fixture
def folder(tmp_path):
    """A folder in memory where there is one: a history makes and removes hundreds of files, and proves no disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as made:
        yield Path(made)


@pytest.fixture
def scene(transactional_db, folder, monkeypatch, settings):
    """The beginning, with a model that hears nothing and shards of three clips each."""
    settings.STORAGE_URL = (folder / "storage").as_uri()
    settings.RUNS_FOLDER = folder / "runs"
    settings.RETRAIN_MIN_NEW_CLIPS = 2
    settings.GATE = "open"
    settings.RETENTION_DAYS = 60
    monkeypatch.setattr(shards, "SHARD_BYTES", 3 * len(SILENCE) + 100)
    monkeypatch.setattr(wholeness, "trial", lambda _export: "")
    monkeypatch.setattr(decode, "decode", lambda *_path, **_limits: SimpleNamespace(waveform=None))
    champion = SimpleNamespace(suggest=lambda _waveform: {"anger": 1.0})
    monkeypatch.setattr(prelabelling, "loaded", lambda _checkpoint: champion)
    fate = Fate()
    fate.rules(monkeypatch)
    (folder / "drafts").mkdir()
    made = Scene(fate, **{name: folder / name for name in ("storage", "kept", "runs", "drafts")})
    Beginning(made).tell()
    return made


def test_no_history_uses_a_clip_without_leave(scene):
    run_state_machine_as_test(
        partial(Histories, scene),
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=HISTORIES < 100,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
